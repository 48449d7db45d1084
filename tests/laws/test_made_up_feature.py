"""A new feature is a folder with its tests, its line in ``features.py`` and its part of ``infra/``; the rest follows.

The folder ``made_up/petitions`` is put into a copy of the repository. The words of its message are the city's data.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import ROOT

MADE_UP = Path(__file__).parent / "made_up"
LAWS = (
    "test_imports.py",
    "test_graphs.py",
    "test_writes.py",
    "test_template.py",
    "test_contract.py",
    "test_authorization.py",
)
NOT_AGAIN = "not test_each_role_gets or petition"
"""The laws are played without the roles at the endpoints of the other features, which take minutes."""
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


def block_like(path: Path, name: str, old: str, new: str) -> str:
    """A resource of a template's file, made of another one by other names."""
    content = path.read_text(encoding="utf-8")
    found = re.search(rf"^  {name}:\n(?:    .*\n|\n)*", content, re.MULTILINE)
    assert found is not None, name
    return found[0].replace(old, new).replace(old.lower(), new.lower())


def add_feature(repository: Path) -> None:
    for folder, place in (("petitions", "chalicelib/petitions"), ("tests", "tests/petitions")):
        for source in (MADE_UP / folder).rglob("*.txt"):
            target = repository / place / source.relative_to(MADE_UP / folder).with_suffix("")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    insert(repository / "chalicelib/features.py", '    "notices",\n', '    "petitions",\n')
    data = repository / "infra/data.yaml"
    table = block_like(data, "DeliveryTable", "Delivery", "Petitions")
    insert(data, "  HistoryTable:\n", table)
    functions = repository / "infra/functions.yaml"
    stream = (
        "        Petitions: {Type: DynamoDB, Properties: {<<: *stream, Stream: !GetAtt PetitionsTable.StreamArn}}\n"
    )
    insert(functions, "        Delivery: {Type: DynamoDB, Properties: {<<: *stream", stream)
    sweep = block_like(functions, "SweepDeliveries", "SweepDeliveries", "SweepPetitions")
    sweep = sweep.replace("functions.sweep_deliveries.handler", "chalicelib.petitions.service.followups.sweep")
    insert(functions, "  SweepDeliveries:\n", sweep)
    operations = repository / "infra/operations.yaml"
    group = '{<<: *kept_logs, LogGroupName: !Sub "/banshi/${Stage}/sweep-petitions"}'
    insert(functions, "  SweepDeliveriesLogs:", f"  SweepPetitionsLogs: {{<<: *logs, Properties: {group}}}\n")
    roles = repository / "infra/roles.yaml"
    role = block_like(roles, "SweepDeliveriesRole", "SweepDeliveries", "SweepPetitions")
    work = (
        "              - Effect: Allow\n"
        '                Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]\n'
        "                Resource: !GetAtt PetitionsTable.Arn\n"
    )
    role = role.replace("              - *change_deliveries\n", "")
    role = role.replace("              - *work_on_deliveries\n", work)
    insert(roles, "  NotifyPeopleRole:\n", role.replace("DeliveryTable", "PetitionsTable"))
    content = roles.read_text(encoding="utf-8")
    places = (
        "                  - !GetAtt DeliveryTable.Arn\n",
        "                  - !GetAtt DeliveryTable.StreamArn\n",
    )
    for place in places:
        content = content.replace(place, place + place.replace("Delivery", "Petitions"))
    roles.write_text(content, encoding="utf-8")
    alarm = block_like(operations, "DeliveryWorkStuckAlarm", "Delivery", "Petition")
    insert(operations, "  DeliveryWorkStuckAlarm:\n", alarm)
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
    laws = [f"tests/laws/{name}" for name in LAWS]
    run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NOT_AGAIN, *laws)
    shutil.copy(MADE_UP / "play.py.txt", repository / "play.py")
    assert run(repository, "play.py").endswith("played\n")
