"""What the applicant alone decides, and pays less by it: refused when a service is published.

What makes a fee smaller comes from a register or from an officer. The examples are played again with all combinations
of the applicant's choices: none may be approved by the rules alone and cost less. What can be filled in freely decides
about optional items only. Each check yields (example, reason) for what is wrong.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from chalicelib.applications import decisions, forms
from chalicelib.catalog.definition import Example, ServiceDefinition
from chalicelib.payments.service import Charge
from publishing import fee_rows

_ABSENT = "(left out)"
_MOST_COMBINATIONS = 2000
_QUANTITY = re.compile(r"\d+|form\.\w+ ?\* ?\d+")
"""The amount of an optional item: fixed, or so much for each."""


def check(definition: ServiceDefinition, given: list[Example], reductions: set[str]) -> Iterator[tuple[str, str]]:
    """All that is wrong; ``reductions`` are the codes of the rows that took money off in some example."""
    for fault in _free_answers(definition, reductions):
        yield "", fault
    for fault in _switches(definition):
        yield "", fault
    yield from _cheaper_choices(definition, given)


def _fields_of(definition: ServiceDefinition, expression: str) -> set[str]:
    """The fields of the form that an expression reads; empty text for one that cannot be seen (``form["x"]``).

    A fact that is looked up by a field of the form is as good as that field.
    """
    found = set(re.findall(r"\bform\b(?:\.(\w+))?", expression))
    for source in definition.item.sources:
        field = source.key.removeprefix("form.")
        if field != source.key and re.search(rf"\bfacts\.{source.name}\b", expression):
            found.add(field)
    return found


def _choices(definition: ServiceDefinition) -> dict[str, list[Any]]:
    """What applicants may choose among in each field that offers a choice; ``_ABSENT`` where they may leave it out."""
    required = definition.form.get("required", [])
    found: dict[str, list[Any]] = {}
    for name, described in definition.form.get("properties", {}).items():
        if "x-fixed" in described:
            continue
        if "enum" in described:
            found[name] = list(described["enum"])
        elif described.get("type") == "boolean":
            found[name] = [True, False]
        if name in found and name not in required:
            found[name].append(_ABSENT)
    return found


def _answered(form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """The form with these answers in the place of its own."""
    changed = form | answers
    return {name: value for name, value in changed.items() if value is not _ABSENT}


def _known_fields(definition: ServiceDefinition) -> set[str]:
    """The fields whose values can be played, or come from a register: choices, what is fixed, options of a register."""
    properties = definition.form.get("properties", {})
    bound = {name for name, described in properties.items() if "x-fixed" in described or "x-options" in described}
    return bound | set(_choices(definition))


def _free_answers(definition: ServiceDefinition, reductions: set[str]) -> Iterator[str]:
    """Rows that read what the applicant fills in freely: numbers, texts, lists. No example can play all of them.

    An optional fee item is one of which the applicant says how much is wanted; only its reductions are looked at.
    """
    known = _known_fields(definition)
    optional = {fee.code for fee in definition.item.fees if fee.optional}
    for place, row in fee_rows.rows_of(definition.fees):
        is_quantity = fee_rows.literal(row["item"]) in optional and fee_rows.literal(row["code"]) not in reductions
        if is_quantity and not _QUANTITY.fullmatch(row["amount"].strip()):
            yield f"fees.json {place}: the amount of an optional item is a number, or form.<field> * number"
        if is_quantity:
            continue
        for name in sorted(_fields_of(definition, f"{row['when']} {row['amount']}") - known):
            yield (
                f"fees.json {place} depends on form.{name}, which the applicant fills in freely: take it from a "
                "register (x-fixed), let people choose among values (enum), or mark the fee item as optional in "
                "service.json"
            )


def _switches(definition: ServiceDefinition) -> Iterator[str]:
    """Rules about a choice that decides about money which something filled in freely could switch off."""
    known = _known_fields(definition)
    deciding = set(_choices(definition)) & _fields_of(definition, fee_rows.text_of(definition.fees))
    for place, row in fee_rows.rows_of(definition.rules):
        read = _fields_of(definition, row.get("when", ""))
        if not read & deciding:
            continue
        for name in sorted(read - known):
            yield (
                f"rules.json {place} looks at form.{', form.'.join(sorted(read & deciding))}, which decides about "
                f"fees, and at form.{name}, which the applicant fills in freely: make two rows of it"
            )


def _cheaper_choices(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """Examples that cost less by other choices of the applicant, and are approved by the rules alone all the same."""
    read = _fields_of(definition, f"{fee_rows.text_of(definition.fees)} {fee_rows.text_of(definition.rules)}")
    choices = {name: values for name, values in _choices(definition).items() if name in read}
    combinations = list(itertools.islice(itertools.product(*choices.values()), _MOST_COMBINATIONS + 1))
    if len(combinations) > _MOST_COMBINATIONS:
        yield (
            "",
            f"fees and rules depend on more than {_MOST_COMBINATIONS} combinations of the applicant's choices",
        )
        return
    told: set[str] = set()
    for example in given:
        played: list[tuple[dict[str, Any], dict[str, Charge]]] = []
        for values in combinations:
            answers = dict(zip(choices, values, strict=True))
            charged = _charged(definition, example, _answered(example.form, answers))
            if charged is not None:
                played.append((answers, charged))
        for fee in definition.item.fees:
            if fee.code in told or not played:
                continue
            costs = [(_own_share(charged.get(fee.code), fee.optional), answers) for answers, charged in played]
            least, cheapest = min(costs, key=lambda one: one[0])
            most, dearest = max(costs, key=lambda one: one[0])
            if least < most:
                told.add(fee.code)
                changed = {name: value for name, value in cheapest.items() if dearest[name] != value}
                yield (
                    example.name,
                    f"the applicant's own choice {json.dumps(changed, ensure_ascii=False)} makes {fee.code} "
                    f"{most - least} fen cheaper and is approved at once: let rules.json send it to review unless a "
                    "register says so, or fix the field from a fact (x-fixed)",
                )


def _own_share(charge: Charge | None, is_optional: bool) -> int:
    """What must not depend on a choice: the price, or, of an optional item, what is taken off the price."""
    if charge is None:
        return 0
    return charge.amount - charge.standard if is_optional else charge.amount


def _charged(definition: ServiceDefinition, example: Example, form: dict[str, Any]) -> dict[str, Charge] | None:
    """What is charged, by fee item; None unless the form is right and the rules approve by themselves."""
    if forms.check(definition.form, form):
        return None
    context = fee_rows.context_of(example, form)
    try:
        if decisions.evaluate(definition, context):
            return None
        rows = decisions.fee_rows(definition, context)
    except (RuntimeError, KeyError, TypeError):
        return None  # told by the checks of the examples themselves
    return {charge.item: charge for charge in decisions.charges(definition, rows)}
