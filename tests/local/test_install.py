"""An installation that is interrupted leaves nothing behind that a later one would trust."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.environment import ROOT

# Stands for Python: `-m venv --clear <folder>` takes a moment and makes a folder in which it stands itself.
PYTHON = """#!/bin/sh
echo "$@" >> {calls}
if [ "$2" = venv ]; then
    rm -rf "$4"; mkdir -p "$4/bin"
    {slow}
    cp {itself} "$4/bin/python"
    printf '#!/bin/sh\nexit 0\n' > "$4/bin/uv"; chmod +x "$4/bin/uv"
fi
"""


def fake_python(folder: Path, slow: str) -> Path:
    program = folder / "python"
    calls = folder / "calls"
    program.write_text(PYTHON.format(calls=calls, itself=program, slow=slow), encoding="utf-8")
    program.chmod(0o755)
    return program


def install(python: Path, venv: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["sh", str(ROOT / "tools" / "install.sh"), str(python), str(venv), "0.0.0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # a shell cannot listen to a signal that was ignored when it began, as in a script's background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_an_interrupted_installation_is_begun_anew(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    # Interrupted in the middle, Python says where: nobody should have to read that.
    slow = fake_python(tmp_path, "trap 'echo Traceback >&2; exit 1' INT; touch $4/half; sleep 30 & wait")
    running = install(slow, venv)
    deadline = time.monotonic() + 10
    while not (venv / "half").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "begins the installation anew" in said and "Traceback" not in said
    assert not (venv / "installed").exists()

    said, _ = install(fake_python(tmp_path, "true"), venv).communicate(timeout=20)
    assert said == ""
    assert (venv / "installed").exists() and not (venv / "half").exists()
    assert (tmp_path / "calls").read_text(encoding="utf-8").count("-m venv --clear") == 2


def test_a_complete_environment_is_kept_when_the_lock_file_changes(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = fake_python(tmp_path, "true")
    for _ in range(2):
        install(python, venv).communicate(timeout=20)
    assert (tmp_path / "calls").read_text(encoding="utf-8").count("-m venv --clear") == 1


def test_a_failure_is_shown(tmp_path: Path) -> None:
    running = install(fake_python(tmp_path, "echo no space left; exit 1"), tmp_path / "venv")
    said, _ = running.communicate(timeout=20)
    assert running.returncode == 1 and "no space left" in said


@pytest.mark.parametrize("command", [["local", "--port", "1"], ["package", "out"]], ids=["local", "package"])
def test_who_tries_chalices_own_commands_is_told_what_to_use(command: list[str]) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    without = {name: value for name, value in os.environ.items() if name != "STAGE"}
    done = subprocess.run(
        [chalice, *command], cwd=ROOT, env=without, capture_output=True, text=True, check=False, timeout=60
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    assert len(said) == 1 and "make run" in said[0] and "make package" in said[0]
