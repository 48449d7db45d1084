"""Bills: made by a decision, seen, cancelled, issued anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import rules, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.store import BillItem, OrderItem

_SALTS = 5
Allowed = Callable[[BillItem], bool]


@dataclass(frozen=True, kw_only=True)
class Debt:
    """What a decision makes somebody owe: by which day of grace, in which words.

    ``purpose`` and ``owed_for``: what waits for the money, as some feature ``completes`` it, and its id.
    ``issuer``: the unit whose certificate follows the payment, empty if none does.
    """

    purpose: str
    owed_for: str
    receipt: str
    service: str
    payer: str
    payer_kind: str
    title: str
    days: int
    charges: list[Charge]
    handler: str = ""
    issuer: str = ""


def prepare(debt: Debt, actor: Actor) -> tuple[list[str], list[tables.Write]]:
    """A bill for each collecting unit, and the writes that make them, to be done in the decision's transaction.

    No bills come of charges that add up to nothing. A repeated decision makes the same bills.
    """
    region = catalog.release().city.regions[0].code
    numbers: list[str] = []
    writes: list[tables.Write] = []
    for unit, charges in sorted(rules.by_unit(debt.charges).items()):
        item = _new(debt, unit, charges, _free_number(region, debt.owed_for, unit, 1))
        issued = rules.BILLS.move(item, "issue", "system")
        numbers.append(item.id)
        writes.append(changes.record(item, Event(issued, actor)))
    return numbers, writes


def _free_number(region: str, owed_for: str, unit: str, issue: int) -> str:
    """The notice number of a debt's bill: another one should it belong to somebody else by chance."""
    for salt in range(_SALTS):
        number = rules.notice_number(region, owed_for, unit, str(issue), str(salt))
        found = store.bill(number)
        if found is None or (found.owed_for, found.unit, found.issue) == (owed_for, unit, issue):
            return number
    raise errors.CONFLICT()


def _new(debt: Debt, unit: str, charges: list[Charge], number: str) -> BillItem:
    amount = sum(charge.amount for charge in charges)
    rules.check_amount(amount)
    return BillItem(
        f"BILL#{number}",
        payer=debt.payer,
        payer_kind=debt.payer_kind,
        service=debt.service,
        unit=unit,
        owed_for=debt.owed_for,
        receipt=debt.receipt,
        title=debt.title,
        charges=charges,
        amount=amount,
        days=debt.days,
        purpose=debt.purpose,
        handler=debt.handler,
        issuer=debt.issuer,
        pay_by=clock.today() + timedelta(days=debt.days),
        gsi1pk=f"PAYER#{debt.payer}",
        gsi1sk=f"{clock.now().isoformat(timespec='seconds')}#{number}",
    )


def last_order(item: BillItem) -> OrderItem | None:
    """The payment order that took the bill in last."""
    return store.order(item.order) if item.order else None


def status_of(item: BillItem, order: OrderItem | None) -> str:
    """The bill's state as its payer sees it: the order says whether it is paid, the day whether it has expired."""
    if item.status == rules.OPEN and order is not None and order.status in rules.SETTLED:
        return rules.BILL_SETTLED
    if item.status == rules.OPEN and order is not None and order.status in rules.LIVE:
        return "paying"
    if item.status == rules.OPEN and is_expired(item):
        return "expired"
    return item.status


def is_expired(item: BillItem) -> bool:
    return clock.today() > item.pay_by


def pay_until(item: BillItem) -> datetime:
    """The end of the last day on which the bill can be paid."""
    day = item.pay_by + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=clock.SHANGHAI)


def cancel(actor: Actor, item: BillItem, reason: str, by: str = "officer") -> None:
    """Take a bill back that nobody has paid: what waited for it goes on without the money.

    Above the city's limit a supervisor has to. Raises ``supervisor_needed``, ``bill_wrong_state``,
    ``bill_already_paid`` or ``other_payment_open``.
    """
    limit = catalog.release().city.refund_limit
    refuse_if(item.amount > limit and "supervisor" not in actor.roles, rules.SUPERVISOR_NEEDED, limit=limit)
    worker.wake(item)
    tables.write_or_conflict(cancel_write(actor, item, reason, by))


