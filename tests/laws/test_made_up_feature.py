"""A new feature is a folder with its tests, its line in ``features.py`` and its part of ``infra/``; the rest follows.

The files of ``made_up/example`` stand where they do in the repository. Those of ``infra/`` and ``docs/`` are parts of
files: ``#@ before <line>`` says before which line a part stands. The words of its message are the city's data.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import ROOT

EXAMPLE = Path(__file__).parent / "made_up" / "example"
LAWS = (
    "tests/laws/test_imports.py",
    "tests/laws/test_graphs.py",
    "tests/laws/test_writes.py",
    "tests/laws/test_template.py",
    "tests/laws/test_contract.py",
    "tests/laws/test_authorization.py",
    "tests/infra/test_templates.py",
    "tests/petitions",
)
NOT_AGAIN = (
    "(not test_each_role_gets and not own_matter or petition) and not cfn_lint and not example "
    "and not process_of_its_own"
)
"""The laws are played without what takes minutes (roles and own matters at the endpoints of other features, cfn-lint,
each function started), and without the contract's examples, which come of a run of all tests (``make examples``)."""
MESSAGE = {
    "event": "petition_answered",
    "kind": "progress",
    "title": {"zh": "诉求已答复", "en": "Your petition was answered"},
    "body": {"zh": "关于“{topic}”的诉求已答复。", "en": "Your petition about “{topic}” was answered."},
    "page": "pages/petition/detail",
    "inbox_only": True,
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the repository, with what is installed in it."""
    copy = tmp_path / "repository"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    (copy / "chalicelib/certificates/fonts").symlink_to(ROOT / "chalicelib/certificates/fonts")
    return copy


def run(repository: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def insert(path: Path, before: str, text: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1, before
    path.write_text(content.replace(before, text + before), encoding="utf-8")


def insert_parts(path: Path, parts: str) -> None:
    """Put each part before the line that it names."""
    for part in parts.split("#@ before ")[1:]:
        line, _, text = part.partition("\n")
        insert(path, f"{line}\n", text)


def add_feature(repository: Path) -> None:
    for source in sorted(EXAMPLE.rglob("*.txt")):
        place = source.relative_to(EXAMPLE).with_suffix("")
        target = repository / place
        if place.parts[0] in ("infra", "docs"):
            insert_parts(target, source.read_text(encoding="utf-8"))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    insert(repository / "chalicelib/features.py", '    "notices",\n', '    "petitions",\n')
    messages = repository / "city/messages.json"
    content = json.loads(messages.read_text(encoding="utf-8"))
    content["templates"].append(MESSAGE)
    messages.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"]):  # a law asks which files belong to the repository
        subprocess.run(["git", *command], cwd=repository, check=True)


@pytest.mark.timeout(300)
def test_a_new_feature_needs_its_folder_its_line_and_its_part_of_the_template(repository: Path) -> None:
    add_feature(repository)
    run(repository, "-m", "tools.openapi")
    assert "/v1/petitions/{petition_id}" in (repository / "openapi.yaml").read_text(encoding="utf-8")
    ours = ["chalicelib/petitions", "functions/sweep_petitions.py", "tests/petitions"]
    run(repository, "-m", "ruff", "check", "-q", *ours)
    run(repository, "-m", "ruff", "format", "--check", "-q", *ours)
    run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NOT_AGAIN, *LAWS)
