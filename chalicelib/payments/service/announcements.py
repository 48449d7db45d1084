"""What payers hear about their money."""

from __future__ import annotations

from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change
from chalicelib.payments import store
from chalicelib.payments.store import BillItem


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of a payment order or a refund concerns; money in suspense concerns its order's payer."""
    order = store.order(key)
    if order is not None:
        bill = store.bill(order.bills[0])
        return _telling(bill, order.description, order.amount, key, change) if bill else None
    refund = store.refund(key)
    if refund is None:
        return None
    bill = store.bill(refund.bill or "") or _bill_of_order(str(refund.order))
    return _telling(bill, bill.title, refund.amount, str(refund.order), change) if bill else None


def _bill_of_order(order_id: str) -> BillItem | None:
    order = store.order(order_id)
    return store.bill(order.bills[0]) if order else None


def _telling(bill: BillItem, title: str, amount: int, order: str, change: Change) -> Announcement:
    values = {
        "id": announcements.same(order),
        "title": announcements.same(title),
        "amount": announcements.money(amount),
        "at": announcements.moment(change.at),
    }
    return Announcement(party=bill.payer, handler=bill.handler, values=values)
