"""Numbers of bills, the pace of questions, and the ledger, as tables of examples and properties: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.errors import Problem
from chalicelib.payments import double_entry, rules
from chalicelib.payments.rules import Charge

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def charge(item: str, unit: str, amount: int = 100) -> Charge:
    return Charge(
        item=item,
        name_zh="费",
        name_en="Fee",
        unit=unit,
        item_code="103044999",
        standard=amount,
        amount=amount,
        legal_basis="测试",
    )


def test_each_unit_gets_a_bill_of_what_it_collects() -> None:
    charges = [charge("a", "x"), charge("b", "y"), charge("c", "x"), charge("free", "z", 0)]
    found = rules.by_unit(charges)
    assert {unit: [one.item for one in own] for unit, own in found.items()} == {"x": ["a", "c"], "y": ["b"]}


AMOUNTS = [(0, False), (1, True), (rules.MOST_FEN, True), (rules.MOST_FEN + 1, False)]


@pytest.mark.parametrize(("amount", "good"), AMOUNTS)
def test_amounts_have_limits(amount: int, good: bool) -> None:
    if good:
        rules.check_amount(amount)
        return
    with pytest.raises(Problem) as refused:
        rules.check_amount(amount)
    assert refused.value.error is rules.AMOUNT_INVALID and refused.value.values == {"most": rules.MOST_FEN}


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_notice_number_follows_from_its_parts(first: str, second: str) -> None:
    number = rules.notice_number("320100", first, second)
    assert rules.is_notice_number(number) and number.startswith("320100")
    assert rules.notice_number("320100", first, second) == number
    assert (rules.notice_number("320100", first, second + "x") == number) is False


@given(st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_is_found(place: int, change: int) -> None:
    number = rules.notice_number("320100", "application")
    wrong = str((int(number[place]) + change) % 10)
    assert not rules.is_notice_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(("body", "digit"), [("0794", "5"), ("1", "9"), ("", "1")])
def test_the_check_digit_is_iso_7064(body: str, digit: str) -> None:
    """MOD 11,10; ``0794`` is the standard's own example."""
    assert rules.check_digit(body) == digit


@pytest.mark.parametrize("text", ["", "1", "３２０１００" + "0" * 14, "3201000000000000000x", "0" * 21])
def test_what_is_no_notice_number(text: str) -> None:
    assert not rules.is_notice_number(text)


EXPIRES = NOW + timedelta(minutes=15)
MINUTES = [
    (0, 1), (0.9, 1), (1, 3), (3, 6), (6, 10), (10, 15), (14.9, 15), (15, 16), (29.9, 30.9),
    (30, 35), (359, 364), (360, 420), (10_000, 10_060),
]  # fmt: skip
"""After how many minutes an order is asked about, and after how many again."""


@pytest.mark.parametrize(("asked", "again"), MINUTES)
def test_an_order_is_asked_about_often_at_first_and_then_rarely(asked: float, again: float) -> None:
    moment = rules.next_check(NOW, EXPIRES, NOW + timedelta(minutes=asked))
    assert moment == NOW + timedelta(minutes=again)


@pytest.mark.parametrize(
    ("status", "at_counter", "waits"),
    [
        (rules.REQUESTED, False, True),
        (rules.APPROVED, False, False),
        (rules.APPROVED, True, True),
        (rules.SENT, True, False),
        (rules.ABNORMAL, False, True),
        (rules.RETURNED, False, True),
        (rules.DONE, True, False),
    ],
)
def test_which_refunds_wait_for_a_person(status: str, at_counter: bool, waits: bool) -> None:
    assert rules.waits_for_person(status, at_counter) is waits


PARTS = st.dictionaries(st.tuples(st.sampled_from("xyz"), st.sampled_from("123")), st.integers(1, 10_000), max_size=5)
POSTINGS = st.dictionaries(st.sampled_from(["fee:x:1", "money:cash", "suspense"]), st.integers(-500, 500), max_size=3)


@given(PARTS, st.sampled_from(["wechat_pay", "alipay", "cash"]))
def test_money_that_comes_in_is_balanced(parts: dict[tuple[str, str], int], channel: str) -> None:
    total = sum(parts.values())
    paid = double_entry.paid_in(channel, parts)
    assert double_entry.is_balanced(paid) and paid[f"money:{channel}"] == total
    assert double_entry.is_balanced(double_entry.suspended(channel, total))
    assert double_entry.suspended(channel, total)["suspense"] == -total
    later = double_entry.assigned(parts)
    assert double_entry.is_balanced(later) and later["suspense"] == total
    for (unit, code), amount in parts.items():
        account = double_entry.fee_account(unit, code)
        assert account == f"fee:{unit}:{code}" and paid[account] == later[account] == -amount


@given(st.integers(-100, 100))
def test_a_commission_is_what_the_platform_keeps(fee: int) -> None:
    kept = double_entry.commission("alipay", fee)
    assert kept == {"commission:alipay": fee, "money:alipay": -fee} and double_entry.is_balanced(kept)


@given(POSTINGS)
def test_what_is_given_back_undoes_what_came(postings: dict[str, int]) -> None:
    both = double_entry.totals((postings, double_entry.negated(postings)))
    assert set(both) == set(postings) and not any(both.values())


@given(st.lists(POSTINGS, max_size=4))
def test_totals_are_sums_by_account(entries: list[dict[str, int]]) -> None:
    found = double_entry.totals(entries)
    for account in {account for postings in entries for account in postings}:
        assert found[account] == sum(postings.get(account, 0) for postings in entries)


def test_unbalanced_postings_are_noticed() -> None:
    assert not double_entry.is_balanced({"money:cash": 1, "suspense": -2})
    assert double_entry.is_balanced({})
