"""What payers hear about their money."""

from __future__ import annotations

from chalicelib.kernel.events import telling
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.telling import Samples, Telling
from chalicelib.payments import store
from chalicelib.payments.store import BillItem

_PLACES: Samples = {
    "id": telling.same("01K7M29QXA4TB3000000000000"),
    "title": ("不动产转移登记", "Registration of a real-estate transfer"),
    "amount": telling.money(8000),
    "at": telling.moment_sample(),
}
EVENTS: dict[str, Samples] = dict.fromkeys(("payment_received", "payment_taken", "refund_done"), _PLACES)


def tell(key: str, change: Change) -> Telling | None:
    """Whom a change of a payment order or a refund concerns; money in suspense concerns its order's payer."""
    order = store.order(key)
    if order is not None:
        bill = store.bill(order.bill_ids()[0])
        return _telling(bill, str(order.description), int(order.amount), key, change) if bill else None
    refund = store.refund(key)
    if refund is None:
        return None
    bill = store.bill(refund.bill or "") or _bill_of_order(str(refund.order))
    return _telling(bill, str(bill.title), int(refund.amount), str(refund.order), change) if bill else None


def _bill_of_order(order_id: str) -> BillItem | None:
    order = store.order(order_id)
    return store.bill(order.bill_ids()[0]) if order else None


def _telling(bill: BillItem, title: str, amount: int, order: str, change: Change) -> Telling:
    values = {
        "id": telling.same(order),
        "title": telling.same(title),
        "amount": telling.money(amount),
        "at": telling.moment(change.at),
    }
    return Telling(party=str(bill.payer), handler=str(bill.handler), values=values)
