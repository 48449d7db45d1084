"""What must be true of a service's fees: whole fen, known items, collecting units, and an example for every row.

Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import zen

from chalicelib.applications import decisions
from chalicelib.catalog.definition import City, Example, ServiceDefinition

Found = Iterator[tuple[str, str, str]]


def structure(definition: ServiceDefinition, city: City) -> Found:
    """The fee items of ``service.json`` and the rows of ``fees.json``."""
    item, units = definition.item, {unit.code for unit in city.units}
    codes = [fee.code for fee in item.fees]
    if bool(codes) != bool(definition.fees):
        yield "fees.json", "", "service.json names fee items if and only if there is a fees.json"
    if codes and not item.online_payment:
        yield "service.json", "$.online_payment", "must be true for a service with fees"
    if codes and definition.certificate.exclusive:
        yield "certificate.json", "$.exclusive", "the period could be lost between approval and payment; leave it out"
    for fee in item.fees:
        if codes.count(fee.code) > 1:
            yield "service.json", f"$.fees {fee.code}", "two fee items have one code"
        if fee.unit not in units:
            yield "service.json", f"$.fees {fee.code}.unit", f"no unit {fee.unit} in city.json"
    yield from _rows(definition, set(codes))


def _rows(definition: ServiceDefinition, items: set[str]) -> Found:
    seen: set[str] = set()
    for place, row in _places(definition):
        for name in ("when", "amount"):
            mistake = zen.validate_expression(row.get(name, ""))
            if mistake:
                yield "fees.json", place, f"{name}: {mistake['source']}"
        for name in ("code", "item", "zh", "en"):
            if not _literal(row.get(name, "")):
                yield "fees.json", place, f"{name} must be a text in quotes"
        if _literal(row.get("item", "")) not in items:
            yield "fees.json", place, f"no fee item {row.get('item')} in service.json"
        code = str(_literal(row.get("code", "")))
        if code in seen:
            yield "fees.json", place, f"code {code} stands in another row already"
        seen.add(code)


def _places(definition: ServiceDefinition) -> Iterator[tuple[str, dict[str, Any]]]:
    for node in definition.fees.get("nodes", []):
        if node.get("type") == "decisionTableNode":
            for number, row in enumerate(node["content"]["rules"], 1):
                yield f"{node['name']} row {number}", row


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def examples(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """Run the fee rules against the examples that are approved."""
    used: set[str] = set()
    for example in given:
        context = {
            "today": str(example.today),
            "applicant": example.applicant,
            "form": example.form,
            "facts": example.facts,
        }
        try:
            rows = decisions.fee_rows(definition, context)
        except (decisions.FeesUnclear, RuntimeError, KeyError, TypeError) as error:
            yield example.name, f"fees.json: {str(error).splitlines()[0]}"
            continue
        charged = {charge.item: charge.amount for charge in decisions.charges(definition, rows) if charge.amount}
        if example.outcome == "approve":
            used |= {row.code for row in rows}
            if charged != example.fees:
                yield example.name, f"expected fees {example.fees}, the rules say {charged}"
    for place, row in _places(definition):
        if _literal(row["code"]) not in used:
            yield "", f"no approved example exercises fees.json {place}"
