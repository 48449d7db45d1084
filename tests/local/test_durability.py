"""``make run`` as people meet it: data survives ``kill -9`` at once, problems are one clear line."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local import environment
from local.embedded import free_ports
from local.environment import ROOT, Environment, Ports

PORT_NAMES = tuple(port.name.upper() for port in fields(Ports))


class Installation:
    """A whole system in a folder of its own, started as ``make run`` does."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ports = free_ports(len(PORT_NAMES))
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BANSHI_", "TABLE_"))
        }
        self.environ |= {f"BANSHI_{name}_PORT": str(port) for name, port in zip(PORT_NAMES, self.ports, strict=True)}
        self.environ["BANSHI_DATA"] = str(data)
        self.process: subprocess.Popen[str] | None = None
        self._pool = urllib3.PoolManager(retries=False)

    def start(self, command: list[str] | None = None) -> float:
        """Start and wait for "ready"; the seconds it took."""
        started = time.monotonic()
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "local.run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environ,
            cwd=ROOT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                return time.monotonic() - started
        raise AssertionError(said)

    def children(self) -> list[int]:
        """The processes that the system started, by the data folder in their environment."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    environ = (folder / "environ").read_bytes()
                except OSError:
                    continue
                if f"BANSHI_DATA={self.data}".encode() in environ and int(folder.name) != os.getpid():
                    found.append(int(folder.name))
        return found

    def kill_everything(self) -> None:
        """``kill -9`` of every process at the same moment."""
        for process in self.children():
            os.kill(process, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
        deadline = time.monotonic() + 10
        while self.children() and time.monotonic() < deadline:
            time.sleep(0.05)

    def stop(self) -> str:
        """Ctrl-C; what was printed last."""
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(signal.SIGINT)
        said = self.process.stdout.read()
        self.process.wait(15)
        self.process.stdout.close()
        return said

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._pool.request(method, f"http://127.0.0.1:{self.ports[0]}{path}", json=body, headers=headers).json()

    def simulate(self, simulator: str, control: str, body: Any) -> Any:
        port = self.ports[PORT_NAMES.index(simulator)]
        return self._pool.request("POST", f"http://127.0.0.1:{port}/_sim/{control}", json=body).json()

    def prove(self, person: dict[str, str], token: str) -> None:
        started = self.call("POST", "/v1/me/proof", person, token)
        self.simulate("WECHAT", "face_checks", {"verify_id": started["verify_id"], "result": 10000})
        assert self.call("POST", "/v1/me/proof/confirm", {}, token)["level"] == "proven"

    def log_in(self, user: str) -> str:
        code = self.simulate("WECHAT", "login_codes", {"user": user})["code"]
        return str(self.call("POST", "/v1/auth/wechat", {"code": code})["access_token"])


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "data")
    yield made
    made._pool.clear()
    for process in made.children():
        os.kill(process, signal.SIGKILL)
    if made.process is not None:
        made.process.wait(10)
        if made.process.stdout:
            made.process.stdout.close()


def test_everything_survives_kill_9_right_after_the_first_start(installation: Installation) -> None:
    installation.start()
    token = installation.log_in("durable")
    buyer = {"name": "丁购房", "id_number": "320102199003071239"}
    installation.prove(buyer, token)
    begun = installation.call("POST", "/v1/applications", {"service": "house_purchase_certificate"}, token)
    form = {**begun["form"], "district": "江宁区", "purpose": "first_home"}
    installation.call("PUT", f"/v1/applications/{begun['id']}/form", {"form": form}, token)
    done = installation.call("POST", f"/v1/applications/{begun['id']}/submit", {}, token)
    link = installation.call("POST", f"/v1/certificates/{done['certificate_id']}/prints", {}, token)
    keys = installation.call("GET", "/v1/certificates/keys")

    installation.kill_everything()
    seconds = installation.start()

    assert seconds < 5 * 3, "a second start takes seconds (the machine may be busy with other tests)"
    assert installation.call("GET", "/v1/me", token=token)["name"] == "丁**"
    kept = installation.call("GET", f"/v1/applications/{begun['id']}", token=token)
    assert kept["form"]["id_number"] == buyer["id_number"] and kept["status"] == "completed"
    assert installation.call("GET", "/v1/certificates/keys") == keys
    path = link["url"].split(str(installation.ports[0]), 1)[1]
    pdf = installation._pool.request("GET", f"http://127.0.0.1:{installation.ports[0]}{path}").data
    assert pdf.startswith(b"%PDF")
    assert installation.log_in("durable")


def test_ctrl_c_stops_every_process(installation: Installation) -> None:
    installation.start()
    assert len(installation.children()) >= 6
    assert "stopping" in installation.stop()
    assert installation.children() == []


def test_a_script_that_started_it_in_the_background_can_stop_it(installation: Installation) -> None:
    """A shell makes its background commands ignore SIGINT, and they inherit that."""
    command = ["sh", "-c", f"trap '' INT; exec {sys.executable} -m local.run"]
    installation.start(command)
    assert "stopping" in installation.stop()
    assert installation.children() == []


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.6, 1.0])
def test_ctrl_c_while_it_starts_shows_no_traceback(installation: Installation, seconds: float) -> None:
    command = ["sh", "-c", f"trap '' INT; exec {sys.executable} -m local.run"]  # as the Makefile does
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=installation.environ,
        cwd=ROOT,
        start_new_session=True,
    )
    time.sleep(seconds)
    while process.poll() is None:  # an interrupt that comes before the command listens is passed over
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    said, _ = process.communicate(timeout=30)
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
    assert "stopped" in said or "stopping" in said
    assert installation.children() == []


def test_nothing_stays_when_only_the_supervisor_is_killed(installation: Installation) -> None:
    installation.start()
    assert installation.process is not None
    os.kill(installation.process.pid, signal.SIGKILL)
    installation.process.wait(10)
    deadline = time.monotonic() + 15
    while installation.children() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert installation.children() == []


def refused(installation: Installation) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "local.run"],
        capture_output=True,
        text=True,
        env=installation.environ,
        cwd=ROOT,
        timeout=60,
    )
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    return answer.stderr


def test_a_port_in_use_is_one_clear_line(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.ports[0]))
        other.listen()
        assert f"port {installation.ports[0]} is in use" in refused(installation)
    assert installation.children() == []


def test_a_port_that_is_no_number_is_named(installation: Installation) -> None:
    installation.environ["BANSHI_API_PORT"] = "eighty"
    assert "BANSHI_..._PORT" in refused(installation)


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder", encoding="utf-8")
    assert "cannot be used" in refused(installation)


def test_damaged_secrets_are_one_clear_line(installation: Installation) -> None:
    installation.data.mkdir()
    (installation.data / "format").write_text(environment.FORMAT, encoding="utf-8")
    (installation.data / "secrets.json").write_text("{", encoding="utf-8")
    assert "secrets.json is damaged" in refused(installation)


def test_lost_keys_are_noticed_before_anything_is_encrypted_with_new_ones(installation: Installation) -> None:
    installation.start()
    installation.stop()
    for file in (installation.data / "aws").iterdir():
        file.unlink()
    assert "keys are missing" in refused(installation)


def test_a_missing_database_program_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from local import processes

    monkeypatch.setattr(processes, "ROOT", tmp_path)
    with pytest.raises(processes.StartFailed, match="make install"):
        processes.database_program()


def test_a_missing_npm_says_what_to_do(tmp_path: Path) -> None:
    answer = subprocess.run(
        ["/usr/bin/make", "-f", str(ROOT / "Makefile"), "node_modules/installed", "PYTHON=python3"],
        capture_output=True,
        text=True,
        cwd=_copy_of_locks(tmp_path),
        env={"PATH": str(_path_without_npm(tmp_path))},
    )
    assert answer.returncode != 0
    assert "npm is missing: install Node.js" in answer.stdout


def _copy_of_locks(folder: Path) -> Path:
    (folder / "package-lock.json").write_text("{}", encoding="utf-8")
    return folder


def _path_without_npm(folder: Path) -> Path:
    programs = folder / "bin"
    programs.mkdir()
    for name in ("sh", "bash", "echo"):
        (programs / name).symlink_to(f"/bin/{name}")
    return programs


def test_the_defaults_are_the_documented_ports(tmp_path: Path) -> None:
    assert Environment(tmp_path, Ports()).settings()["PUBLIC_URL"] == "http://127.0.0.1:8000"
