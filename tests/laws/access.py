"""Who may call what, and with which path, query and body: each feature says it beside its tests.

``tests/<feature>/access.yaml`` has a row for each endpoint. ``who`` names a pattern of ``access_patterns.yaml``.
``why`` says why anybody may call it; ``unchecked`` why a place in its path is not loaded and authorized as the target.
``body`` passes the declaration's shape (one open to anyone may refuse it as bad input); ``query`` is what it needs.
``tests/<feature>/places.py`` has a function for each place in the paths, and ``ABSENT`` with ids that nothing has.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from chalicelib import features
from scenes.world import Enterprise
from tools import openapi

_TESTS = Path(__file__).parent.parent
TABLE = yaml.safe_load((Path(__file__).parent / "access_patterns.yaml").read_text(encoding="utf-8"))
DECLARED = {declared.operation: declared for declared in openapi.declared()}
ROOMS = ("kernel", *features.NAMES)


def _rows() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for room in ROOMS:
        rows = yaml.safe_load((_TESTS / room / "access.yaml").read_text(encoding="utf-8"))
        assert not found.keys() & rows.keys(), f"two features have a row for {found.keys() & rows.keys()}"
        found |= rows
    return found


ROWS = _rows()
PATTERNS = {operation: row["who"] for operation, row in ROWS.items()}
EXPECTED = {operation: TABLE["patterns"][pattern] for operation, pattern in PATTERNS.items()}
PUBLIC = {operation: row["why"] for operation, row in ROWS.items() if "why" in row}
NOT_A_TARGET = {operation: row["unchecked"] for operation, row in ROWS.items() if "unchecked" in row}


class Places(dict[str, str]):
    """What stands for the places in paths, queries and bodies: an enterprise's things, made when first named."""

    def __init__(self, enterprise: Enterprise, *units: str) -> None:
        super().__init__()
        self.enterprise = enterprise
        self.units = ["transport_bureau", *units]

    def __missing__(self, name: str) -> str:
        self[name] = _maker(name)(self)
        return self[name]

    def path(self, operation: str) -> str:
        query = ROWS[operation].get("query", "")
        path: str = DECLARED[operation].path + query
        return path.format_map(self)

    def body(self, operation: str) -> Any:
        return self._fill(ROWS[operation].get("body", {}))

    def _fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._fill(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._fill(part) for part in value]
        if isinstance(value, str):
            return value.format_map(self)
        return value


def _maker(name: str) -> Callable[[Places], str]:
    for room in ROOMS:
        found: Callable[[Places], str] | None = getattr(_places_of(room), name, None)
        if found is not None:
            return found
    raise KeyError(f"no tests/<feature>/places.py says what stands for {{{name}}}")


def absent() -> dict[str, str]:
    """Ids that nothing has, by their places."""
    found: dict[str, str] = {}
    for room in ROOMS:
        found |= _places_of(room).ABSENT
    return found


def _places_of(room: str) -> Any:
    return importlib.import_module(f"tests.{room}.places")
