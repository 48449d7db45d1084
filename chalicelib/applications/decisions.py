"""Decision tables (ZEN engine, JDM): what the rules find, and what it leads to.

The engine treats a condition that fails to evaluate as not met, in silence. So facts are checked
against the service's ``facts.json`` first (incomplete facts mean a person looks), and publishing
demands an example that exercises each row (docs/decisions/decision-tables.md).
"""

from __future__ import annotations

import functools
import json
from typing import Any

import msgspec

from chalicelib.applications import forms
from chalicelib.catalog.definition import ServiceDefinition, Text


class Finding(msgspec.Struct, frozen=True):
    """One row that applied: its effect (``not_accept``, ``refuse``, ``review``), code and reason."""

    effect: str
    code: str
    reason: Text


FACTS_INCOMPLETE = Finding(
    "review",
    "facts_incomplete",
    Text("部门登记数据不完整，转人工核查", "The registers' data is incomplete; an officer checks"),
)


@functools.lru_cache(maxsize=128)
def _decision(rules: str) -> Any:
    import zen

    return zen.ZenEngine().create_decision(rules)


def evaluate(definition: ServiceDefinition, context: dict[str, Any]) -> list[Finding]:
    """All rows of all tables that apply to ``context`` (today, applicant, form, facts, overlap)."""
    result = _decision(json.dumps(definition.rules)).evaluate(context)["result"]
    found = [
        Finding(row["effect"], row["code"], Text(row["zh"], row["en"]))
        for table in sorted(result)
        for row in result[table]
    ]
    if forms.check(definition.facts, context["facts"]):
        found.append(FACTS_INCOMPLETE)
    return found
