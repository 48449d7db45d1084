"""What must be true of a service's fees: whole fen, known items, collecting units, and an example for every row.

What makes a fee smaller comes from a register or from an officer, never from what the applicant alone says: the
examples are played again with the applicant's other choices, and none may be approved by the rules alone and cost less.
Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import zen

from chalicelib.applications import decisions, forms
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
    """Run the fee rules against the examples that are approved, by the rules or (``review``) by an officer."""
    used: set[str] = set()
    reductions: set[str] = set()
    for example in given:
        try:
            rows = decisions.fee_rows(definition, _context(example, example.form))
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
    for place, row in _places(definition):
        if _literal(row["code"]) not in used:
            yield "", f"no example that is approved or reviewed exercises fees.json {place}"
    yield from _unproven(definition, given, reductions)


def _context(example: Example, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "today": str(example.today),
        "applicant": example.applicant,
        "form": form,
        "facts": example.facts,
        "overlap": example.overlap,
    }


def _unproven(definition: ServiceDefinition, given: list[Example], reductions: set[str]) -> Iterator[tuple[str, str]]:
    """What the applicant alone decides, and pays less by it."""
    answers = _other_answers(definition, reductions)
    for place, row in _places(definition):
        if _literal(row["code"]) in reductions and _rests_on_free_text(definition, row["when"], set(answers)):
            yield "", f"fees.json {place} takes money off by what the applicant writes; let it rest on a register"
    told: set[tuple[str, str]] = set()
    for example in given:
        before = _charged(definition, example, example.form)
        for field, others in answers.items():
            for other in others:
                after = _charged(definition, example, example.form | {field: other})
                cheaper = [item for item in before.keys() & after.keys() if after[item] < before[item]]
                for item in sorted(cheaper):
                    if (field, item) not in told:
                        told.add((field, item))
                        yield (
                            example.name,
                            f"form.{field} = {json.dumps(other, ensure_ascii=False)} alone makes {item} cheaper "
                            f"({before[item]} to {after[item]} fen) and is approved at once: let rules.json send it to "
                            "review unless a register says so, or fix the field from a fact (x-fixed)",
                        )


def _charged(definition: ServiceDefinition, example: Example, form: dict[str, Any]) -> dict[str, int]:
    """What each item costs that is charged, reductions taken off; nothing unless the rules approve by themselves."""
    if forms.check(definition.form, form):
        return {}
    context = _context(example, form)
    try:
        if decisions.evaluate(definition, context):
            return {}
        rows = decisions.fee_rows(definition, context)
    except (RuntimeError, KeyError, TypeError):
        return {}  # told by the checks of the examples themselves
    return {charge.item: charge.amount for charge in decisions.charges(definition, rows)}


def _other_answers(definition: ServiceDefinition, reductions: set[str]) -> dict[str, list[Any]]:
    """What applicants may answer instead: every choice, and the numbers around those on which a reduction depends."""
    conditions = " ".join(row["when"] for _, row in _places(definition) if _literal(row["code"]) in reductions)
    limits = [int(found) for found in re.findall(r"\b\d+\b", conditions)]
    found: dict[str, list[Any]] = {}
    for name, described in definition.form.get("properties", {}).items():
        if "x-fixed" in described:
            continue
        if "enum" in described:
            found[name] = list(described["enum"])
        elif described.get("type") == "boolean":
            found[name] = [True, False]
        elif described.get("type") in ("integer", "number") and f"form.{name}" in conditions:
            found[name] = [number + step for number in limits for step in (-1, 0, 1)]
    return found


def _rests_on_free_text(definition: ServiceDefinition, condition: str, tried: set[str]) -> bool:
    """Whether a condition reads nothing but fields that the applicant fills in freely."""
    fixed = {name for name, described in definition.form.get("properties", {}).items() if "x-fixed" in described}
    if re.search(r"\b(facts|applicant|overlap)\b", condition):
        return False
    return not set(re.findall(r"\bform\.(\w+)", condition)) & (fixed | tried)
