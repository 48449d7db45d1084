"""Fees: what a service costs is data, checked before it is published, and whole fen whatever a rule says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.applications import decisions
from chalicelib.applications.decisions import FeeRow
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.payments import rules
from publishing import city_folder
from tests.catalog.test_publish import CITY, alter, folder, mistakes, rule

__all__ = ["folder"]
HOMES = "services/real_estate_registration/"

MISTAKES: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "fee item of nobody": ("service.json", lambda c: c["fees"][0].update(unit="nobody"), "no unit nobody"),
    "two fee items with one code": ("service.json", lambda c: c["fees"][1].update(code="plan"), "have one code"),
    "item code that is none": ("service.json", lambda c: c["fees"][0].update(item_code="A1"), "$.fees[0].item_code"),
    "fees that cannot be paid": ("service.json", lambda c: c.update(online_payment=False), "must be true"),
    "rules without fee items": ("service.json", lambda c: c.update(fees=[]), "if and only if"),
    "row for an unknown item": ("fees.json", lambda c: rule(c, 0, 0).update(item='"x"'), "no fee item"),
    "row that cannot be read": ("fees.json", lambda c: rule(c, 0, 0).update(when="form.a >> 1"), "row 1: when"),
    "amount that cannot be read": ("fees.json", lambda c: rule(c, 0, 0).update(amount="80 yuan"), "row 1: amount"),
    "row without a reason": ("fees.json", lambda c: rule(c, 0, 0).update(zh='""'), "zh must be"),
    "two rows with one code": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(code='"plan_copy"'),
        "stands in another row",
    ),
    "half a fen": ("fees.json", lambda c: rule(c, 0, 0).update(amount="8000.5"), "not a whole number of fen"),
    "amount that is a word": ("fees.json", lambda c: rule(c, 0, 0).update(amount='"8000"'), "not a whole number"),
    "row that no example exercises": (
        "fees.json",
        lambda c: rule(c, 0, 1).update(when="form.property_kind == 'castle'"),
        "no example that is approved or reviewed exercises",
    ),
    "example that expects another amount": (
        "examples.json",
        lambda c: c[0]["fees"].update(plan=1),
        "expected fees",
    ),
    "a choice that saves money and that nobody looks at": (
        "rules.json",
        lambda c: rule(c, 0, 1).update(when="false"),
        'own choice {"property_kind": "affordable"} makes registration 55000 fen cheaper',
    ),
    "a number that saves money": (
        "fees.json",
        lambda c: rule(c, 0, 2).update(when="form.extra_copies > 1", amount="-1000"),
        "row 3 depends on form.extra_copies, which the applicant fills in freely",
    ),
    "a number in an amount": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(amount="form.extra_copies > 2 ? 1000 : 8000"),
        "row 1 depends on form.extra_copies",
    ),
    "free text that saves money": (
        "fees.json",
        lambda c: rule(c, 0, 2).update(when="form.property_kind == 'home' and form.note != '全价'", amount="-1000"),
        "row 3 depends on form.note",
    ),
    "free text that picks a cheaper row": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(when="form.note != '全价' and form.property_kind != 'non_home'"),
        "row 1 depends on form.note",
    ),
    "a field that cannot be seen": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(when='form["property_kind"] != "non_home"'),
        "row 1 depends on form.,",
    ),
    "a choice without which nothing is charged": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(when="form.property_kind != 'non_home' and not(form.with_plan)"),
        'own choice {"with_plan": true} makes registration 8000 fen cheaper',
    ),
    "two choices together": (
        "fees.json",
        lambda c: rule(c, 0, 2).update(when="form.with_plan and form.district == '江宁区'", amount="-1000"),
        "makes registration 1000 fen cheaper",
    ),
    "a reduction of an optional item": (
        "fees.json",
        lambda c: rule(c, 0, 2).update(when="form.district == '江宁区'", item='"copies"', amount="-500"),
        "makes copies 500 fen cheaper",
    ),
    "a rule that another choice switches off": (
        "rules.json",
        lambda c: rule(c, 0, 1).update(
            when="form.property_kind != facts.housing.contract_kind and form.district != '鼓楼区'"
        ),
        "makes registration 55000 fen cheaper",
    ),
    "a rule that a number switches off": (
        "rules.json",
        lambda c: rule(c, 0, 1).update(
            when="form.property_kind != facts.housing.contract_kind and form.extra_copies != 3"
        ),
        "form.extra_copies, which the applicant fills in freely: make two rows of it",
    ),
    "a node that computes": (
        "fees.json",
        lambda c: c["nodes"].append({"id": "x", "name": "x", "type": "expressionNode", "content": {}}),
        "has tables only, not expressionNode",
    ),
    "a second column of conditions": (
        "fees.json",
        lambda c: c["nodes"][1]["content"]["inputs"].append({"id": "x", "name": "x", "field": "form.extra_copies"}),
        "one column of conditions",
    ),
    "the context as a whole": (
        "fees.json",
        lambda c: rule(c, 0, 0).update(when="some(values($root), # == 5)"),
        "$ is not allowed",
    ),
    "a fact looked up by what is filled in": (
        "service.json",
        lambda c: next(one for one in c["sources"] if one["name"] == "housing").update(key="form.note"),
        "form.note",
    ),
    "a tricky amount of an optional item": (
        "fees.json",
        lambda c: rule(c, 0, 3).update(amount="form.extra_copies == 5 ? 1 : form.extra_copies * 1000"),
        "the amount of an optional item is a number",
    ),
    "a code that is no text": ("fees.json", lambda c: rule(c, 0, 0).update(code="[1]"), "code must be a text"),
    "a period that could be lost while people pay": (
        "certificate.json",
        lambda c: c.update(exclusive={"key": "form.name"}),
        "between approval and payment",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_about_fees_is_named(folder: Path, kind: str) -> None:
    file, change, reason = MISTAKES[kind]
    alter(folder, HOMES + file, change)
    assert any(reason in mistake for mistake in mistakes(folder)), mistakes(folder)


@functools.cache
def homes() -> ServiceDefinition:
    services = city_folder.read_folder(CITY).services
    return next(one for one in services if one.item.code == "real_estate_registration")


@given(amounts=st.lists(st.tuples(st.sampled_from(["registration", "copies", "plan"]), st.integers(-10_000, 10_000))))
def test_reductions_never_make_a_fee_negative(amounts: list[tuple[str, int]]) -> None:
    rows = [
        FeeRow(code=str(place), item=item, amount=amount, reason=Text("理由", "reason"))
        for place, (item, amount) in enumerate(amounts)
    ]
    charges = decisions.charges(homes(), rows)
    for charge in charges:
        own = [amount for item, amount in amounts if item == charge.item]
        assert charge.standard == sum(amount for amount in own if amount > 0) > 0
        assert charge.amount == max(0, sum(own))
        assert len(charge.reductions) == sum(amount < 0 for amount in own)
    assert sum(len(lines) for lines in rules.by_unit(charges).values()) == sum(one.amount > 0 for one in charges)


@given(st.text("0123456789", min_size=19, max_size=19), st.integers(0, 18), st.integers(1, 9))
def test_a_mistyped_digit_of_a_notice_number_is_noticed(body: str, place: int, change: int) -> None:
    number = body + rules.check_digit(body)
    assert rules.is_notice_number(number)
    other = str((int(number[place]) + change) % 10)
    assert not rules.is_notice_number(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (1250, "壹拾贰元伍角整"),
        (100_005, "壹仟元零伍分"),
        (10_050, "壹佰元伍角整"),
        (1_000_001, "壹万元零壹分"),
        (100_100_000, "壹佰万壹仟元整"),
        (1_000_500_000, "壹仟万伍仟元整"),
        (12_345_678_901, "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元零壹分"),
        (10_000_000_000, "壹亿元整"),
    ],
)
def test_amounts_in_capital_numerals(fen: int, words: str) -> None:
    from chalicelib.payments.drawing import in_words

    assert in_words(fen) == words
