"""Imports point downwards only, rules are pure, and the API imports little at a cold start."""

from __future__ import annotations

import ast
import functools
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from chalicelib import features
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.feature import Feature
from local.environment import ROOT, Environment
from tools import imports as reading
from tools.imports import circles, edges_of_files, edges_of_folders, imports, imports_of, is_below, module_name

LIBRARY = ROOT / "chalicelib"
GROUND = ("kernel", "platforms")
"""What every feature may import."""
OUTSIDE = ("publishing", "local", "tools", "tests", "functions", "infra", "demo", "bench", "app")
PURE = (
    "__future__", "collections", "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib",
    "zlib", "itertools",
    "math", "re", "struct", "typing", "unicodedata", "msgspec",
)  # fmt: skip
PURE_SHAPES = ("chalicelib.catalog.definition",)
"""What the city's definitions look like: values, and nothing that reads or writes."""
PURE_KERNEL = ("errors", "clock", "event_types", "graph", "numbers", "roles")


DOORS = {("catalog", "definition")}
"""Doors of features beside ``service``: the shapes of the city's definitions."""


def faults_of_imports(module: str, names: list[str], uses: tuple[str, ...]) -> list[str]:
    """What a module of chalicelib imports although it may not; ``uses`` are the features that its feature declares."""
    own = module.split(".")[1]
    faults = []
    for name in names:
        if any(is_below(name, outside) for outside in OUTSIDE):
            faults.append(f"{module} must not know {name}")
        if not is_below(name, "chalicelib") or name == "chalicelib":
            continue
        parts = name.split(".")
        other = parts[1]
        if other == own or other == "kernel" or (other == "platforms" and own != "kernel"):
            continue
        if other == "features":
            if module not in ASKING_FEATURES:
                faults.append(f"{module} must not ask the list of features")
            continue
        if other not in uses:
            faults.append(f"{module} imports {name}, and {own} does not declare that it uses {other}")
        door = parts[2] if len(parts) > 2 else ""
        is_routes = "routes" in module.split(".")
        is_door = (other, door) in DOORS or door == "service" or (is_routes and door == "rules")
        is_private = any(part.startswith("_") for part in parts[2:])
        if not is_door or is_private:
            faults.append(f"{module} reaches into {name}; the door is {other}.service")
        elif door == "service" and len(parts) > 3 and parts[3] not in door_of(other):
            faults.append(f"{module} takes {name}, which {other}.service does not offer")
    return faults


@functools.cache
def door_of(feature: str) -> frozenset[str]:
    """What a feature offers to others."""
    return frozenset(importlib.import_module(f"chalicelib.{feature}.service").__all__)


