"""The artefacts that would be deployed, deployed: ``make test-stack``. The tests build on one another, in order.

Only AWS itself is replaced (by MiniStack). Packages, templates, commands and the HTTP journey are the real ones.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import features
from demo import identity, journey, payments
from demo.client import Demo
from infra import stack
from local import setup, template
from local.environment import ROOT
from local.simulators.departments import REPRESENTATIVE
from scenes.world import new_id_number
from tests.stack import deployed as deployed_city
from tests.stack.deployed import NAME, Deployed


@pytest.fixture(scope="module")
def built() -> Path:
    return deployed_city.built()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_city.city(tmp_path_factory.mktemp("city")) as city:
        yield city


def eventually(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of ``what``; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
    return found


def tool(name: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a tool of the repository; without a terminal, so that it reads what is ``typed`` from its input."""
    command = [sys.executable, "-m", f"tools.{name}", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "BANSHI_STAGE": NAME},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        input=typed,
        start_new_session=True,
    )


def workers(city: Deployed, function: str) -> list[int]:
    """Process ids of the emulator's workers of a function, found by their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        name, port = f"AWS_LAMBDA_FUNCTION_NAME=banshi-{NAME}-{function}", f":{city.environment.ports.aws}"
        if name.encode() in environment and port.encode() in environment:
            found.append(int(process.name))
    return found


# Faults before anything runs


def test_without_secrets_nothing_is_deployed(city: Deployed, built: Path) -> None:
    done = city.deploy(built)
    assert done.returncode != 0 and f"make secrets STAGE={NAME}" in done.stderr
    assert city.cloud.stack() is None


def test_secrets_are_entered_and_checked(city: Deployed) -> None:
    def enter(values: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.secrets", NAME],
            input=json.dumps(values),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    wrong = enter({**city.environment.secrets, "DEPARTMENTS_SECRET": "short"})
    assert wrong.returncode != 0 and "DEPARTMENTS_SECRET is too short" in wrong.stderr
    wrong = enter({**city.environment.secrets, "ALIPAY_APP_PRIVATE_KEY": "nope"})
    assert wrong.returncode != 0 and "ALIPAY_APP_PRIVATE_KEY is no private key" in wrong.stderr
    right = enter(city.environment.secrets)
    assert right.returncode == 0, right.stderr
    assert not any(value in wrong.stderr + right.stdout for value in city.environment.secrets.values())


def test_a_stack_that_cannot_be_created_is_rolled_back_and_says_why(
    city: Deployed, built: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(built, broken)
    content = json.loads((broken / "template.json").read_text(encoding="utf-8"))
    content["Resources"]["Impossible"] = {"Type": "AWS::Nothing::Here", "DependsOn": "HistoryTable", "Properties": {}}
    (broken / "template.json").write_text(json.dumps(content), encoding="utf-8")
    done = city.deploy(broken)
    assert done.returncode != 0
    assert "CREATE_FAILED" in done.stdout and "Impossible" in done.stdout
    assert "run the same command again" in done.stderr


def test_an_interrupted_deployment_is_taken_up_by_the_next(city: Deployed, built: Path) -> None:
    command = [sys.executable, "-m", "infra.deploy", NAME, "--built", str(built), "--yes"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("changes of the stack"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    done = city.deploy(built)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deployed" in done.stdout and city.cloud.outputs()["PublicUrl"] in done.stdout


# The running city


def test_deploying_the_same_again_changes_nothing(city: Deployed, built: Path) -> None:
    done = city.deploy(built)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the stack is up to date" in done.stdout


def test_the_whole_journey(city: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in city.cloud.function_environment().items():
        monkeypatch.setenv(name, value)
    setup.create_staff(city.environment)
    monkeypatch.chdir(tmp_path)
    journey.play_stickers_and_halls(Demo(city.environment))
    assert (tmp_path / "demo-output" / "sticker-2.pdf").read_bytes().startswith(b"%PDF")


def test_a_fee_is_paid_and_the_certificate_follows(city: Deployed) -> None:
    """Order, signed notification over HTTP, stream, ledger, receipt and certificate in the deployed functions."""
    demo = Demo(city.environment)
    payments.register_contract(demo, REPRESENTATIVE[1], "home")
    payments.paid_in_alipay(demo, demo.log_in("alipay", demo.user("boss")))


def _has_ended(process: int) -> bool:
    """A killed process takes a moment to end; the emulator would still send it a request."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("function", ["APIHandler", "AppendHistory"])
