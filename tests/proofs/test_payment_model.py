"""Payments, refunds and reconciliation against the platforms' own books, with steps and faults drawn by Hypothesis."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chalicelib.kernel import clock
from chalicelib.payments import rules, store
from functions import reconcile_payments
from local.simulators.cashier import Cashier, Trade
from scenes import truth
from scenes.world import World
from tests.payments import scenes
from tests.payments.scenes import AMOUNT, Scene

PLATFORMS = st.sampled_from(["wechat", "alipay"])
PLACES = st.integers(0, 5)
FAULTS = {"hang_up": 0.05, "lost_answer": 0.1, "http_500": 0.05}


@pytest.fixture
def party(world: World) -> Iterator[str]:
    """Somebody real, because receipts name their payers."""
    with scenes.known_accounts():
        yield world.real_person("某付款").account_id


class PaymentMachine(RuleBasedStateMachine):
    """One bill, one payer, both platforms with all their faults; the platforms' books are the model."""

    world: World
    party: str

    def __init__(self) -> None:
        super().__init__()
        self.world.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
        self.scene = Scene(world=self.world, party=self.party)
        for platform in self.scene.platforms.values():
            platform.controls["random_faults"]({"seed": 7, "rates": FAULTS})

    def order(self, place: int) -> str:
        """One of the orders so far; what is drawn must not depend on how calls went."""
        known = sorted(self.scene.orders)
        return known[place % len(known)] if known else "none"

    @rule(platform=PLATFORMS)
    def open(self, platform: str) -> None:
        self.scene.open(platform)

    @rule(place=PLACES, force=st.booleans(), notice=st.sampled_from(["lost", "doubled", "late", "forged"]))
    def pay(self, place: int, force: bool, notice: str) -> None:
        self.scene.pay(self.order(place), force=force, notice=notice)

    @rule(place=PLACES, amount=st.sampled_from([1, AMOUNT - 1, AMOUNT + 1]))
    def pay_another_amount(self, place: int, amount: int) -> None:
        self.scene.pay(self.order(place), amount=amount)

    @rule(place=PLACES)
    def cancel(self, place: int) -> None:
        self.scene.cancel(self.order(place))

    @rule(place=PLACES)
    def refresh(self, place: int) -> None:
        self.scene.refresh(self.order(place))

    @rule()
    def deliver(self) -> None:
        self.world.simulators.deliver()

    @rule()
    def visit(self) -> None:
        for key in self.scene.subjects():
            self.scene.visit(key)

    @rule(minutes=st.sampled_from([1, 6, 16]))
    def wait(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(amount=st.sampled_from([1, AMOUNT // 2, AMOUNT]))
    def refund(self, amount: int) -> None:
        self.scene.ask_refund(amount)

    @rule(outcome=st.sampled_from(["ABNORMAL", "CLOSED", "PROCESSING"]))
    def trouble_with_refunds(self, outcome: str) -> None:
        self.world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": [outcome]})

    @rule()
    def take_cash(self) -> None:
        self.scene.take_cash()

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        paid = [item for number in self.scene.orders if (item := store.order(number)) and item.status in rules.SETTLED]
        assert len(paid) <= 1
        for name, platform in self.scene.platforms.items():
            for number in self.scene.orders & set(platform.trades):
                trade = platform.trades[number]
                assert truth.given_back(trade) <= trade.paid, name
                assert "credited twice" not in truth.faults(name, trade)

    def teardown(self) -> None:
        for platform in self.scene.platforms.values():
            platform.controls["reset_faults"]({})
            platform.refund_outcomes.clear()
            for number in self.scene.orders & set(platform.trades):
                finish_refunds(platform, platform.trades[number])
        left = [fault for fault in self.scene.end() if "refunds differ" not in fault or not self.in_trouble()]
        assert left == []

    def in_trouble(self) -> bool:
        """An abnormal refund waits for a person, and the platform's books run ahead of ours until then."""
        return any(
            (item := store.refund(number)) is not None and item.status == rules.ABNORMAL
            for number in self.scene.refunds
        )


def finish_refunds(platform: Cashier, trade: Trade) -> None:
    """What was still on its way at the platform arrives."""
    for refund in trade.refunds.values():
        if refund.state == "PROCESSING":
            platform.end_refund(trade, refund, "SUCCESS")


@pytest.mark.parametrize("part", range(2))
def test_payments_do_what_the_platforms_books_say(world: World, party: str, part: int) -> None:
    machine = type("Machine", (PaymentMachine,), {"world": world, "party": party})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=12 + part * 12))


FATES = {
    "told": "matched",
    "not told": "healed",
    "refunded": "matched twice",
    "refunded by hand": "refund_unknown",
    "another amount there": "payment_amount_differs",
    "unknown there": "missing_payment",
}


@pytest.mark.parametrize("seed", range(8))
def test_every_difference_of_a_day_is_healed_or_a_case(world: World, party: str, seed: int) -> None:
    """A day of drawn fates on both platforms, with rows that nobody can read."""
    choice = random.Random(seed)
    world.pass_time(days=10 * (seed + 1))
    day, expected = str(clock.today()), Counter[str]()
    platforms = {"wechat": world.simulators.wechat_pay, "alipay": world.simulators.alipay}
    for platform in platforms.values():
        platform.trades.clear()
        platform.spoiled_rows = ["`unreadable"] * choice.randint(0, 2)  # type: ignore[attr-defined]
        expected["unreadable_row"] += len(platform.spoiled_rows)  # type: ignore[attr-defined]
    with_refunds = set()
    for _ in range(12):
        fate, name = choice.choice(list(FATES)), choice.choice(list(platforms))
        if fate == "refunded by hand" and name == "alipay":
            fate = "told"
        meet(Scene(world=world, party=party), platforms[name], name, fate)
        expected[FATES[fate]] += 1
        if fate == "refunded":
            with_refunds.add(name)
    world.set_time(datetime.fromisoformat(day).replace(tzinfo=clock.SHANGHAI) + timedelta(days=1, hours=11))
    results = reconcile_payments.handler({"day": day})["results"]
    for platform in platforms.values():
        platform.spoiled_rows = []  # type: ignore[attr-defined]
    kinds = Counter(str(item.kind) for item in all_cases() if str(item.day) == day)
    assert sum(result["healed"] for result in results) == expected["healed"]
    refunds = expected["matched twice"]
    amounts, by_hand = expected["payment_amount_differs"], expected["refund_unknown"]
    assert sum(result["matched"] for result in results) == expected["matched"] + 2 * refunds + by_hand
    wanted = {"unreadable_row": expected["unreadable_row"], "refund_unknown": by_hand}
    wanted |= {"payment_amount_differs": amounts, "missing_payment": expected["missing_payment"]}
    wanted["refunds_by_one_person"] = len(with_refunds)
    assert kinds == Counter({kind: count for kind, count in wanted.items() if count})
    again = reconcile_payments.handler({"day": day})["results"]
    assert sum(result["healed"] for result in again) == 0, "a repeat heals nothing anew"


def meet(scene: Scene, platform: Any, name: str, fate: str) -> None:
    """One payment of the day and what becomes of it."""
    number = scene.open(name)
    scene.pay(number)
    if fate == "not told":
        return
    scene.notify(number)
    scene.visit(f"ORDER#{number}")
    trade = platform.trades[number]
    if fate == "refunded":
        scene.ask_refund(AMOUNT // 4)
        for _ in range(3):
            for key in scene.subjects():
                scene.visit(key)
    if fate == "refunded by hand":
        platform.controls["refund"]({"order_no": number, "amount": 1})
    if fate == "another amount there":
        trade.paid += 1
    if fate == "unknown there":
        platform.trades.pop(number)


def all_cases() -> Iterator[store.CaseItem]:
    cursor = None
    while True:
        page = store.listed(store.CaseItem, "CASES#open", cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
