"""Payments at the window (窗口缴费): cash and card, the same orders, ledger and receipts; a drawer for each clerk."""

from __future__ import annotations

from datetime import date

from chalicelib.kernel import clock, errors, ids, log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.payments import rules, store
from chalicelib.payments.service import bills, booking, orders, refunds, settling
from chalicelib.payments.service.channels import CARD, CASH, ONLINE
from chalicelib.payments.store import BillItem, DrawerItem, OrderItem, RefundItem
from chalicelib.platforms.payment import Trade


def read_bill(actor: Actor, bill_id: str) -> BillItem | None:
    """The bill behind a payment notice number; the clerk's reading is recorded before it is shown."""
    item = store.bill(bill_id)
    if item is not None:
        tables.write(changes.put_reading(store.PaymentReadingItem, item.subject, actor))
    return item


def take(actor: Actor, wanted: list[BillItem], method: str, slip: str, order_id: str) -> OrderItem:
    """Take cash, or a card by its slip number, for bills; online orders over them are ended at their platforms first.

    Raises ``bill_not_payable``, ``bill_already_paid``, ``drawer_closed``, ``card_slip_used``, ``payment_not_verified``
    or ``changed_meanwhile``.
    """
    if method == CARD:
        order_id = ids.derived_id("card", actor.unit, slip)
    existing = store.order(order_id)
    if existing is not None:
        if existing.clerk == actor.id and existing.bill_ids() == sorted(item.id for item in wanted):
            return existing
        raise rules.CARD_SLIP_USED()
    _end_others(actor, wanted)
    drawer = _open_drawer(actor)
    order = orders.new_order(order_id, method, wanted)
    order.clerk = actor.id
    amount = int(order.amount)
    _count(drawer, method, amount)
    trade = Trade("paid", slip if method == CARD else order_id, amount, clock.now())
    event = Event("payment_taken", actor, data={"method": method, "amount": amount})
    tables.write_or_conflict(
        settling.paying(order, trade, event),
        *orders.take_in(actor, order, wanted),
        changes.put(drawer, event),
    )
    return order


def _end_others(actor: Actor, wanted: list[BillItem]) -> None:
    for item in wanted:
        order = bills.last_order(item)
        if order is not None and order.status in rules.SETTLED:
            raise rules.ALREADY_PAID()
        if order is not None and order.status in rules.LIVE:
            orders.end(actor, order, "payer")


def _open_drawer(actor: Actor) -> DrawerItem:
    drawer = store.drawer(actor.id, actor.unit, clock.today())
    if drawer.status != "open":
        raise rules.DRAWER_CLOSED()
    return drawer


def _count(drawer: DrawerItem, method: str, amount: int) -> None:
    if method == CASH:
        drawer.cash = int(drawer.cash) + amount
    else:
        drawer.card = int(drawer.card) + amount
    drawer.payments = int(drawer.payments) + (1 if amount > 0 else 0)


def pay_out(actor: Actor, item: RefundItem) -> None:
    """Pay an approved refund of a window payment out of the clerk's drawer; or note that one which came back to the
    merchant's account was paid out by hand.

    Raises ``refund_wrong_state``, ``drawer_closed`` or ``changed_meanwhile``.
    """
    if item.status == rules.RETURNED:
        refunds.finish(item, clock.now(), actor, int(item.amount))
        return
    if item.channel not in (CASH, CARD):
        raise rules.REFUNDS.refusal(item.status)
    drawer = _open_drawer(actor)
    _count(drawer, item.channel, -int(item.amount))
    event = Event("refund_paid_out", actor, data={"amount": int(item.amount)})
    refunds.finish(item, clock.now(), actor, int(item.amount), (changes.put(drawer, event),))


def close_drawer(actor: Actor, cash: int, card: int, day: date) -> DrawerItem:
    """End of the clerk's day: what was counted beside what the books say; a difference waits for the treasury.

    Closing again with the same counts changes nothing. Raises ``drawer_closed`` or ``changed_meanwhile``.
    """
    drawer = store.drawer(actor.id, actor.unit, day)
    if day > clock.today():
        raise rules.DRAWER_CLOSED()
    if drawer.status != "open":
        if (drawer.counted_cash, drawer.counted_card) == (cash, card):
            return drawer
        raise rules.DRAWER_CLOSED()
    agrees = (cash, card) == (int(drawer.cash), int(drawer.card))
    drawer.status, drawer.counted_cash, drawer.counted_card = "closed" if agrees else "differing", cash, card
    difference = cash + card - int(drawer.cash) - int(drawer.card)
    if not agrees:
        log.count("payment_differences")
    tables.write_or_conflict(changes.put(drawer, Event("drawer_closed", actor, data={"difference": difference})))
    return drawer


def resolve_drawer(actor: Actor, item: DrawerItem, note: str) -> None:
    """A treasurer has dealt with a difference; resolving it again changes nothing."""
    if item.status == "differing":
        item.status = "resolved"
        tables.write_or_conflict(changes.put(item, Event("drawer_resolved", actor, note)))


def find(number: str) -> list[OrderItem]:
    """The payments behind a number that a payer has in hand: ours, or the platform's transaction number."""
    found = [store.order(order_id) for order_id in dict.fromkeys([number, *store.orders_of_transaction(number)])]
    held = [store.suspense(f"{channel}-{number}") for channel in ONLINE]
    found += [store.order(item.order) for item in held if item is not None]
    return [order for order in found if order is not None]


def assign(actor: Actor, suspense_id: str, wanted: list[BillItem], order_id: str) -> OrderItem:
    """Money in suspense is for these bills: they count as paid by it.

    Raises ``suspense_wrong_state``, ``amount_differs``, ``bill_not_payable``, ``other_payment_open``, ...
    """
    held = store.suspense(suspense_id)
    existing = store.order(order_id)
    if existing is not None:
        return existing
    if held is None:
        raise errors.NOT_FOUND()
    booking.book_suspense(held)
    for item in wanted:
        last = bills.last_order(item)
        if last is not None and last.status in rules.LIVE:
            raise rules.OTHER_PAYMENT_OPEN()
    order = orders.new_order(order_id, held.channel, wanted)
    if int(order.amount) != int(held.amount):
        raise rules.AMOUNT_DIFFERS(expected=int(held.amount))
    order.platform_no = held.order
    held.status, held.gsi1pk = rules.SUSPENSE.move(held.status, "assign", "officer"), "SUSPENSE#done"
    trade = Trade("paid", held.transaction_id, int(held.amount), clock.now())
    event = Event("money_assigned", actor, data={"payment": order.id, "suspense": held.id})
    tables.write_or_conflict(
        changes.put(store.not_due(held), event),
        settling.paying(order, trade, event),
        *orders.take_in(actor, order, wanted),
    )
    return order