def test_a_killed_worker_is_replaced_and_nothing_is_lost(
    city: Deployed, function: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = workers(city, function)
    assert running
    for process in running:
        os.kill(process, signal.SIGKILL)
    eventually(lambda: all(_has_ended(process) for process in running))
    monkeypatch.chdir(tmp_path)
    journey.play_stickers_and_halls(Demo(city.environment))
    replaced = workers(city, function)
    assert replaced and set(replaced).isdisjoint(running)


def test_the_event_log_has_every_change_once(city: Deployed) -> None:
    """Each aggregate's version against its chained history, by the function that checks it every night."""
    database = city.cloud.client("dynamodb")

    def versions() -> dict[str, int]:
        found = {}
        for name in features.tables_with_history():
            pages = database.get_paginator("scan").paginate(TableName=f"banshi-{NAME}-{name}")
            for item in (item for page in pages for item in page["Items"] if "changes" in item):
                key, sort = item["pk"]["S"], item["sk"]["S"]
                found[key if sort == "HEAD" else f"{key}/{sort}"] = int(item["version"]["N"])
        return found

    def logged() -> dict[str, int]:
        counted: dict[str, int] = {}
        for page in database.get_paginator("scan").paginate(TableName=f"banshi-{NAME}-history"):
            for item in page["Items"]:
                counted[item["pk"]["S"]] = counted.get(item["pk"]["S"], 0) + 1
        return counted

    expected = versions()
    assert len(expected) > 20
    eventually(lambda: expected.items() <= logged().items())
    done = tool("invoke", "check_history")
    assert done.returncode == 0 and json.loads(done.stdout)["faults"] == [], done.stdout + done.stderr


def test_what_cannot_be_appended_waits_in_the_queue_and_is_replayed(city: Deployed) -> None:
    from chalicelib.kernel import clock
    from chalicelib.kernel.events import changes

    database, queues = city.cloud.client("dynamodb"), city.cloud.client("sqs")
    queue = city.cloud.function_environment()["HISTORY_FAILURES_URL"]

    def change(version: int) -> None:
        made = changes.pack([changes.Change(version=version, type="changed", at=clock.now(), actor="system:test")])
        key = {"pk": {"S": "ORGANIZATION#poison"}, "sk": {"S": "HEAD"}}
        item = {**key, "version": {"N": str(version)}, "changes": {"B": made}}
        database.put_item(TableName=f"banshi-{NAME}-identity", Item=item)

    def waiting() -> int:
        answer = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def logged() -> list[str]:
        found = database.query(
            TableName=f"banshi-{NAME}-history",
            KeyConditionExpression="pk = :subject",
            ExpressionAttributeValues={":subject": {"S": "ORGANIZATION#poison"}},
        )
        return [item["sk"]["S"] for item in found["Items"]]

    change(2)  # its predecessor is not in the log
    eventually(lambda: waiting() == 1)
    assert json.loads(tool("invoke", "replay_history").stdout) == {"appended": 0, "failed": 1}
    change(1)
    eventually(logged)
    done = eventually(lambda: json.loads(tool("invoke", "replay_history").stdout)["appended"] == 1)
    assert done and logged() == ["00000001", "00000002"] and waiting() == 0


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("seal_history", {"day", "entries", "root", "previous", "signature"}),
        ("lapse_corrections", {"lapsed"}),
        ("check_history", {"faults", "tables", "aggregates", "finished"}),
    ],
)
def test_the_scheduled_functions_run(city: Deployed, function: str, answer: set[str]) -> None:
    done = tool("invoke", function)
    assert done.returncode == 0 and set(json.loads(done.stdout)) == answer, done.stdout + done.stderr


def test_a_staff_member_is_invited_joins_and_works(city: Deployed) -> None:
    done = tool("staff", "zhang.san", "张三", "transport_bureau", "officer", typed=f"{new_id_number()}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    (invitation,) = re.findall(r"invitation   (\S+)", done.stdout)
    demo = Demo(city.environment)
    (password, secret), _ = identity.join(demo, "zhang.san", invitation)
    headers, _ = identity.work(demo, "zhang.san", password, secret)
    assert "Authorization" in headers


def test_lost_items_come_back_from_a_restored_copy(city: Deployed) -> None:
    database, table, copy = city.cloud.client("dynamodb"), f"banshi-{NAME}-catalog", f"banshi-{NAME}-catalog-copy"
    before = database.scan(TableName=table)["Items"]
    database.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=copy, UseLatestRestorableTime=True)
    lost = next(item for item in before if item["pk"]["S"].startswith("SERVICE#"))
    wanted = [item for item in before if item["pk"]["S"].startswith("SERVICE#")]
    database.delete_item(TableName=table, Key={"pk": lost["pk"], "sk": lost["sk"]})
    done = tool("restore_items", copy, "SERVICE#")
    assert done.returncode == 0 and f"1 restored, {len(wanted) - 1} present" in done.stdout, done.stdout + done.stderr
    found = database.get_item(TableName=table, Key={"pk": lost["pk"], "sk": lost["sk"]})
    assert found["Item"] == lost


# What was made


