"""A feature says what it is, and all of it: what its modules have and its declaration does not name is found."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pynamodb.attributes import Attribute, BinaryAttribute, BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib import features
from chalicelib.kernel.access import ANY_STAFF
from chalicelib.kernel.edge import endpoint, routing
from chalicelib.kernel.feature import Feature
from chalicelib.kernel.storage import attributes
from chalicelib.kernel.storage.tables import Table
from local.environment import ROOT
from local.gateway import Gateway
from scenes.world import World
from tests.laws.test_template import models

LIBRARY = ROOT / "chalicelib"
FEATURES = {feature.name: feature for feature in features.all_features()}


def modules_with(folder: Path, pattern: str) -> set[str]:
    """The modules in a folder, from there, whose text has something at the beginning of a line."""
    found = set()
    for path in sorted(folder.rglob("*.py")):
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE):
            parts = path.relative_to(folder).with_suffix("").parts
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def faults_of_declaration(feature: Feature, folder: Path) -> list[str]:
    """What a feature's modules have although its declaration does not name it."""
    faults = []
    for kind, declared, pattern in (
        ("settings", {feature.settings.partition(":")[0]}, r"read_all\("),
        ("work", {feature.work.partition(":")[0]}, r"^[A-Z_]+ = Worker\("),
        ("events", {feature.events}, r"^[A-Z_]+ = EventType\("),
    ):
        faults += [f"{kind} in {module}" for module in sorted(modules_with(folder, pattern) - declared)]
    tells = (folder / "service" / "announcements.py").exists()
    if tells != bool(feature.tells):
        faults.append("service/announcements.py and what it tells")
    return faults


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_a_feature_declares_all_that_it_has(feature: Feature) -> None:
    assert faults_of_declaration(feature, LIBRARY / feature.name) == []


def test_the_law_of_declarations_finds(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "settings.py").write_text("found = read_all([X], os.environ)[0]", encoding="utf-8")
    (tmp_path / "service" / "followups.py").write_text("WORKER = Worker(name='x', deeds={})", encoding="utf-8")
    (tmp_path / "service" / "announcements.py").write_text("def tell(): ...", encoding="utf-8")
    (tmp_path / "service" / "bills.py").write_text("PAID = EventType('paid', zh='', en='')", encoding="utf-8")
    assert len(faults_of_declaration(Feature(name="x", title="x"), tmp_path)) == 4


def test_every_table_belongs_to_the_feature_whose_items_are_in_it() -> None:
    for model in models():
        own = model.__module__.split(".")[1]
        table = model.Meta.table_name
        if own in FEATURES:
            assert table in FEATURES[own].tables, f"{model.__name__} lies in {table}"
        else:
            assert table in features.KERNEL_TABLES, f"{model.__name__} lies in {table}"


def test_every_endpoint_that_is_declared_is_loaded() -> None:
    features.load_routes()
    loaded = {one.view.__module__ for one in endpoint.REGISTRY}
    declaring = {f"chalicelib.{name}" for name in modules_with(LIBRARY, r"^@endpoint\(")}
    assert declaring == loaded


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_names_the_paths_of_its_endpoints(feature: str) -> None:
    """They are loaded by these names only: an endpoint whose path is not named would answer 404."""
    features.load_routes()
    own = [one for one in endpoint.REGISTRY if one.view.__module__.split(".")[1] == feature]
    found = {routing.resource_of(one): routing.first_part(one.path) for one in own}
    greedy = {routing.first_part(one.path) for one in own if routing.resource_of(one) == routing.GREEDY_RESOURCE}
    assert set(FEATURES[feature].paths) == greedy
    assert set(FEATURES[feature].resources) == set(found) - {routing.GREEDY_RESOURCE}


_COLD = """
import json, sys
from app import app
event, expected = json.loads(sys.argv[1]), json.loads(sys.argv[2])
context = type("Context", (), {"aws_request_id": "x"})()
answer = app(event, context)
assert answer["statusCode"] == expected, answer
print(json.dumps(sorted(name for name in sys.modules if name.startswith("chalicelib.") and "routes" in name)))
"""


