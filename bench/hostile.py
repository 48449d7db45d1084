"""``make hostile``: a thousand payments against platforms that lose, double, delay, forge and time out.

A simulation in virtual time with the real API, the real database, the real functions and simulated platforms that
speak the real protocols. People pay, give up, change channel, pay twice, come too late; notifications go astray; calls
are answered late or never. At the end the platforms' own books are compared with ours. Repeatable by its seed.
Results: ``bench/results/hostile.json``.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.__main__ import RESULTS, embedded_city, write_result
from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.storage import tables
from chalicelib.payments import rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.service import Debt
from chalicelib.payments.service.channels import ONLINE
from local.simulators.cashier import Cashier, Trade
from scenes import truth
from scenes.world import Client, Reply, World, new_id_number

BEGIN = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
PEOPLE = 40
STEP_SECONDS = 5
PUMP_SECONDS = 30
ORDERS_PER_MINUTE = 100
NOTICE_FAULTS = {"lost": 0.1, "doubled": 0.15, "late": 0.15, "forged": 0.1}
CALL_FAULTS = {"hang_up": 0.01, "lost_answer": 0.02, "http_500": 0.01}
PLANS = {
    "pays": 58,
    "pays_twice_over": 4,
    "never_pays": 6,
    "cancels": 5,
    "cancels_and_pays_anyway": 4,
    "switches": 6,
    "pays_on_both": 5,
    "pays_too_late": 5,
    "pays_another_amount": 2,
    "asks_again_and_again": 5,
}
REFUNDED = 0.06


@dataclass
class Person:
    """Somebody with an account on both platforms."""

    world: World
    party: str
    clients: dict[str, Client]

    def post(self, channel: str, path: str, body: Any = None) -> Reply:
        """A request in one of the two mini-programs, with a new token when the old one has expired."""
        answer = self.clients[channel].post(path, body)
        if answer.status == 401:
            self.clients[channel].renew()
            answer = self.clients[channel].post(path, body)
        return answer

    def pay(self, channel: str, bill: str) -> dict[str, Any] | None:
        """An order, or None when the platform did not answer (people then try again)."""
        answer = self.post(channel, "/v1/payments", {"bills": [bill]})
        if answer.status == 201:
            order: dict[str, Any] = answer.json
            return order
        assert answer.status in (409, 503), answer.json
        return None


@dataclass
class Times:
    """CPU seconds of our own per notification."""

    notices: list[float] = field(default_factory=list)


@dataclass(kw_only=True)
class Hostility:
    """The running simulation."""

    world: World
    random: random.Random
    people: list[Person]
    total: int
    now: datetime = BEGIN
    waiting: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    places: Iterator[int] = field(default_factory=itertools.count)
    unsettled: int = 0
    refunds_asked: int = 0
    times: Times = field(default_factory=Times)

    @property
    def platforms(self) -> dict[str, Cashier]:
        return {"wechat_pay": self.world.simulators.wechat_pay, "alipay": self.world.simulators.alipay}

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        due = self.now.timestamp() + seconds
        heapq.heappush(self.waiting, (due, next(self.places), deed))

    def begin(self) -> None:
        """Everybody's plans, spread over the first hours."""
        names, weights = list(PLANS), list(PLANS.values())
        for number in range(self.total):
            plan = self.random.choices(names, weights)[0]
            person = self.random.choice(self.people)
            channel = self.random.choice(ONLINE)
            moment = number * 60 / ORDERS_PER_MINUTE + self.random.uniform(0, 30)
            self.later(moment, lambda p=person, c=channel, w=plan: self.owe(p, c, w))  # type: ignore[misc]

    def owe(self, person: Person, channel: str, plan: str) -> None:
        bill = new_bill(person.party, self.random.randint(1, 100_000))
        self.open(person, channel, bill, plan, tries=4)

    def open(self, person: Person, channel: str, bill: str, plan: str, tries: int) -> None:
        order = person.pay(channel, bill)
        if order is None:
            if tries:
                self.later(self.random.uniform(5, 20), lambda: self.open(person, channel, bill, plan, tries - 1))
            return
        self.later(rules.ENDS_WITHIN.total_seconds(), lambda: self.look(order["id"]))
        self.follow(person, channel, bill, plan, order["id"])

    def follow(self, person: Person, channel: str, bill: str, plan: str, order: str) -> None:
        """What the person does with an open order."""
        soon, chance = self.random.uniform(5, 200), self.random.uniform
        other = ONLINE[1 - ONLINE.index(channel)]

        def pay(wait: float, **how: Any) -> None:
            self.later(wait, lambda: self.pay(channel, order, **how))

        def ask() -> None:
            for wait in (1, 2, 15):
                self.later(soon + wait, lambda: self.ask(person, channel, order))

        def switch() -> None:
            self.later(soon, lambda: self.open(person, other, bill, "pays", 4))

        def cancel() -> None:
            self.later(soon, lambda: self.close(person, channel, order))

        def pay_and_perhaps_get_it_back() -> None:
            pay(soon)
            if self.random.random() < REFUNDED:
                self.later(chance(1200, 3000), lambda: self.refund(bill))

        deeds: dict[str, list[Callable[[], None]]] = {
            "pays": [pay_and_perhaps_get_it_back],
            "asks_again_and_again": [lambda: pay(soon), ask],
            "pays_twice_over": [
                lambda: pay(soon),
                lambda: self.later(soon / 2, lambda: self.again(person, channel, bill)),
            ],
            "never_pays": [],
            "cancels": [cancel],
            "cancels_and_pays_anyway": [
                cancel,
                lambda: pay(soon + self.random.choice((-1, 0, 0.001, 5)), force=True),
            ],
            "switches": [switch],
            "pays_on_both": [switch, lambda: pay(soon + chance(0, 300), force=True)],
            "pays_too_late": [lambda: pay(chance(890, 1700), force=True)],
            "pays_another_amount": [lambda: pay(soon, amount=self.random.randint(1, 100_000))],
        }
        for deed in deeds[plan]:
            deed()

    def pay(self, channel: str, order: str, **how: Any) -> None:
        """The person pays in the platform's app; it refuses what it should, unless forced."""
        trade = self.platforms[channel].trades.get(order)
        if trade is None or trade.paid_at:
            return
        try:
            self.platforms[channel].controls["pay"]({"order_no": order, **how})
        except ValueError:
            return

    def ask(self, person: Person, channel: str, order: str) -> None:
        answer = person.post(channel, f"/v1/payments/{order}/refresh")
        assert answer.status in (200, 409, 429, 503), answer.json

    def again(self, person: Person, channel: str, bill: str) -> None:
        person.pay(channel, bill)

    def close(self, person: Person, channel: str, order: str) -> None:
        answer = person.post(channel, f"/v1/payments/{order}/close")
        assert answer.status in (200, 409, 503), answer.json

    def refund(self, bill: str) -> None:
        item = store.bill(bill)
        assert item is not None
        part = self.random.randint(1, int(item.amount))
        body = {"parts": {"fee": part}, "reason": "按规定退费", "certificate": "stays"}
        answer = self.world.staff("registrar").post(f"/v1/bills/{bill}/refunds", body)
        self.refunds_asked += answer.status == 201

    def look(self, order: str) -> None:
        """Half an hour after an order was opened it must have ended."""
        item = store.order(order)
        self.unsettled += item is not None and item.status in rules.LIVE

    def run(self, minutes: float, told: Callable[[str], None]) -> None:
        """Let virtual time pass: deeds, notifications, streams, the sweep of every minute."""
        end = self.now + timedelta(minutes=minutes)
        while self.now < end:
            self.now += timedelta(seconds=STEP_SECONDS)
            self.world.set_time(self.now)
            elapsed = int((self.now - BEGIN).total_seconds())
            while self.waiting and self.waiting[0][0] <= self.now.timestamp():
                heapq.heappop(self.waiting)[2]()
            self.world.simulators.deliver()
            if elapsed % PUMP_SECONDS == 0:
                self.world.pump()
            if elapsed % 60 == 0:
                self.sweep()
                told(f"{self.now:%H:%M} UTC")

    def sweep(self) -> None:
        from functions import sweep_payments

        sweep_payments.handler({})


