"""One bill, everybody who may touch its payment at the same moment, and what must be true afterwards."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.service import Debt, counter, followups, orders, refunds
from chalicelib.platforms.payment import Refused
from local.simulators.cashier import Cashier, Notification
from scenes import truth
from scenes.world import World

AMOUNT = 10_000
_ACCOUNTS = {"wechat": "o" + "x" * 27, "alipay": "a" * 40}
_ROUNDS = 60


@contextmanager
def known_accounts() -> Iterator[None]:
    """The payers of scenes have no sessions; their accounts at the platforms are fixed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(identity, "platform_account", lambda actor: _ACCOUNTS[actor.platform])
        yield


@dataclass(kw_only=True)
class Scene:
    """A payer with one bill; everything that was made on the way is looked at in the end."""

    world: World
    party: str
    bill: str = ""
    orders: set[str] = field(default_factory=set)
    refunds: set[str] = field(default_factory=set)
    taken: int = 0

    def __post_init__(self) -> None:
        charge = Charge(
            item="fee",
            name_zh="登记费",
            name_en="Fee",
            unit="natural_resources",
            item_code="103044704",
            standard=AMOUNT,
            amount=AMOUNT,
            legal_basis="测试",
        )
        debt = Debt(
            purpose="application",
            owed_for=secrets.token_hex(13),
            receipt="K7M2-9QXA-4TB3",
            service="x",
            payer=self.party,
            payer_kind="person",
            title="登记费",
            days=30,
            charges=[charge],
        )
        numbers, writes = service.prepare(debt, system("rules"))
        tables.write(*writes)
        self.bill = numbers[0]

    @property
    def platforms(self) -> dict[str, Cashier]:
        return {"wechat_pay": self.world.simulators.wechat_pay, "alipay": self.world.simulators.alipay}

    def payer(self, platform: str) -> Actor:
        return Actor(kind="person", id=self.party, level=4, platform=platform, accounts=(self.party,))

    def clerk(self, name: str = "clerk") -> Actor:
        username = f"{name}-{self.bill}"
        return Actor(kind="staff", id=username, roles=("officer",), unit="natural_resources", person=username)

    def item(self) -> store.BillItem:
        found = store.bill(self.bill)
        assert found is not None
        return found

    def open(self, platform: str = "wechat") -> str:
        """An order, or nothing when that is refused."""
        number = ids.new_id()
        self.orders.add(number)
        try:
            opened = orders.open_order(self.payer(platform), [self.item()], number)
        except Problem:
            return ""
        self.orders.add(opened.order.id)
        return opened.order.id

    def pay(self, number: str, *, force: bool = False, amount: int = AMOUNT, notice: str = "lost") -> None:
        """In the platform's app; it refuses what it should, unless forced."""
        for platform in self.platforms.values():
            trade = platform.trades.get(number)
            if trade is not None and not trade.paid_at and (force or trade.state == "NOTPAY"):
                wanted = {"order_no": number, "force": True, "amount": amount, "notice": notice}
                platform.controls["pay"](wanted)

    def notify(self, number: str) -> None:
        for platform in self.platforms.values():
            trade = platform.trades.get(number)
            if trade is not None and trade.paid_at:
                headers, body = platform.letter(Notification(due=0, place=0, trade=trade, refund=None))
                platform.send(trade.notify_url, headers, body)

    def cancel(self, number: str) -> None:
        item = store.order(number)
        if item is not None:
            refused(lambda: orders.cancel(self.payer("wechat"), item))

    def refresh(self, number: str) -> None:
        item = store.order(number)
        if item is not None:
            refused(lambda: orders.check(item, "query"))

    def visit(self, key: str) -> None:
        followups.WORKER.attempt(key)

    def take_cash(self) -> None:
        number = ids.new_id()
        if refused(lambda: counter.take(self.clerk(), [self.item()], "cash", "", number)):
            self.taken += 1
            self.orders.add(number)

    def ask_refund(self, amount: int) -> None:
        number = ids.new_id()
        self.refunds.add(number)
        wanted = refunds.RefundRequest(parts={"fee": amount}, reason="退费", certificate="stays")
        refused(lambda: refunds.ask(self.clerk(), self.item(), wanted, number))

    def cancel_bill(self) -> None:
        refused(lambda: service.bills.cancel(self.clerk(), self.item(), "减免"))

    def subjects(self) -> list[str]:
        """Everything of this scene that may have something left to do."""
        suspense = [
            f"SUSPENSE#{name}-{platform.trades[number].transaction_id}"
            for name, platform in self.platforms.items()
            for number in self.orders
            if number in platform.trades and platform.trades[number].paid_at
        ]
        given_back = [
            f"REFUND#{item.refund}"
            for key in suspense
            if (item := store.suspense(key.partition("#")[2])) is not None and item.refund
        ]
        fixed = [f"BILL#{self.bill}", f"RECEIPT#{self.bill}"]
        return [
            *(f"ORDER#{number}" for number in sorted(self.orders)),
            *suspense,
            *given_back,
            *(f"REFUND#{number}" for number in sorted(self.refunds)),
            *fixed,
        ]

    def end(self) -> list[str]:
        """Let everything come to its end by visits, and late money by the platform's repeats; what is wrong then."""
        self._rest()
        for number in sorted(self.orders):
            order = store.order(number)
            if order is not None and order.status == rules.CLOSED:
                self.notify(number)
        self._rest()
        return self.faults()

    def _rest(self) -> None:
        for _ in range(_ROUNDS):
            self.world.pass_time(minutes=1)
            due = [key for key in self.subjects() if self.is_due(key)]
            for key in due:
                self.visit(key)
            if not any(self.is_waiting(key) for key in self.subjects()):
                break

    def _item(self, key: str) -> Any:
        model = followups.WORKER.deeds[key.partition("#")[0]].model
        return tables.read(model, key, consistent=True)

    def is_waiting(self, key: str) -> bool:
        item = self._item(key)
        return item is not None and worker.is_scheduled(item)

    def is_due(self, key: str) -> bool:
        item = self._item(key)
        now = self.world._moment + timedelta(seconds=1)
        return item is not None and worker.is_scheduled(item) and str(item.gsi2sk) <= clock.utc_text(now)

    def faults(self) -> list[str]:
        found = []
        for name, platform in self.platforms.items():
            for number in sorted(self.orders):
                if number in platform.trades:
                    found += [f"{name} {number}: {fault}" for fault in truth.faults(name, platform.trades[number])]
        paid = [item for number in self.orders if (item := store.order(number)) and item.status in rules.SETTLED]
        if len(paid) > 1:
            found.append("the bill was paid by two orders")
        live = [item for number in self.orders if (item := store.order(number)) and item.status in rules.LIVE]
        if live:
            found.append("an order has not ended")
        bill = self.item()
        if bill.status == rules.CANCELLED and paid:
            found.append("a cancelled bill was paid")
        if self.taken > 1:
            found.append("cash was taken twice")
        return found + self.refund_faults(paid)

    def refund_faults(self, paid: list[store.OrderItem]) -> list[str]:
        asked = [item for number in self.refunds if (item := store.refund(number))]
        if any(item.status in (rules.ABNORMAL, rules.RETURNED, rules.REQUESTED, rules.APPROVED) for item in asked):
            return []  # a person's turn
        done = [item for item in asked if item.status == rules.DONE]
        total = sum(int(item.amount) for item in done)
        found = ["more was given back than paid"] * (total > AMOUNT)
        for order in paid:
            found += ["refunds and order differ"] * (int(order.refunded) != total)
            found += ["reserved and given back differ"] * (int(order.reserved) != total)
        return found


