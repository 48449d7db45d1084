"""What must be true of a service's fees: whole fen, known items, collecting units, and an example for every row.

Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import zen

from chalicelib.applications import decisions
from chalicelib.catalog.definition import City, Example, ServiceDefinition
from publishing import fee_choices, fee_rows

Found = Iterator[tuple[str, str, str]]


def structure(definition: ServiceDefinition, city: City) -> Found:
    """The fee items of ``service.json`` and the rows of ``fees.json``."""
    item, units = definition.item, {unit.code for unit in city.units}
    codes = [fee.code for fee in item.fees]
    if bool(codes) != bool(definition.fees):
        yield "fees.json", "", "service.json names fee items if and only if there is a fees.json"
    if codes and not item.online_payment:
        yield "service.json", "$.online_payment", "must be true for a service with fees"
    if codes and definition.certificate is not None and definition.certificate.exclusive:
        yield "certificate.json", "$.exclusive", "the period could be lost between approval and payment; leave it out"
    for fee in item.fees:
        if codes.count(fee.code) > 1:
            yield "service.json", f"$.fees {fee.code}", "two fee items have one code"
        if fee.unit not in units:
            yield "service.json", f"$.fees {fee.code}.unit", f"no unit {fee.unit} in city.json"
    if definition.fees:
        yield from _plain_tables("fees.json", definition.fees)
        yield from _plain_tables("rules.json", definition.rules)
    yield from _rows(definition, set(codes))


def _plain_tables(file: str, graph: dict[str, Any]) -> Found:
    """What could not be seen by the checks below: other nodes, other columns of conditions, the context as a whole."""
    for node in graph.get("nodes", []):
        kind = node.get("type")
        if kind not in _NODES:
            yield file, "", f"a service with fees has tables only, not {kind}"
        if kind != "decisionTableNode":
            continue
        inputs = node["content"].get("inputs", [])
        if len(inputs) != 1 or inputs[0].get("field"):
            yield file, str(node["name"]), "a service with fees has one column of conditions, which names no field"
    for place, row in fee_rows.rows_of(graph):
        if "$" in f"{row.get('when', '')} {row.get('amount', '')}":
            yield file, place, "$ is not allowed in a service with fees: name the fields"


_NODES = ("inputNode", "decisionTableNode", "outputNode")


def _rows(definition: ServiceDefinition, items: set[str]) -> Found:
    seen: set[str] = set()
    for place, row in fee_rows.rows_of(definition.fees):
        for name in ("when", "amount"):
            mistake = zen.validate_expression(row.get(name, ""))
            if mistake:
                yield "fees.json", place, f"{name}: {mistake['source']}"
        for name in ("code", "item", "zh", "en"):
            if not fee_rows.literal(row.get(name, "")):
                yield "fees.json", place, f"{name} must be a text in quotes"
        if fee_rows.literal(row.get("item", "")) not in items:
            yield "fees.json", place, f"no fee item {row.get('item')} in service.json"
        code = str(fee_rows.literal(row.get("code", "")))
        if code in seen:
            yield "fees.json", place, f"code {code} stands in another row already"
        seen.add(code)


def examples(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """Run the fee rules against the examples that are approved, by the rules or (``review``) by an officer."""
    used: set[str] = set()
    reductions: set[str] = set()
    for example in given:
        try:
            rows = decisions.fee_rows(definition, fee_rows.context_of(example, example.form))
        except (decisions.FeesUnclear, RuntimeError, KeyError, TypeError) as error:
            yield example.name, f"fees.json: {str(error).splitlines()[0]}"
            continue
        if example.outcome not in ("approve", "review"):
            continue
        used |= {row.code for row in rows}
        reductions |= {row.code for row in rows if row.amount < 0}
        charged = {charge.item: charge.amount for charge in decisions.charges(definition, rows) if charge.amount}
        if charged != example.fees:
            yield example.name, f"expected fees {example.fees}, the rules say {charged}"
    for place, row in fee_rows.rows_of(definition.fees):
        if fee_rows.literal(row["code"]) not in used:
            yield "", f"no example that is approved or reviewed exercises fees.json {place}"
    yield from fee_choices.check(definition, given, reductions)