def cancel_write(actor: Actor, item: BillItem, reason: str, by: str) -> tables.Put:
    """The write that cancels a bill, for a transaction of the caller's."""
    _check_unpaid(item)
    cancelled = rules.BILLS.move(item, "cancel", by)
    return changes.record(item, Event(cancelled, actor, note=reason))


def cancel_writes(actor: Actor, bill_ids: list[str], reason: str) -> list[tables.Write]:
    """The writes that cancel the bills of a withdrawn application; raises ``bill_already_paid`` if one is paid.

    What was wholly given back is paid no more. Where a refund withholds what follows, nothing else can end the
    application; what is still paid is given back by hand.
    """
    current = [_current(bill_id) for bill_id in bill_ids]
    is_withheld = any(item.withheld for item in current)
    for item in current:
        if item.status in (rules.BILL_SETTLED, rules.PARTLY_REFUNDED) and not is_withheld:
            raise rules.ALREADY_PAID()
    return [cancel_write(actor, item, reason, "system") for item in current if item.status == rules.OPEN]


def settled(bill_ids: list[str]) -> list[BillItem]:
    """These bills, or those in their place; none while one is unpaid, or while a refund withholds what follows."""
    found = [_current(bill_id) for bill_id in bill_ids]
    for item in found:
        if item.status == rules.OPEN or item.withheld:
            return []
    return found


def payable_until(bill_ids: list[str]) -> date | None:
    """The last day on which what is open of these bills, or of those in their place, can be paid; None if none is."""
    days = []
    for bill_id in bill_ids:
        item = _current(bill_id)
        if item.status == rules.OPEN:
            days.append(item.pay_by)
    return max(days, default=None)


def not_withheld_writes(items: list[BillItem]) -> list[tables.Write]:
    """Writes that change nothing, and hold only while no refund withholds what follows these bills.

    They go into the transaction that issues it: a refund may be asked for, and done, since the bills were read.
    """
    return [tables.Touch(item, ("withheld",), BillItem.withheld == 0) for item in items]


def _current(bill_id: str) -> BillItem:
    """The bill, or the last one issued in its place."""
    item = store.bill(bill_id)
    while item is not None and item.replaced_by:
        item = store.bill(item.replaced_by)
    assert item is not None
    return item


def reissue(actor: Actor, item: BillItem) -> BillItem:
    """A new bill with a new number in place of one that has expired; a repeat answers with the same one."""
    if item.replaced_by:
        found = store.bill(item.replaced_by)
        assert found is not None
        return found
    _check_unpaid(item)
    if not is_expired(item):
        raise rules.BILLS.refusal(item.status)
    issue = item.issue + 1
    number = _free_number(item.id[:6], item.owed_for, item.unit, issue)
    debt = Debt(
        owed_for=item.owed_for,
        receipt=item.receipt,
        service=item.service,
        payer=item.payer,
        payer_kind=item.payer_kind,
        title=item.title,
        days=item.days,
        charges=item.charges,
        purpose=item.purpose,
        handler=item.handler,
        issuer=item.issuer,
    )
    new = _new(debt, item.unit, item.charges, number)
    new.issue = issue
    reissued = rules.BILLS.move(item, "reissue", "payer")
    issued = rules.BILLS.move(new, "issue", "system")
    item.replaced_by = number
    tables.write_or_conflict(
        changes.record(item, Event(reissued, actor, data={"new_bill": number})),
        changes.record(new, Event(issued, actor, data={"old_bill": item.id})),
    )
    return new


def _check_unpaid(item: BillItem) -> None:
    order = last_order(item)
    if order is not None and order.status in rules.SETTLED:
        raise rules.ALREADY_PAID()
    if order is not None and order.status in rules.LIVE:
        raise rules.OTHER_PAYMENT_OPEN()


def parts_of(items: list[BillItem]) -> dict[tuple[str, str], int]:
    """What each unit's item gets of these bills."""
    parts: dict[tuple[str, str], int] = {}
    for item in items:
        for charge in item.charges:
            key = (charge.unit, charge.item_code)
            parts[key] = parts.get(key, 0) + charge.amount
    return parts