def refused(deed: Callable[[], object]) -> bool:
    """Whether a deed was done; refusals with a clear error are what people may get."""
    try:
        deed()
    except Refused:
        return False
    except Problem as problem:
        assert problem.error is not errors.STAFF_IDENTITY_UNKNOWN, "the scene's own fault"
        return False
    return True


def script(scene: Scene, choice: random.Random) -> list[Callable[[], None]]:
    """Who does what at the same moment: the platform, the sweep, the payer on two phones, a clerk."""
    first = scene.open()
    assert first
    if choice.random() < 0.7:
        scene.pay(first)
    if choice.random() < 0.4:
        scene.world.pass_time(minutes=16)
    deeds: list[Callable[[], None]] = [
        lambda: scene.notify(first),
        lambda: scene.notify(first),
        lambda: scene.visit(f"ORDER#{first}"),
        lambda: scene.cancel(first),
        lambda: scene.refresh(first),
        lambda: pay_and_tell(scene, first),
        lambda: pay_and_tell(scene, scene.open("alipay")),
        lambda: pay_and_tell(scene, scene.open()),
        scene.take_cash,
        scene.cancel_bill,
    ]
    return choice.sample(deeds, choice.randint(2, 4))


def pay_and_tell(scene: Scene, number: str) -> None:
    if number:
        scene.pay(number)
        scene.notify(number)


def refund_script(scene: Scene, choice: random.Random) -> list[Callable[[], None]]:
    """A paid bill, and several who give parts of it back at the same moment."""
    first = scene.open()
    scene.pay(first)
    scene.notify(first)
    if choice.random() < 0.5:
        scene.visit(f"ORDER#{first}")
    if choice.random() < 0.5:
        scene.ask_refund(choice.randint(1, AMOUNT))

    def advance() -> None:
        for number in sorted(scene.refunds):
            scene.visit(f"REFUND#{number}")

    deeds: list[Callable[[], None]] = [
        lambda: scene.ask_refund(choice.randint(1, AMOUNT)),
        lambda: scene.ask_refund(AMOUNT),
        lambda: scene.ask_refund(AMOUNT // 2),
        lambda: scene.visit(f"ORDER#{first}"),
        advance,
        advance,
    ]
    return choice.sample(deeds, choice.randint(2, 4))
