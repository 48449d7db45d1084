"""The rows of a service's decision tables, as the checks of fees read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.catalog.definition import Example


def rows_of(graph: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of all tables, each with its place."""
    for node in graph.get("nodes", []):
        if node.get("type") == "decisionTableNode":
            for number, row in enumerate(node["content"]["rules"], 1):
                yield f"{node['name']} row {number}", row


def text_of(graph: dict[str, Any]) -> str:
    """All expressions of a graph's tables."""
    return " ".join(f"{row.get('when', '')} {row.get('amount', '')}" for _, row in rows_of(graph))


def literal(text: str) -> str | None:
    """The text in quotes, None for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def context_of(example: Example, form: dict[str, Any]) -> dict[str, Any]:
    """What the tables look at in an example with this form."""
    return {
        "today": str(example.today),
        "applicant": example.applicant,
        "form": form,
        "facts": example.facts,
        "overlap": example.overlap,
    }
