"""The template, the models and the functions agree."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from typing import Any

import pytest

from chalicelib import features
from chalicelib.kernel import aws
from chalicelib.kernel.edge import idempotency
from chalicelib.kernel.events import history
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage.tables import AggregateTable, Table
from chalicelib.platforms import shared_token
from local import pump, template
from local.environment import ROOT, STAGE, Environment
from scenes.world import World

STORES = [feature.load("store") for feature in features.all_features() if feature.tables]
PARTS = [
    importlib.import_module(f"{store.__name__}.{part.name}")
    for store in STORES
    for part in pkgutil.iter_modules(getattr(store, "__path__", []))
]
MODULES = (*STORES, *PARTS, history, idempotency, shared_token, vault)
"""Loaded, so that every kind of item is known: each feature's store, and what the kernel and the platforms keep."""


def models() -> list[type[Table]]:
    """Every kind of stored item."""
    assert MODULES
    found = []
    waiting: list[type[Table]] = [Table]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found += [kind for kind in kinds if "Meta" in vars(kind) and kind.__module__.startswith("chalicelib.")]
    return sorted(found, key=lambda model: model.__name__)


def described() -> dict[str, dict[str, Any]]:
    prefix = f"banshi-{STAGE}-"
    return {
        properties["TableName"].removeprefix(prefix): properties
        for properties in template.of_type(STAGE, "AWS::DynamoDB::Table").values()
    }


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_a_models_keys_and_indexes_are_those_of_its_table(model: type[Table]) -> None:
    properties = described()[model.Meta.table_name]
    indexes = {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
    names = set(model.get_attributes())
    for index in ("gsi1", "gsi2", "gsi3"):
        if f"{index}pk" in names:
            schema = indexes[index]["KeySchema"]
            assert [key["AttributeName"] for key in schema] == [f"{index}pk", f"{index}sk"]
    if hasattr(model, "gsi1"):
        projection = indexes["gsi1"]["Projection"]
        assert projection["ProjectionType"] in ("ALL", "INCLUDE")
        of_table = {
            name
            for other in models()
            if other.Meta.table_name == model.Meta.table_name
            for name in other.get_attributes()
        }
        assert set(projection.get("NonKeyAttributes", [])) <= of_table
    for index in ("gsi2", "gsi3"):
        if hasattr(model, index):
            assert indexes[index]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    if "expires_at" in names:
        assert properties["TimeToLiveSpecification"]["AttributeName"] == "expires_at"
    if issubclass(model, AggregateTable):
        assert properties["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def test_every_table_has_a_model_and_every_key_is_the_same() -> None:
    assert set(described()) == {model.Meta.table_name for model in models()}
    for properties in described().values():
        assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]
        used = {key["AttributeName"] for key in properties["KeySchema"]}
        used |= {
            key["AttributeName"] for index in properties.get("GlobalSecondaryIndexes", []) for key in index["KeySchema"]
        }
        assert {one["AttributeName"] for one in properties["AttributeDefinitions"]} == used


def test_the_template_has_no_index_and_no_time_to_live_that_no_model_uses() -> None:
    for name, properties in described().items():
        attributes = {
            attribute for model in models() if model.Meta.table_name == name for attribute in model.get_attributes()
        }
        for index in properties.get("GlobalSecondaryIndexes", []):
            assert f"{index['IndexName']}pk" in attributes, name
        if "TimeToLiveSpecification" in properties:
            assert "expires_at" in attributes, name
        assert {one["AttributeType"] for one in properties["AttributeDefinitions"]} == {"S"}


def test_every_table_with_a_history_feeds_it_and_is_checked() -> None:
    with_history = {model.Meta.table_name for model in models() if issubclass(model, AggregateTable)}
    fed = {table.rsplit("-", 1)[1] for table, handler in template.stream_handlers(STAGE) if "append_history" in handler}
    assert with_history == fed == set(features.tables_with_history())


def test_every_function_of_the_template_exists_and_back(environment: Environment) -> None:
    handlers = {properties["Handler"] for properties in template.functions(STAGE).values()}
    for handler in handlers:
        assert callable(pump.handler(handler))
    files = {path.stem for path in (ROOT / "functions").glob("*.py") if path.stem != "__init__"}
    assert files == {handler.split(".")[1] for handler in handlers if handler.startswith("functions.")}
    for name in files:
        assert importlib.import_module(f"functions.{name}").__doc__


def lines_of_handlers(text: str) -> list[int]:
    """How many statements each handler of a function's module has, its docstring aside."""
    handlers = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "handler"]
    return [len(node.body) - (ast.get_docstring(node) is not None) for node in handlers]


