"""What follows from a payment or a refund: bills, ledger, receipts, the application. Each step may be repeated."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import due, tables
from chalicelib.payments import rules, store
from chalicelib.payments.service import bills, ledger, receipts
from chalicelib.payments.service.settling import moment
from chalicelib.payments.store import BillItem, EntryItem, OrderItem, RefundItem, SuspenseItem

BOOKS = system("books")
_AGAIN = timedelta(minutes=1)


def book_order(order: OrderItem) -> None:
    """A paid order: the ledger's entry, its bills settled with their receipts; then nothing is left to do."""
    settled = [found for bill_id in order.bill_ids() if (found := store.bill(bill_id))]
    ledger.post(_payment_entry(order, settled))
    for bill in settled:
        if bill.status == rules.OPEN:
            _settle_bill(bill)
    if due.is_due(order):
        store.not_due(order)
        tables.write_or_conflict(due.unchanged(order))


def _payment_entry(order: OrderItem, settled: list[BillItem]) -> EntryItem:
    parts, at = bills.parts_of(settled), moment(order.paid_at)
    if order.platform_no:
        return store.entry("assignment", order.id, order.channel, at, rules.assigned(parts))
    entry = store.entry("payment", order.id, order.channel, at, rules.paid_in(order.channel, parts))
    entry.transaction_id = str(order.transaction_id)
    return entry


def _settle_bill(bill: BillItem) -> None:
    bill.status = rules.BILLS.move(bill.status, "settle", "system")
    due.due(bill, clock.now() + _AGAIN, "complete")
    parts = {charge.item: charge.amount for charge in bill.lines()}
    tables.write_or_conflict(
        changes.put(bill, Event("bill_settled", BOOKS, data={"payment": bill.order or ""})),
        receipts.wanting(bill, parts),
    )


def book_suspense(item: SuspenseItem) -> None:
    """Money in suspense: the ledger's entry; then a person decides."""
    entry = store.entry(
        "suspense", item.id, item.channel, moment(item.paid_at), rules.suspended(item.channel, int(item.amount))
    )
    entry.transaction_id = str(item.transaction_id)
    ledger.post(entry)


def book_refund(item: RefundItem) -> None:
    """A refund that is done: the ledger's entry; the bill's state and receipt, or the suspense, follow."""
    ledger.post(_refund_entry(item))
    store.not_due(item)
    done = due.unchanged(item)
    if item.suspense:
        held = store.suspense(item.suspense)
        assert held is not None
        held.status = rules.SUSPENSE.move(held.status, "finish", "platform")
        tables.write_or_conflict(done, changes.put(held, Event("money_back_with_payer", BOOKS)))
        return
    bill = store.bill(item.bill or "")
    assert bill is not None
    receipt = store.receipt(bill.id)
    assert receipt is not None
    bill.refunded = int(bill.refunded) + int(item.amount)
    whole = int(bill.refunded) == int(bill.amount)
    bill.status = rules.BILLS.move(bill.status, "refund_rest" if whole else "refund_part", "system")
    shares = item.shares()
    parts = {name: amount - shares.get(name, 0) for name, amount in receipt.wanted_parts().items()}
    event = Event("bill_refunded", BOOKS, data={"refund": item.id, "amount": int(item.amount)})
    tables.write_or_conflict(done, changes.put(bill, event), receipts.wanting(bill, parts))


def _refund_entry(item: RefundItem) -> EntryItem:
    if item.suspense:
        postings = rules.negated(rules.suspended(item.channel, int(item.amount)))
        return store.entry("suspense_refund", item.id, item.channel, moment(item.done_at), postings)
    bill = store.bill(item.bill or "")
    assert bill is not None
    codes = {charge.item: (charge.unit, charge.item_code) for charge in bill.lines()}
    parts: dict[tuple[str, str], int] = {}
    for name, amount in item.shares().items():
        parts[codes[name]] = parts.get(codes[name], 0) + amount
    postings = rules.negated(rules.paid_in(item.channel, parts))
    return store.entry("refund", item.id, item.channel, moment(item.done_at), postings)
