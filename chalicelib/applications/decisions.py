"""Decision tables (ZEN engine, JDM): what the rules find, and what it leads to.

The engine treats a condition that fails to evaluate as not met, in silence. So facts are checked
against the service's ``facts.json`` first (incomplete facts mean a person looks), and publishing
demands an example that exercises each row (docs/decisions/decision-tables.md).
"""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import msgspec

from chalicelib.applications import forms
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.payments.service import Charge


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


PEOPLE_DECIDE = Finding(
    "review",
    "people_decide",
    Text("本事项由工作人员审查", "Officers decide about every application of this service"),
)


class FeeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``fees.json`` that applied: fen of a fee item; a negative one is a reduction with its reason."""

    code: str
    item: str
    amount: int
    reason: Text


class FeesUnclear(Exception):
    """The fee rules gave something that is no amount of fen; the message says what."""


FEES_UNCLEAR = Finding(
    "review",
    "fees_unclear",
    Text(
        "收费规则得不出金额，请核对申请内容或更正收费规则", "The fee rules give no amount; check the form or the rules"
    ),
)


@functools.lru_cache(maxsize=128)
def _decision(rules: str) -> Any:
    import zen

    return zen.ZenEngine().create_decision(rules)


def evaluate(definition: ServiceDefinition, context: dict[str, Any]) -> list[Finding]:
    """All rows of all tables that apply to ``context`` (today, applicant, form, facts, overlap).

    A service without rules has ``PEOPLE_DECIDE`` only.
    """
    found = _rows_found(definition, context) if definition.rules else [PEOPLE_DECIDE]
    if forms.check(definition.facts, context["facts"]):
        found.append(FACTS_INCOMPLETE)
    try:
        fee_rows(definition, context)
    except FeesUnclear:
        found.append(FEES_UNCLEAR)
    return found


def _rows_found(definition: ServiceDefinition, context: dict[str, Any]) -> list[Finding]:
    result = _decision(json.dumps(definition.rules)).evaluate(context)["result"]
    found = []
    for table in sorted(result):
        for row in result[table]:
            found.append(Finding(row["effect"], row["code"], Text(row["zh"], row["en"])))
    return found


@functools.lru_cache(maxsize=256)
def _expression(text: str) -> Any:
    import zen

    return zen.compile_expression(text)


def value_of(expression: str, context: dict[str, Any], otherwise: Any = None) -> Any:
    """The value of an expression over form and facts; ``otherwise`` where it cannot be evaluated."""
    try:
        return _expression(expression).evaluate({"form": context["form"], "facts": context["facts"]})
    except RuntimeError:
        return otherwise


def holds(condition: str, context: dict[str, Any]) -> bool:
    """Whether an expression over form and facts holds; also where it cannot be evaluated: then a person looks."""
    return bool(value_of(condition, context, otherwise=True))


def skipped_steps(definition: ServiceDefinition, context: dict[str, Any], codes: set[str]) -> list[str]:
    """The steps of the workflow that do not run, because neither their expression nor a finding asks for them."""
    skipped = []
    for step in definition.workflow.steps:
        is_found = not codes.isdisjoint(step.found)
        is_wanted = step.when != "" and holds(step.when, context)
        if step.is_conditional and not is_found and not is_wanted:
            skipped.append(step.code)
    return skipped


def fee_rows(definition: ServiceDefinition, context: dict[str, Any]) -> list[FeeRow]:
    """The rows of ``fees.json`` that apply; none for a service without fees. Raises ``FeesUnclear``."""
    if not definition.fees:
        return []
    result = _decision(json.dumps(definition.fees)).evaluate(context)["result"]
    return [_fee_row(row) for table in sorted(result) for row in result[table]]


def _fee_row(row: dict[str, Any]) -> FeeRow:
    amount = row["amount"]
    whole = isinstance(amount, int | float) and not isinstance(amount, bool) and math.isfinite(amount)
    if not whole or amount != int(amount):
        raise FeesUnclear(f"{row['code']}: {amount} is not a whole number of fen")
    return FeeRow(code=row["code"], item=row["item"], amount=int(amount), reason=Text(row["zh"], row["en"]))


def charges(definition: ServiceDefinition, rows: list[FeeRow]) -> list[Charge]:
    """The bill's lines: what each fee item costs, reductions taken off, never less than nothing."""
    found = []
    for fee in definition.item.fees:
        own = [row for row in rows if row.item == fee.code]
        standard = sum(row.amount for row in own if row.amount > 0)
        if standard:
            off = [row for row in own if row.amount < 0]
            amount = max(0, standard + sum(row.amount for row in off))
            words = tuple(row.reason.zh for row in off)
            charge = Charge(
                item=fee.code,
                name_zh=fee.name.zh,
                name_en=fee.name.en,
                unit=fee.unit,
                item_code=fee.item_code,
                standard=standard,
                amount=amount,
                legal_basis=fee.legal_basis,
                reductions=words,
            )
            found.append(charge)
    return found
