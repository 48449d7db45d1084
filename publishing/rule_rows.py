"""The rows of ``rules.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.catalog.definition import ServiceDefinition


def tables(definition: ServiceDefinition) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each decision table with its rows."""
    for node in definition.rules.get("nodes", []):
        if node.get("type") == "decisionTableNode":
            yield node["name"], node["content"]["rules"]


def codes(definition: ServiceDefinition) -> dict[str, str]:
    """Code of each row, with the place where it stands."""
    return {
        str(literal(row.get("code", '""'))): f"{table} row {number}"
        for table, rows in tables(definition)
        for number, row in enumerate(rows, 1)
    }


def literal(text: str) -> Any:
    """The value of a text in quotes; None for anything else."""
    try:
        return json.loads(text)
    except ValueError:
        return None