def new_bill(party: str, amount: int) -> str:
    """A bill of one line, as an approval makes it."""
    charge = Charge(
        item="fee",
        name_zh="登记费",
        name_en="Fee",
        unit="natural_resources",
        item_code="103044704",
        standard=amount,
        amount=amount,
        legal_basis="bench",
    )
    debt = Debt(
        purpose="application",
        owed_for=secrets.token_hex(13),
        receipt="K7M2-9QXA-4TB3",
        service="real_estate_registration",
        payer=party,
        payer_kind="person",
        title="登记😀费",
        days=30,
        charges=[charge],
    )
    numbers, writes = service.prepare(debt, system("bench"))
    tables.write(*writes)
    return numbers[0]


def people(world: World, count: int) -> list[Person]:
    """Real-name people with one account on each platform, merged into one person."""
    found = []
    for number in range(count):
        name, id_number = f"某{number:03d}", new_id_number()
        wechat = world.log_in("wechat")
        world.prove(wechat, name, id_number)
        phone = f"139{number:08d}"
        world.bind_phone(wechat, phone)
        alipay = world.log_in("alipay")
        credential = world.simulators.alipay.controls["phone_credentials"]({"phone": phone})["credential"]
        alipay.put("/v1/me/phone", {"credential": credential})
        world.merge(wechat, alipay, name, id_number)
        alipay.renew()
        assert alipay.account_id == wechat.account_id
        found.append(Person(world, wechat.account_id, {"wechat_pay": wechat, "alipay": alipay}))
    return found