def test_a_handler_of_a_function_is_one_line() -> None:
    for path in sorted((ROOT / "functions").glob("*.py")):
        assert set(lines_of_handlers(path.read_text(encoding="utf-8"))) <= {1}, (
            f"{path.name}: the work is the feature's"
        )


def test_a_handler_that_works_itself_is_found() -> None:
    bad = 'def handler(event, context=None):\n    """Close."""\n    days = [1, 2]\n    return {"closed": close(days)}\n'
    assert lines_of_handlers(bad) == [2]


def faults_of_work(name: str, texts: list[str], handlers: dict[str, str]) -> list[str]:
    """Whether functions run what a feature leaves to be done: a sweep, and what follows its stream if it is woken.

    ``texts``: the feature's modules; ``handlers``: the text of each function's module, by how it is started.
    """
    faults = []
    worker = f'features.worker("{name}")'
    if f"{worker}.sweep" not in handlers["schedule"]:
        faults.append(f"no scheduled function sweeps the work of {name}")
    is_woken = any("worker.wake(" in text for text in texts)
    if is_woken and f"{worker}.follow" not in handlers["stream"]:
        faults.append(f"no function behind a stream follows the work of {name}")
    return faults


def test_the_work_of_every_feature_is_run_by_functions() -> None:
    def text_of(handler: str) -> str:
        module = handler.rpartition(".")[0]
        return (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")

    handlers = {
        "schedule": "\n".join(text_of(handler) for _, handler in template.schedules(STAGE)),
        "stream": "\n".join(text_of(handler) for _, handler in template.stream_handlers(STAGE)),
    }
    for feature in features.all_features():
        if feature.work:
            folder = ROOT / "chalicelib" / feature.name
            texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))]
            assert faults_of_work(feature.name, texts, handlers) == []


def test_the_law_of_work_finds() -> None:
    swept = {"schedule": 'features.worker("halls").sweep()', "stream": ""}
    assert faults_of_work("halls", ["worker.schedule(item, when)"], swept) == []
    assert faults_of_work("halls", ["worker.wake(item)"], swept)
    assert faults_of_work("halls", [], {"schedule": "", "stream": ""})


def test_data_is_protected() -> None:
    for logical_name, resource in template.resources(STAGE).items():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"):
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", logical_name
    for name, properties in described().items():
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert properties["SSESpecification"]["SSEEnabled"] and properties["BillingMode"] == "PAY_PER_REQUEST", name


def test_nothing_names_a_partition_or_an_account() -> None:
    for path in (ROOT / "infra").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "arn:aws:" not in text and not re.search(r"(?<!lambda\.)(?<!apigateway\.)(?<!com\.)amazonaws\.com", text)


def test_the_running_tables_are_the_templates(world: World) -> None:
    database = aws.session().create_client("dynamodb", config=aws.CONFIG)
    for name in described():
        answer = database.describe_table(TableName=f"banshi-{STAGE}-{name}")["Table"]
        made = {index["IndexName"] for index in answer.get("GlobalSecondaryIndexes", [])}
        assert made == {index["IndexName"] for index in described()[name].get("GlobalSecondaryIndexes", [])}


def test_the_drawing_function_knows_every_kind_of_document(environment: Environment) -> None:
    """In a process of its own: this one has imported everything."""
    program = (
        "import sys\n"
        "exec(sys.argv[1])\n"
        "from chalicelib.kernel.edge import documents\n"
        "print(','.join(sorted(documents._MAKERS)))"
    )
    known = []
    all_of_the_api = "from chalicelib import features; features.load_routes()"
    for loading in (all_of_the_api, "import functions.print_certificate"):
        done = subprocess.run(
            [sys.executable, "-c", program, loading], capture_output=True, text=True, cwd=ROOT, check=True
        )
        known.append(done.stdout.strip().split(","))
    assert known[0] == known[1] and "receipt" in known[0]
