"""What is deployed, checked without deploying it: by cfn-lint for both partitions, and by rules of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from chalicelib import features
from chalicelib.kernel import aws
from chalicelib.kernel.edge import endpoint, routing
from chalicelib.kernel.settings import examples, settings
from infra import package, stack
from local import template
from local.environment import STAGE
from scenes import policies
from scenes.world import World
from tests.applications.test_tasks import CORRECTION
from tests.attacks.probes import SAFE_HEADERS

# List and describe actions that AWS offers for all resources only
NEEDS_EVERY_RESOURCE = {"dynamodb:ListStreams"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> stack.Template:
    found = stack.whole(tmp_path_factory.mktemp("whole"))
    for resource in found["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            code = resource["Properties"].get("CodeUri") or found["Globals"]["Function"]["CodeUri"]
            resource["Properties"]["CodeUri"] = code.replace("./", "s3://bucket/")
    found["Globals"]["Function"].pop("CodeUri")
    return found


@pytest.fixture(scope="module")
def translated(whole: stack.Template) -> stack.Template:
    """As CloudFormation gets it, in China."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = "cn-north-1"
    try:
        copied = json.loads(json.dumps(whole))
        found: stack.Template = Translator({}, Parser()).translate(copied, {"Stage": "test"})
    finally:
        os.environ.pop("AWS_DEFAULT_REGION")
        if before:
            os.environ["AWS_DEFAULT_REGION"] = before
    return found