def play(world: World, orders: int, seed: int, told: Callable[[str], None]) -> dict[str, Any]:
    """Play the whole day and the next morning; what came of it."""
    world.set_time(BEGIN)
    hostility = Hostility(
        world=world, random=random.Random(seed), people=people(world, min(PEOPLE, max(2, orders // 5))), total=orders
    )
    for number, platform in enumerate(hostility.platforms.values()):
        platform.controls["random_faults"]({"seed": seed + number, "rates": CALL_FAULTS})
        platform.controls["notification_faults"](NOTICE_FAULTS)
        platform.controls["commission"]({"basis_points": 38})
    world.simulators.wechat_pay.certificate_share = 0.5
    measured(hostility)
    hostility.begin()
    hostility.run(orders / ORDERS_PER_MINUTE + 75, told)
    for platform in hostility.platforms.values():
        platform.controls["reset_faults"]({})
        platform.controls["notification_faults"]({})
    hostility.run(70, told)
    next_morning(hostility)
    return verdict(hostility)


def measured(hostility: Hostility) -> None:
    """Count our own CPU of each notification."""
    for platform in hostility.platforms.values():
        send = platform.send

        def timed(url: str, headers: dict[str, str], body: bytes, send: Any = send) -> tuple[int, bytes]:
            began = time.thread_time()
            answer: tuple[int, bytes] = send(url, headers, body)
            hostility.times.notices.append(time.thread_time() - began)
            return answer

        platform.send = timed


def next_morning(hostility: Hostility) -> None:
    """The last notifications, and the reconciliation of the day."""
    from functions import reconcile_payments

    world, day = hostility.world, clock.today()
    hostility.now += timedelta(days=1, hours=10)
    world.set_time(hostility.now)
    world.simulators.deliver()
    world.pump()
    reconcile_payments.handler({"day": str(day)})
    for _ in range(5):
        hostility.now += timedelta(minutes=2)
        world.set_time(hostility.now)
        world.pump()
        hostility.sweep()
    reconcile_payments.handler({"day": str(day)})


def verdict(hostility: Hostility) -> dict[str, Any]:
    """The platforms' own books against ours."""
    found: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for name, platform in hostility.platforms.items():
        entries = truth.ledger_of(name)
        for trade in platform.trades.values():
            count(found, states, name, trade)
            missing = truth.differences(trade, entries)
            found["differences_without_case"] += missing and not has_case(name, trade)
    milliseconds = sorted(1000 * one for one in hostility.times.notices)
    platforms = hostility.platforms.values()
    counted = ("orders", "settled", "refunded", "suspense", "wrong_states", "double_credits")
    return {
        **{name: found[name] for name in counted},
        "unsettled_after_30_min": hostility.unsettled,
        "differences_without_case": found["differences_without_case"],
        "notifications_sent": sum(platform.sent for platform in platforms),
        "forged_refused": sum(platform.forged_refused for platform in platforms),
        "forged_accepted": sum(platform.forged_accepted for platform in platforms),
        "money_in_fen": found["in"],
        "money_settled_fen": found["kept"],
        "money_given_back_fen": found["back"],
        "money_in_suspense_fen": found["held"],
        "money_missing_fen": found["in"] - found["kept"] - found["back"] - found["held"],
        "order_states": dict(sorted(states.items())),
        "notice_cpu_ms_p50": round(statistics.median(milliseconds), 1),
        "notice_cpu_ms_p99": round(milliseconds[len(milliseconds) * 99 // 100], 1),
    }


def count(found: Counter[str], states: Counter[str], name: str, trade: Trade) -> None:
    """Where one trade's money is, and whether anything about it is wrong."""
    order = store.order(trade.no)
    assert order is not None
    states[order.status] += 1
    wrong = truth.faults(name, trade)
    found["orders"] += 1
    found["double_credits"] += "credited twice" in wrong
    found["wrong_states"] += any(one != "credited twice" for one in wrong)
    if not trade.paid_at:
        return
    back = truth.given_back(trade)
    found["in"] += trade.paid
    found["back"] += back
    found["refunded"] += back > 0
    credited = truth.is_credited(order, trade)
    found["settled" if credited else "suspense"] += 1
    if credited:
        found["kept"] += trade.paid - back
    elif store.suspense(f"{name}-{trade.transaction_id}"):
        found["held"] += trade.paid - back


def has_case(name: str, trade: Trade) -> bool:
    """Whether a difference about this trade waits for a person."""
    day = str(trade.paid_at.date()) if trade.paid_at else ""
    kinds = ("missing_payment", "payment_amount_differs")
    return any(store.case(f"{day}-{name}-{kind}-{trade.transaction_id}") for kind in kinds)


@contextmanager
def quiet() -> Iterator[None]:
    """Request logs would hide the progress."""
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make hostile")
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=2, help="cities played side by side, one process each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with ProcessPoolExecutor(given.worlds) as pool:
        share = -(-given.orders // given.worlds)
        results = list(pool.map(one_world, [share] * given.worlds, range(given.seed, given.seed + given.worlds)))
    result = together(results)
    result |= {"seed": given.seed, "seconds": round(time.monotonic() - began, 1)}
    print()
    for name, value in result.items():
        print(f"{name:<28} {value}")
    given.out.mkdir(parents=True, exist_ok=True)
    write_result("hostile", result, given.out)
    faults = ("wrong_states", "double_credits", "unsettled_after_30_min", "differences_without_case", "forged_accepted")
    return int(any(result[name] for name in faults) or result["money_missing_fen"] != 0)


def one_world(orders: int, seed: int) -> dict[str, Any]:
    """A city of its own, played in this process; the first one tells how far it is."""
    began = time.monotonic()

    def told(text: str) -> None:
        print(f"\r  seed {seed}: virtual time {text}, {time.monotonic() - began:.0f} s", end="", flush=True)

    with quiet(), embedded_city() as world:
        return play(world, orders, seed, told)


def together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums of several worlds; of times the worst."""
    whole = dict(results[0])
    for other in results[1:]:
        for name, value in other.items():
            if isinstance(value, dict):
                whole[name] = dict(sorted((Counter(whole[name]) + Counter(value)).items()))
            else:
                whole[name] = max(whole[name], value) if name.startswith("notice_cpu") else whole[name] + value
    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
