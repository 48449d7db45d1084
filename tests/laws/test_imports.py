"""Imports point downwards only, rules are pure, and the API imports little at a cold start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import ROOT, Environment

LIBRARY = ROOT / "chalicelib"
ORDER = (
    "kernel", "platforms", "identity", "catalog", "certificates", "payments", "delivery", "applications",
    "appointments", "queueing", "notices",
)  # fmt: skip
STANDARD = sys.stdlib_module_names


def imports(path: Path) -> list[str]:
    """Every module that a file imports, wherever in it; ``from x import y`` gives ``x.y``."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def feature(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0]


FILES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_point_downwards_and_reach_other_features_by_their_service(path: Path) -> None:
    own = feature(path)
    assert own in ORDER, f"{own} has no place in the order"
    for name in imports(path):
        assert not name.startswith(("local", "tools", "tests", "functions", "app")), name
        if not name.startswith("chalicelib."):
            continue
        other = name.split(".")[1]
        assert ORDER.index(other) <= ORDER.index(own), f"{own} must not import {name}"
        if other not in (own, "kernel", "platforms"):
            door = name.split(".")[2]
            errors_of_routes = "routes" in (path.stem, path.parent.name) and door == "rules"
            assert door in ("service", "definition") or errors_of_routes, f"{path.name} reaches into {name}"


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*/rules.py")), ids=lambda path: path.parent.name)
def test_rules_are_pure(path: Path) -> None:
    allowed = tuple(f"chalicelib.kernel.{name}" for name in ("errors", "clock", "graph", "numbers"))
    for name in imports(path):
        assert name.split(".")[0] in STANDARD or name.startswith(allowed), name
        assert name.split(".")[0] not in (
            "os",
            "socket",
            "urllib",
            "http",
            "subprocess",
            "random",
            "secrets",
            "time",
        ), name


def test_the_composition_root_stays_small() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 60


HEAVY = (
    "reportlab",
    "segno",
    "jinja2",
    "jwt",
    "alipay",
    "zen",
    "jsonschema_rs",
    "pyotp",
    "boto3",
    "PIL",
    "yaml",
    "rsa",
)
MODULE_BUDGET = 600


def test_the_api_imports_nothing_that_its_first_request_may_not_need(environment: Environment) -> None:
    program = "import sys, app; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    assert not [name for name in HEAVY if name in loaded]
    assert len(loaded) < MODULE_BUDGET, f"{len(loaded)} modules at cold start"


def test_no_request_scans_a_table() -> None:
    """Only the nightly check may: its file is named here."""
    scanning = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("scan", "rate_limited_scan", "batch_get"):
                scanning.append(str(path.relative_to(LIBRARY)))
    assert scanning == ["kernel/audit.py"]


def test_only_the_clock_reads_the_time() -> None:
    readers = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        for call in ("datetime.now(", "datetime.utcnow(", "date.today(", "time.time("):
            if call in text:
                readers.add(str(path.relative_to(LIBRARY)))
    assert readers == {"kernel/clock.py"}