def test_alarms_roles_logs_and_schedules_exist(city: Deployed) -> None:
    resources, cloud = city.cloud.resources(), city.cloud
    of_type: dict[str, set[str]] = {}
    for kind, physical in resources.values():
        of_type.setdefault(kind, set()).add(physical)
    wanted = template.of_type(NAME, "AWS::CloudWatch::Alarm")
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == {one["AlarmName"] for one in wanted.values()}
    assert all(alarm["AlarmActions"] for alarm in alarms)
    assert cloud.client("cloudwatch").get_dashboard(DashboardName=f"banshi-{NAME}")["DashboardBody"]
    functions = [
        cloud.client("lambda").get_function_configuration(FunctionName=name)
        for name in of_type["AWS::Lambda::Function"]
    ]
    roles = [one["Role"].rpartition("/")[2] for one in functions]
    assert len(set(roles)) == len(functions) == len(template.functions(NAME)) + 1  # and the API's
    for role in roles:
        (policy,) = cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        assert cloud.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        assert not cloud.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/banshi/{NAME}/")["logGroups"]
    assert len(groups) == len(functions) and {group["retentionInDays"] for group in groups} == {180}
    rules = cloud.client("events").list_rules()["Rules"]
    assert sorted(rule["ScheduleExpression"] for rule in rules) == sorted(when for when, _ in template.schedules(NAME))
    for mapping in cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
        queue = "history-failures" if "AppendHistory" in mapping["FunctionArn"] else "schedule-failures"
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith(queue)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and mapping["BisectBatchOnFunctionError"]


def test_the_deployed_tables_are_those_of_the_template(city: Deployed) -> None:
    database = city.cloud.client("dynamodb")
    for request in template.table_requests(NAME):
        made = database.describe_table(TableName=request["TableName"])["Table"]
        assert made["KeySchema"] == request["KeySchema"]
        indexes = {one["IndexName"]: one for one in made.get("GlobalSecondaryIndexes", [])}
        for index in request.get("GlobalSecondaryIndexes", []):
            assert indexes[index["IndexName"]]["KeySchema"] == index["KeySchema"]
            assert indexes[index["IndexName"]]["Projection"] == index["Projection"]


def test_nothing_secret_is_in_the_stack(city: Deployed) -> None:
    formation = city.cloud.client("cloudformation")
    seen = json.dumps(formation.get_template(StackName=f"banshi-{NAME}")["TemplateBody"])
    seen += json.dumps(city.cloud.stack(), default=str) + json.dumps(city.cloud.function_environment())
    assert not any(secret in seen for secret in city.environment.secrets.values())


# Releases


def test_a_release_that_fails_its_smoke_test_is_replaced_by_the_one_before(city: Deployed, built: Path) -> None:
    good = city.cloud.function_environment()
    city.describe(wechat_api_url="http://127.0.0.1:9")
    done = city.deploy(built)
    city.describe()
    assert done.returncode != 0 and "FAILED  WeChat is reached" in done.stdout
    assert "the release before runs again, because of: WeChat is reached" in done.stderr
    assert city.cloud.function_environment() == good


def test_a_release_whose_function_does_not_start_is_replaced_too(city: Deployed, built: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(built, broken)
    with zipfile.ZipFile(built / "api.zip") as whole, zipfile.ZipFile(broken / "api.zip", "w") as packed:
        for name in whole.namelist():
            if "append_history" not in name:
                packed.writestr(name, whole.read(name))
        packed.writestr("functions/append_history.py", "raise RuntimeError")
    done = city.deploy(broken)
    assert done.returncode != 0 and "the event log's function starts" in done.stderr
    assert "the release before runs again" in done.stderr
    assert json.loads(tool("invoke", "replay_history").stdout) == {"appended": 0, "failed": 0}
    assert city.deploy(built).returncode == 0


def test_a_stage_in_production_is_never_destroyed(city: Deployed) -> None:
    city.describe(production=True)
    done = city.command("destroy", "--yes")
    city.describe()
    assert done.returncode != 0 and "never removes it" in done.stderr
    assert city.cloud.stack() is not None


def test_destroying_a_stage_leaves_nothing(city: Deployed) -> None:
    began = time.time() * 1000
    done = city.command("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert city.cloud.stack() is None
    assert not city.cloud.client("dynamodb").list_tables()["TableNames"]
    assert not city.cloud.client("s3").list_buckets()["Buckets"]
    assert not city.cloud.client("sqs").list_queues().get("QueueUrls")
    groups = city.cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/banshi/{NAME}")["logGroups"]
    # A function of every minute that runs at this moment writes its log once more, and the emulator then makes the
    # group anew. In AWS it could not: no role of ours may create one.
    assert [group for group in groups if group["creationTime"] < began] == []
    again = city.command("destroy", "--yes")
    assert again.returncode == 0, again.stdout + again.stderr


def test_the_template_is_small_enough_for_cloudformation(built: Path) -> None:
    assert (built / "template.json").stat().st_size < 1_000_000
    assert len(stack.parts()["Resources"]) < 400