def test_a_page_can_read_what_the_gateway_answers_in_our_place(translated: stack.Template) -> None:
    (api,) = [found for found in translated["Resources"].values() if found["Type"] == "AWS::ApiGateway::RestApi"]
    answers = api["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"THROTTLED", "DEFAULT_5XX", "REQUEST_TOO_LARGE"} <= set(answers)
    for name, answer in answers.items():
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'", name
        for safe, value in SAFE_HEADERS.items():
            assert headers[f"gatewayresponse.header.{safe}"] == f"'{value}'", name
        if "gatewayresponse.header.Retry-After" in headers:
            assert headers["gatewayresponse.header.Access-Control-Expose-Headers"] == "'Retry-After'", name


@pytest.mark.parametrize("form", ["whole", "translated"])
def test_cfn_lint_finds_nothing_in_either_partition(form: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(request.getfixturevalue(form)), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        "cn-north-1",
        "eu-central-1",
        "--",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_translated_template_names_no_foreign_partition(translated: stack.Template) -> None:
    text = json.dumps(translated)
    assert "arn:aws:" not in text and "EDGE" not in text and '"Active"' not in text


def all_statements() -> list[tuple[str, dict[str, Any]]]:
    return [
        (role, statement)
        for role, properties in template.of_type(STAGE, "AWS::IAM::Role").items()
        for policy in properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_in_front_of_the_api_each_client_has_a_limit_of_its_own(translated: stack.Template) -> None:
    resources = translated["Resources"]
    (acl,) = [found for found in resources.values() if found["Type"] == "AWS::WAFv2::WebACL"]
    (on_api,) = [found for found in resources.values() if found["Type"] == "AWS::WAFv2::WebACLAssociation"]
    assert acl["Condition"] == on_api["Condition"] == "HasClientLimits", "a stage without WAF leaves both out"
    client, address = [rule["Statement"]["RateBasedStatement"] for rule in acl["Properties"]["Rules"]]
    assert [next(iter(key)) for key in client["CustomKeys"]] == ["Header", "IP"]
    assert (client["Limit"], address["Limit"]) == ({"Ref": "RequestsPerClient"}, {"Ref": "RequestsPerAddress"})
    told = json.loads(acl["Properties"]["CustomResponseBodies"]["slower"]["Content"])
    assert told["code"] == "too_many_requests"
    default = {name: found.get("Default") for name, found in translated["Parameters"].items()}
    in_a_second = default["RequestsPerAddress"] / 300
    assert in_a_second < default["RequestsPerSecond"] / 2, "one address cannot take the whole API"


def test_roles_name_their_actions_and_resources() -> None:
    for role, statement in all_statements():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert not any("*" in action for action in actions), role
        assert "*" not in resources or set(actions) <= NEEDS_EVERY_RESOURCE, role


def test_every_function_has_a_role_logs_and_an_alarm_or_a_failure_queue_of_its_own(whole: stack.Template) -> None:
    functions = {
        name: resource["Properties"]
        for name, resource in whole["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    roles = [json.dumps(properties["Role"]) for properties in functions.values()]
    logs = [json.dumps(properties["LoggingConfig"]) for properties in functions.values()]
    assert len(set(roles)) == len(set(logs)) == len(functions)
    watched = json.dumps(template.of_type(STAGE, "AWS::CloudWatch::Alarm"))
    for name, properties in functions.items():
        assert f'"{name}"' in watched or "DeadLetterQueue" in properties or name == "ReplayHistory", name
    assert {one["RetentionInDays"] for one in template.of_type(STAGE, "AWS::Logs::LogGroup").values()} == {180}


def test_the_policies_of_the_tests_refuse_what_a_role_does_not_allow() -> None:
    assert policies.is_allowed("PrintCertificate", "kms:Sign", "CertificateKey.Arn")
    assert not policies.is_allowed("APIHandler", "kms:Sign", "CertificateKey.Arn")
    for function in ("APIHandler", "PrintCertificate"):  # whichever needs a month's data key first makes it
        assert policies.is_allowed(function, "kms:GenerateDataKey", "DataKey.Arn")
        assert policies.is_allowed(function, "dynamodb:PutItem", "KernelTable.Arn")
    assert not policies.is_allowed("APIHandler", "dynamodb:Scan", "ApplicationsTable.Arn")
    assert policies.is_allowed("APIHandler", "dynamodb:Query", "ApplicationsTable.Arn/index/gsi1")
    assert not policies.is_allowed("AppendHistory", "dynamodb:PutItem", "ApplicationsTable.Arn")


def test_a_call_that_the_role_does_not_allow_fails_on_our_wire_and_on_botocores(world: World) -> None:
    def scan() -> None:
        aws.client("dynamodb").scan(TableName=f"banshi-{STAGE}-applications")

    def list_roots() -> None:
        aws.client("s3").list_objects_v2(Bucket=settings().audit_bucket)

    for call in (scan, list_roots):
        call()
        with policies.running("PrintCertificate"), pytest.raises(ClientError, match="may not"):
            call()


def test_each_function_can_do_its_work_in_a_process_of_its_own(world: World) -> None:
    """Keys, definitions and secrets that another function has read are no help in AWS."""
    from functions import check_history, lapse_corrections, replay_history, seal_history

    with policies.cold():
        enterprise = world.enterprise()
        assert enterprise.print(enterprise.certificate()).startswith(b"%PDF")
        waiting = enterprise.apply(plate=enterprise.plates[1], route_class="inter_provincial", destination="杭州")
        task, officer = f"/v1/tasks/{waiting['id']}-review", world.staff("officer.a")
        assert officer.post(f"{task}/claim").status == 200
        asked = officer.post(f"{task}/request_correction", CORRECTION)
        assert asked.status == 200, asked.json
        world.pump()
        world.pass_time(days=12)
        assert lapse_corrections.handler({})["lapsed"] >= 1
        world.pump()
        assert seal_history.handler({})["root"]
        assert "faults" in check_history.handler({})
        assert set(replay_history.handler({})) == {"appended", "failed"}


def test_the_functions_get_every_setting_and_nothing_else() -> None:
    given = set(stack.parts()["Globals"]["Function"]["Environment"]["Variables"])
    assert given == set(examples(features.settings_kinds()))


def test_the_printing_function_serves_the_routes_that_the_api_leaves_out(world: World) -> None:
    from functions import print_certificate

    routes = stack.parts()["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert set(print_certificate.handler.routes) == set(routes)
    drawn = {one.operation for one in endpoint.REGISTRY if routing.resource_of(one) in routes}
    assert drawn == {"fetch_print", "fetch_document"}
    api = next(one for one in package.ARTEFACTS if one.name == "api")
    assert {"chalicelib.certificates.pdf", "chalicelib.payments.drawing"} <= set(api.without)


def test_alarms_tell_somebody_and_are_explained() -> None:
    text = (stack.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name, alarm in template.of_type(STAGE, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["AlarmTopic"], name
        assert f"`{alarm['AlarmName'].removeprefix(f'banshi-{STAGE}-')}`" in text, name


def test_a_file_that_is_no_yaml_is_named_with_the_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in stack.FILES:
        (tmp_path / f"{name}.yaml").write_text("Resources:\n  - &a {}\n  - *b\n", encoding="utf-8")
    monkeypatch.setattr(stack, "FOLDER", tmp_path)
    with pytest.raises(stack.BadTemplate, match=r"data\.yaml: .*undefined alias"):
        stack.parts()


def test_keys_are_rotated_as_the_manual_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in stack.FILES:
        (tmp_path / f"{name}.yaml").write_text((stack.FOLDER / f"{name}.yaml").read_text("utf-8"), encoding="utf-8")
    data = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    key = data[data.index("  TokenKey:") : data.index("  CertificateKey:")]
    copied = (
        key.replace("TokenKey", "TokenKey2").replace("TokenKey2Alias", "TokenKey2Alias").replace("-token-1", "-token-2")
    )
    (tmp_path / "data.yaml").write_text(data.replace(key, key + copied), encoding="utf-8")
    functions = (tmp_path / "functions.yaml").read_text(encoding="utf-8")
    changed = functions.replace('"t1=${TokenKeyAlias}"', '"t2=${TokenKey2Alias},t1=${TokenKeyAlias}"')
    (tmp_path / "functions.yaml").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(stack, "FOLDER", tmp_path)
    found = stack.parts()["Resources"]
    assert functions != changed and found["TokenKey2"] == found["TokenKey"]
    assert found["TokenKey2Alias"]["Properties"]["TargetKeyId"] == {"Ref": "TokenKey2"}


def test_production_protects_its_data() -> None:
    for name, resource in stack.parts()["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            assert resource["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProduction", True, False]}, (
                name
            )
    lock = stack.parts()["Resources"]["AuditBucket"]["Properties"]["ObjectLockConfiguration"]["Rule"][
        "DefaultRetention"
    ]
    assert lock["Mode"]["Fn::If"][:2] == ["IsProduction", "COMPLIANCE"] and lock["Days"]["Fn::If"][1] == 3650


def test_one_thing_is_described_in_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in stack.FILES:
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"Resources": {"Twice": {}}}), encoding="utf-8")
    monkeypatch.setattr(stack, "FOLDER", tmp_path)
    with pytest.raises(stack.BadTemplate, match="Twice is defined in another file"):
        stack.parts()