def faults_of_whole_imports(text: str) -> list[str]:
    """``import chalicelib...`` gives everything below it; modules are only taken by ``from``, and never by name."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            faults += [alias.name for alias in node.names if is_below(alias.name, "chalicelib")]
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.modules":
            faults.append("sys.modules")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Feature":
            faults.append("Feature(...)")
    return faults


def test_modules_are_taken_by_from() -> None:
    for path in FILES:
        if path.name == "__init__.py" and path.parent.parent == LIBRARY:
            continue
        assert faults_of_whole_imports(path.read_text(encoding="utf-8")) == [], path


def test_the_law_of_whole_imports_finds() -> None:
    assert faults_of_whole_imports("import chalicelib\nimport chalicelib.identity.store") != []
    assert faults_of_whole_imports("store = sys.modules['chalicelib.identity.store']") == ["sys.modules"]
    assert faults_of_whole_imports("Feature(name='identity').load('store')") == ["Feature(...)"]
    assert faults_of_whole_imports("from chalicelib.identity import service") == []


def test_routes_take_only_errors_of_another_features_rules() -> None:
    for path in sorted(LIBRARY.glob("*/routes*")) + sorted(LIBRARY.glob("*/routes/*.py")):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        own = path.relative_to(LIBRARY).parts[0]
        for other, alias in re.findall(r"^from chalicelib\.(\w+) import rules as (\w+)", text, re.MULTILINE):
            rules = importlib.import_module(f"chalicelib.{other}.rules")
            for name in set(re.findall(rf"\b{alias}\.(\w+)", text)):
                taken = getattr(rules, name)
                codes = taken if isinstance(taken, list) else [taken]
                assert all(isinstance(code, ErrorCode) for code in codes), f"{own} takes {name} of {other}"


ASKING_FEATURES = {"chalicelib.notices.service.sources", "chalicelib.payments.service.followups"}
"""Modules of features that read what all features say of themselves."""
FEATURES = {feature.name: feature for feature in features.all_features()}
FILES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY)


def uses_of(path: Path) -> tuple[str, ...]:
    own = path.relative_to(LIBRARY).parts[0]
    if own in GROUND:
        return ()
    return FEATURES[own].uses


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_feature_imports_what_it_declares_and_by_the_door(path: Path) -> None:
    assert faults_of_imports(module_name(path), imports_of(path), uses_of(path)) == []


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_a_feature_declares_exactly_what_it_uses_and_only_what_is_below_it(feature: Feature) -> None:
    used = set()
    for path in (LIBRARY / feature.name).rglob("*.py"):
        for name in imports_of(path):
            parts = name.split(".")
            if is_below(name, "chalicelib") and len(parts) > 1 and parts[1] in FEATURES:
                used.add(parts[1])
    assert used - {feature.name} == set(feature.uses)
    below = features.NAMES[: features.NAMES.index(feature.name)]
    assert set(feature.uses) <= set(below)
    assert tuple(sorted(feature.uses, key=below.index)) == feature.uses


ROOMS = {
    "storage": (),
    "security": ("storage",),
    "events": ("storage", "security"),
    "edge": ("storage", "security"),
}
"""The rooms of the kernel, and which others each may import; what lies outside of rooms imports none."""


def faults_of_rooms(module: str, names: list[str]) -> list[str]:
    """What a module of the kernel imports from a room that it may not know."""
    own = module.split(".")[2]
    allowed = (own, *ROOMS.get(own, ()))
    rooms = {name.split(".")[2] for name in names if is_below(name, "chalicelib.kernel") and name.count(".") > 1}
    return [f"{module} must not import from {room}" for room in sorted(rooms & set(ROOMS)) if room not in allowed]


KERNEL_FILES = [path for path in FILES if path.is_relative_to(LIBRARY / "kernel") and path.parent.name != "chalicelib"]


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_the_kernels_rooms_have_no_circle(path: Path) -> None:
    module = module_name(path)
    if module.count(".") > 1:
        assert faults_of_rooms(module, imports_of(path)) == []


def test_the_law_of_rooms_finds() -> None:
    assert faults_of_rooms("chalicelib.kernel.storage.tables", ["chalicelib.kernel.events.changes"])
    assert faults_of_rooms("chalicelib.kernel.log", ["chalicelib.kernel.security.secrets.secrets"])
    assert faults_of_rooms("chalicelib.kernel.events.changes", ["chalicelib.kernel.edge.endpoint"])
    assert not faults_of_rooms("chalicelib.kernel.events.changes", ["chalicelib.kernel.access.Actor"])


FOLDERS = {
    "app": ("chalicelib",),
    "functions": ("chalicelib",),
    "publishing": ("chalicelib",),
    "infra": ("chalicelib", "publishing"),
    "local": ("chalicelib", "app", "publishing", "infra"),
    "tools": ("chalicelib", "publishing", "infra", "local"),
    "demo": ("chalicelib", "infra", "local", "tools"),
    "scenes": ("chalicelib", "app", "functions", "publishing", "infra", "local", "demo"),
    "bench": ("chalicelib", "app", "functions", "publishing", "infra", "local", "scenes"),
}
"""The folders of the repository, and which others each may import: there is no circle."""


def faults_of_folders(folder: str, names: list[str]) -> list[str]:
    tops = {name.split(".")[0] for name in names}
    known = {*FOLDERS, "chalicelib", "tests"} - {folder}
    return [f"{folder} must not import {top}" for top in sorted(tops & known) if top not in FOLDERS[folder]]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folders_have_no_circle(folder: str) -> None:
    place = ROOT / folder
    files = sorted(place.rglob("*.py")) if place.is_dir() else [ROOT / f"{folder}.py"]
    found = []
    for path in files:
        found += faults_of_folders(folder, imports_of(path))
    assert found == []
    order = list(FOLDERS)
    own = order.index(folder)
    assert all(other not in order or order.index(other) < own for other in FOLDERS[folder])


def test_the_law_of_folders_finds() -> None:
    assert faults_of_folders("infra", ["tools.publish.main"])
    assert faults_of_folders("functions", ["local.pump"])
    assert not faults_of_folders("infra", ["toolsmith", "publishing.publication"])


def test_every_folder_is_a_feature_or_ground() -> None:
    folders = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert folders == {*GROUND, *features.NAMES}


def test_what_features_name_is_there() -> None:
    for feature in FEATURES.values():
        for module in feature.modules():
            importlib.import_module(module)
        for place in (*feature.graphs.values(), *feature.completes.values()):
            assert feature.load(place)


BAD_IMPORTS = {
    "a feature that is not declared": ("chalicelib.payments.service.bills", "import chalicelib.delivery.service"),
    "past the door": ("chalicelib.payments.service.bills", "from chalicelib.identity import store"),
    "past the door, relatively": ("chalicelib.payments.service.bills", "from ...identity import store"),
    "rules from outside of routes": ("chalicelib.payments.service.bills", "from chalicelib.identity import rules"),
    "a private part behind the door": (
        "chalicelib.payments.service.bills",
        "from chalicelib.identity.service.sessions import _hash",
    ),
    "a door that is another feature's": (
        "chalicelib.payments.service.bills",
        "from chalicelib.identity import definition",
    ),
    "a feature from the kernel": ("chalicelib.kernel.log", "from chalicelib.identity import service"),
    "a platform from the kernel": ("chalicelib.kernel.log", "from ..platforms import wechat"),
    "a tool": ("chalicelib.payments.rules", "import tools.staff"),
    "the list of features": ("chalicelib.payments.rules", "from chalicelib import features"),
}


@pytest.mark.parametrize("name", BAD_IMPORTS)
def test_the_law_of_imports_finds(name: str) -> None:
    module, text = BAD_IMPORTS[name]
    own = module.split(".")[1]
    uses = FEATURES[own].uses if own in FEATURES else ()
    assert faults_of_imports(module, imports(module, text), uses)


def test_the_law_of_imports_compares_names_by_part() -> None:
    text = "import locale, toolsmith, application"
    module = "chalicelib.payments.rules"
    assert faults_of_imports(module, imports(module, text), ()) == []


def faults_of_routes(folder: Path) -> list[str]:
    """What is wrong with a folder of routes: a file that nobody loads, or one that imports another of them."""
    faults = []
    loaded = imports_of(folder / "__init__.py")
    own = module_name(folder / "__init__.py")
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "@endpoint(" in text and f"{own}.{path.stem}" not in loaded:
            faults.append(f"{path.stem} declares endpoints and is not loaded")
        if path.stem == "__init__":
            continue
        for name in imports(module_name(path), text):
            shared = any(is_below(name, f"{own}.{one}") for one in ("shapes", "views"))
            if is_below(name, own) and not shared:
                faults.append(f"{path.stem} imports {name}: what several share stands in shapes or views")
    return faults


@pytest.mark.parametrize("folder", sorted(LIBRARY.glob("*/routes")), ids=lambda path: path.parent.name)
def test_every_file_of_routes_is_loaded_and_stands_alone(folder: Path) -> None:
    assert faults_of_routes(folder) == []


def test_the_law_of_routes_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    folder = tmp_path / "chalicelib" / "halls" / "routes"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from chalicelib.halls.routes import clerk", encoding="utf-8")
    (folder / "clerk.py").write_text("from chalicelib.halls.routes.shapes import Day", encoding="utf-8")
    assert faults_of_routes(folder) == []
    (folder / "visitor.py").write_text("@endpoint('GET', '/')\ndef f(): ...", encoding="utf-8")
    assert faults_of_routes(folder) == ["visitor declares endpoints and is not loaded"]
    (folder / "visitor.py").write_text("from chalicelib.halls.routes.clerk import DESK", encoding="utf-8")
    assert len(faults_of_routes(folder)) == 1


MOST_LINES = 400
MOST_NAMES_OF_A_DOOR = 40


def is_too_long(text: str) -> bool:
    return len(text.splitlines()) > MOST_LINES


def test_no_file_is_longer_than_one_reads_at_a_sitting() -> None:
    assert [str(path.relative_to(LIBRARY)) for path in FILES if is_too_long(path.read_text(encoding="utf-8"))] == []


def test_the_law_of_lengths_finds() -> None:
    assert is_too_long("x = 1\n" * (MOST_LINES + 1))
    assert not is_too_long("x = 1\n" * MOST_LINES)


def faults_of_door(door: ModuleType) -> list[str]:
    """What is wrong with what a feature offers to others: that it does not say what, or that it is too much."""
    exported = getattr(door, "__all__", None)
    if exported is None:
        return ["it has no __all__"]
    return [f"{len(exported)} names"] if len(exported) > MOST_NAMES_OF_A_DOOR else []


@pytest.mark.parametrize("feature", FEATURES)
def test_a_door_is_small(feature: str) -> None:
    assert faults_of_door(importlib.import_module(f"chalicelib.{feature}.service")) == []


def test_the_law_of_doors_finds() -> None:
    door = ModuleType("door")
    assert faults_of_door(door)
    door.__all__ = [f"name_{number}" for number in range(MOST_NAMES_OF_A_DOOR)]  # type: ignore[attr-defined]
    assert not faults_of_door(door)
    door.__all__.append("one_more")
    assert faults_of_door(door)


def test_nothing_imports_in_a_circle() -> None:
    assert circles(edges_of_files()) == []
    assert circles(edges_of_folders()) == []


def test_the_law_of_circles_finds() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_every_folder_with_code_stands_in_the_law_of_folders() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    tops = {name.split("/")[0].removesuffix(".py") for name in listed.stdout.split()}
    assert tops - {*FOLDERS, "chalicelib", "tests"} == set()


LOADING_BY_NAME = {"features.py", "kernel/feature.py"}
"""Where modules are loaded by their names, which no import statement shows."""


def test_modules_are_loaded_by_name_in_two_places_only() -> None:
    found = set()
    for path in LIBRARY.rglob("*.py"):
        loads = [name for name in imports_of(path) if is_below(name, "importlib")]
        if loads or "__import__(" in path.read_text(encoding="utf-8"):
            found.add(str(path.relative_to(LIBRARY)))
    assert found == LOADING_BY_NAME


def graphs_in(text: str) -> list[str]:
    """The names of the state machines that a module's text makes; ``?`` for one that has no name of its own."""
    tree = ast.parse(text)
    found = []
    named: set[int] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _makes_graph(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [ast.unparse(target) for target in targets]
            named.add(id(node.value))
    found += ["?" for node in ast.walk(tree) if _makes_graph(node) and id(node) not in named]
    return found


def _makes_graph(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Graph"


def test_the_ground_has_no_state_machines() -> None:
    for folder in GROUND:
        for path in (LIBRARY / folder).rglob("*.py"):
            assert graphs_in(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_every_state_machine_is_declared(feature: Feature) -> None:
    made = set()
    for path in (LIBRARY / feature.name).rglob("*.py"):
        for name in graphs_in(path.read_text(encoding="utf-8")):
            made.add(f"{module_name(path).removeprefix(f'chalicelib.{feature.name}.')}:{name}")
    assert made == set(feature.graphs.values())
    if feature.tells:
        assert callable(feature.load("service.announcements:tell"))


def test_two_features_cannot_declare_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = (FEATURES["delivery"], FEATURES["delivery"])
    monkeypatch.setattr(features, "all_features", lambda: twins)
    for asked in (features.graphs, features.events, features.completions):
        with pytest.raises(ValueError, match="two features declare"):
            asked()


def test_the_law_of_state_machines_finds() -> None:
    assert graphs_in("A = Graph((), X, {})\nB = graph.Graph((), X, {})\nC = 1") == ["A", "B"]
    assert graphs_in("A: Graph = Graph((), X, {})\nB = {'x': Graph((), X, {})}") == ["A", "?"]


def faults_of_rules(module: str, text: str) -> list[str]:
    """What makes a ``rules.py`` impure: imports that are not on the list, files, and the present time."""
    own = module.rpartition(".")[0]
    pure_ones = [f"{own}.{name}" for name in ("events", *PURE_MODULES.get(own.rpartition(".")[2], ()))]
    allowed = (*PURE, *(f"chalicelib.kernel.{name}" for name in PURE_KERNEL), *pure_ones, *PURE_SHAPES)
    faults = []
    for name in imports(module, text):
        if not any(is_below(name, one) for one in allowed):
            faults.append(f"imports {name}")
        if is_below(name, "chalicelib.kernel.clock") and name.rpartition(".")[2] in ("now", "today", "use"):
            faults.append(f"imports {name}")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if alias.name.rpartition(".")[2] == "clock" and alias.asname:
                    faults.append("gives the clock another name")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            asks_time = called.rpartition(".")[2] in ("now", "today", "utcnow", "_source")
            if asks_time or called in ("open", "print", "input"):
                faults.append(f"calls {called}")
    return faults


PURE_MODULES = {
    "applications": (
        "rules", "answers", "course", "guards", "limits", "migration", "process", "refusals", "verbs", "watch",
    ),
    "appointments": ("rules", "limits", "seats"),
    "identity": ("rules", "mandate_rules", "session_rules", "staff_rules"),
    "payments": ("rules", "double_entry", "differences"),
    "queueing": ("rules", "calling", "estimates", "lines", "packing", "queue"),
}  # fmt: skip
"""Modules beside ``rules.py`` that are pure too, by feature."""
PURE_FILES = sorted(
    [*LIBRARY.glob("*/rules.py"), LIBRARY / "kernel" / "graph.py"]
    + [LIBRARY / feature / f"{name}.py" for feature, names in PURE_MODULES.items() for name in names if name != "rules"]
)


@pytest.mark.parametrize("path", PURE_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_rules_are_pure(path: Path) -> None:
    assert faults_of_rules(module_name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from datetime import datetime\nfrom chalicelib.kernel import clock\nnow = clock.now()",
        "from chalicelib.kernel.storage import tables",
        "from . import store",
        "text = open('x').read()",
        "import random",
        "from chalicelib.kernel.clock import now",
        "from chalicelib.kernel import clock as c",
        "from datetime import datetime\nnow = datetime.now()",
        "from datetime import datetime as dt\nnow = dt.now()",
        "from datetime import datetime\nnow = datetime.today()",
    ],
)
def test_the_law_of_pure_rules_finds(text: str) -> None:
    assert faults_of_rules("chalicelib.payments.rules", text)


def test_the_composition_root_stays_small() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 60


HEAVY = (
    "reportlab",
    "qrcode",
    "jinja2",
    "jwt",
    "alipay",
    "zen",
    "jsonschema_rs",
    "pyotp",
    "webauthn",
    "zxcvbn",
    "OpenSSL",
    "boto3",
    "PIL",
    "yaml",
    "rsa",
)
LIBRARY_BUDGET = 425
"""Modules of libraries that a cold start of the API loads; our own are many and small, and grow with the features."""


def test_the_api_imports_nothing_that_its_first_request_may_not_need(environment: Environment) -> None:
    # botocore takes pyOpenSSL's way to TLS where it finds it; the package has no such module (infra/reduce.py)
    program = "import sys; sys.modules['urllib3.contrib.pyopenssl'] = None; import app; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    assert not [name for name in HEAVY if name in loaded]
    libraries = [name for name in loaded if not name.startswith("chalicelib")]
    assert len(libraries) < LIBRARY_BUDGET, f"{len(libraries)} modules of libraries at cold start"


def test_no_request_scans_a_table() -> None:
    """Only the nightly check may: its file is named here."""
    scanning = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("scan", "rate_limited_scan", "batch_get"):
                scanning.append(str(path.relative_to(LIBRARY)))
    assert scanning == ["kernel/events/audit.py"]


def test_only_the_clock_reads_the_time() -> None:
    readers = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        for call in ("datetime.now(", "datetime.utcnow(", "date.today(", "time.time("):
            if call in text:
                readers.add(str(path.relative_to(LIBRARY)))
    assert readers == {"kernel/clock.py"}


def twice_named(texts: list[str]) -> set[str]:
    """The names that several modules give to a class of theirs."""
    seen: set[str] = set()
    twice: set[str] = set()
    for text in texts:
        own = set(re.findall(r"^class (\w+)", text, re.MULTILINE))
        twice |= {name for name in own & seen if not name.startswith("_")}
        seen |= own
    return twice


def test_a_class_name_is_used_once() -> None:
    assert twice_named([path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py")]) == set()


def test_the_law_of_class_names_finds() -> None:
    assert twice_named(["class Order:\n    pass", "class Order(Struct):\n    pass", "class _Node: ..."]) == {"Order"}


def test_what_is_independent_imports_nothing_of_ours() -> None:
    """The calculator of limits is somebody else's work: agreement says something only as long as it stays so."""
    for path in sorted((ROOT / "tests" / "independent").glob("*.py")):
        named = imports(module_name(path), path.read_text(encoding="utf-8"))
        ours = [name for name in named if is_below(name, "chalicelib") or is_below(name, "scenes")]
        assert ours == [], path
