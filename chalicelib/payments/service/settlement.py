"""The one place where money is believed to have arrived: whoever found it out, the same rules decide.

A payment is one conditional write on its order. Money that fits no open order goes to suspense, one item for each
transaction of the platform, so it is neither dropped nor counted twice.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.kernel import clock, log
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.payments import rules, store
from chalicelib.payments.store import OrderItem, SuspenseItem
from chalicelib.platforms.payment import Trade

PLATFORM = system("platform")
_TRIES = 6
_FOLLOW_UP_AGAIN = timedelta(seconds=60)


def settle(channel: str, order_no: str, trade: Trade, source: str) -> str:
    """Take in a payment that the platform vouches for; ``source`` is notification, query or bill.

    Returns ``settled``, ``known`` (nothing to do) or ``suspended``; a live order whose money came in another amount
    is closed, because its platform takes no more for it. Raises ``changed_meanwhile`` when others were
    faster again and again; a repeat is safe.
    """
    assert trade.state == "paid" and trade.paid_at is not None

    def attempt() -> str:
        order = store.order(order_no)
        reason = misfit(order, channel, trade)
        if reason == "known":
            return "known"
        if order is None or reason:
            return suspend(channel, order_no, trade, reason, order)
        received = rules.ORDERS.move(order, "pay", "platform")
        tables.write(pay_write(order, trade, Event(received, PLATFORM, data={"source": source})))
        return "settled"

    return optimistic.repeat(attempt, tries=_TRIES)


def pay_write(order: OrderItem, trade: Trade, event: Event) -> tables.Put:
    """The write of an order that was moved to paid by ``event``."""
    assert trade.paid_at is not None
    store.set_transaction(order, trade.transaction_id)
    order.paid_at = trade.paid_at
    order.attempts = 0
    order.account = None
    worker.wake(order, clock.now() + _FOLLOW_UP_AGAIN)
    return changes.record(order, event)


def misfit(order: OrderItem | None, channel: str, trade: Trade) -> str:
    """Why a payment is not this order's: empty if it is, ``known`` if it is in the books already."""
    if order is None or order.channel != channel:
        return "unknown_order"
    if order.status in rules.SETTLED and order.transaction_id == trade.transaction_id:
        return "known"
    if trade.amount != order.amount:
        return "wrong_amount"
    if order.status in rules.SETTLED:
        return "duplicate"
    return "late" if order.status == rules.CLOSED else ""


def suspend(channel: str, order_no: str, trade: Trade, reason: str, order: OrderItem | None = None) -> str:
    """Keep money that fits no open order; ``known`` if it is kept already.

    The order that it was meant for says so, for the payer to see. Raises ``ConditionFailed`` when that one changed.
    """
    assert trade.paid_at is not None
    now = clock.now()
    item = SuspenseItem(
        f"SUSPENSE#{channel}-{trade.transaction_id}",
        channel=channel,
        order=order_no,
        transaction_id=trade.transaction_id,
        amount=trade.amount,
        paid_at=trade.paid_at,
        reason=reason,
        gsi1sk=now.isoformat(timespec="seconds"),
    )
    known = store.suspense(item.id)
    if known is not None:
        return "known"
    worker.wake(item, now)
    suspended = rules.SUSPENSE.move(item, "hold", "platform")
    item.gsi1pk = store.suspense_list(item.status)
    event = Event(suspended, PLATFORM, data={"reason": reason, "suspense": item.id})
    tables.write(changes.record(item, event), *([_note_write(order, item, event)] if order else []))
    log.count("payments_in_suspense")
    return "suspended"


def _note_write(order: OrderItem, item: SuspenseItem, event: Event) -> tables.Put:
    """The write by which an order names the money that came for it; its platform takes no more for a live one."""
    order.suspense = item.id
    if order.status not in rules.LIVE:
        return changes.record(order, event)
    closed = rules.ORDERS.move(order, "close", "platform")
    order.account = None
    worker.unschedule(order)
    return changes.record(order, event, Event(closed, PLATFORM))


def close(order: OrderItem) -> bool:
    """Note that the platform takes no money for this order any more; whether this was the one to say so."""
    closed = rules.ORDERS.move(order, "close", "platform")
    order.account = None
    worker.unschedule(order)
    try:
        tables.write(changes.record(order, Event(closed, PLATFORM)))
    except tables.ConditionFailed:
        return False
    return True