@pytest.mark.parametrize(
    ("path", "status", "loaded"),
    [
        ("/v1/nothing", 404, []),
        ("/v1/nothing/at/all", 404, []),
        ("/v1/services", 200, ["catalog"]),
        ("/v1/services/x", 404, ["catalog"]),
    ],
)
def test_a_cold_start_loads_the_endpoints_that_are_called(
    world: World, path: str, status: int, loaded: list[str]
) -> None:
    from app import app

    caught: list[dict[str, Any]] = []

    def catch(event: dict[str, Any], context: Any) -> dict[str, Any]:
        caught.append(event)
        return {"statusCode": 200, "body": ""}

    Gateway(catch, app.routes).handle("GET", path, {"accept": "*/*"}, b"", "127.0.0.1")
    done = subprocess.run(
        [sys.executable, "-c", _COLD, json.dumps(caught[0]), json.dumps(status)],
        cwd=ROOT,
        env={**os.environ, **world.environment.settings()},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name.split(".")[1] for name in json.loads(done.stdout)}
    assert found == set(loaded)


def test_every_module_that_is_named_exists() -> None:
    """What is only named, and misspelt, would be missing in the package."""
    for name in features.named_modules():
        assert importlib.util.find_spec(name) is not None, name


def test_every_role_that_an_endpoint_names_is_somebodys() -> None:
    features.load_routes()
    named = {role for one in endpoint.REGISTRY for role in one.access.staff}
    assert named <= {*features.roles(), *ANY_STAFF}, named - set(features.roles())


BY_CHANCE = {"api.py": {"identity"}}
"""Texts in the kernel that are a feature's name by chance: API Gateway calls its caller so."""


def texts_of(text: str) -> set[str]:
    """The texts in a module's code; its docstrings are for people."""
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    }


def test_the_kernel_names_no_feature() -> None:
    for path in sorted((LIBRARY / "kernel").rglob("*.py")):
        named = texts_of(path.read_text(encoding="utf-8")) & set(features.NAMES)
        assert named == BY_CHANCE.get(path.name, set()), f"{path.name} names {named}"


AWS_READERS = {"kernel/wire/addresses.py"}
"""Reads the names that every AWS client reads: address, region, key. They are no settings of ours."""


def test_only_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(LIBRARY))
        for path in LIBRARY.rglob("*.py")
        if "os.environ" in path.read_text(encoding="utf-8") or "os.getenv" in path.read_text(encoding="utf-8")
    }
    assert {name for name in readers if not name.endswith("settings.py")} == AWS_READERS | {"features.py"}


# Typed attributes

TYPES = (
    UnicodeAttribute, BinaryAttribute, BooleanAttribute, UnicodeSetAttribute, attributes.Integer, attributes.Names,
    attributes.Json, attributes.Day, attributes.OptionalDay, attributes.Moment, attributes.OptionalMoment,
    attributes.Packed,
)  # fmt: skip
SECONDS = {"expires_at", "used_at", "opened_at", "started_at", "called_at"}
"""Moments that are kept in epoch seconds: DynamoDB's time to live wants them, or they are compared in conditions."""


def faults_of_attributes(model: type[Table]) -> list[str]:
    """Attributes of other types than ours, and moments and days that are kept as text or numbers."""
    faults = []
    kinds: dict[str, Attribute[Any]] = model.get_attributes()
    for name, kind in kinds.items():
        if not isinstance(kind, TYPES):
            faults.append(f"{model.__name__}.{name} is a {type(kind).__name__}")
        is_moment = name == "at" or name.endswith("_at")
        is_day = name == "day" or name.endswith(("_on", "_by"))
        typed = (attributes.Moment, attributes.OptionalMoment, attributes.Day, attributes.OptionalDay)
        if is_moment and name not in SECONDS and not isinstance(kind, typed):
            faults.append(f"{model.__name__}.{name} is no moment")
        if is_day and name not in NOT_DAYS and not isinstance(kind, typed):
            faults.append(f"{model.__name__}.{name} is no day")
    return faults


NOT_DAYS = {"asked_by", "given_by", "postage_by", "replaced_by"}
"""Names that end like a day's and are persons, ways or things."""


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_attributes_have_the_types_that_the_code_works_with(model: type[Table]) -> None:
    assert faults_of_attributes(model) == []


def test_the_law_of_attributes_finds() -> None:
    from pynamodb.attributes import NumberAttribute

    class LeaseItem(Table):
        """An item whose attributes are of other types than the code works with."""

        amount = NumberAttribute()
        begun_at = UnicodeAttribute()
        day = UnicodeAttribute()

    assert len(faults_of_attributes(LeaseItem)) == 3
