"""What follows from a payment or a refund: bills, ledger, receipts, the application. Each step may be repeated."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import double_entry, rules, store
from chalicelib.payments.service import bills, ledger, receipts
from chalicelib.payments.store import BillItem, EntryItem, OrderItem, RefundItem, SuspenseItem

BOOKS = system("books")
_AGAIN = timedelta(minutes=1)


def book_order(order: OrderItem) -> None:
    """A paid order: the ledger's entry, its bills settled with their receipts; then nothing is left to do."""
    settled = [found for bill_id in order.bills if (found := store.bill(bill_id))]
    ledger.post(_payment_entry(order, settled))
    for bill in settled:
        if bill.status == rules.OPEN:
            _settle_bill(bill)
    if worker.is_scheduled(order):
        worker.unschedule(order)
        tables.write_or_conflict(worker.save_schedule(order))


def _payment_entry(order: OrderItem, settled: list[BillItem]) -> EntryItem:
    assert order.paid_at is not None
    parts = bills.parts_of(settled)
    at = order.paid_at
    if order.platform_no:
        return store.entry("assignment", order.id, order.channel, at, double_entry.assigned(parts))
    entry = store.entry("payment", order.id, order.channel, at, double_entry.paid_in(order.channel, parts))
    entry.transaction_id = str(order.transaction_id)
    return entry


def _settle_bill(bill: BillItem) -> None:
    happened = rules.BILLS.move(bill, "settle", "system")
    worker.wake(bill, clock.now() + _AGAIN)
    parts = {charge.item: charge.amount for charge in bill.charges}
    tables.write_or_conflict(
        changes.record(bill, Event(happened, BOOKS, data={"payment": bill.order or ""})),
        receipts.receipt_write(bill, parts),
    )


def book_suspense(item: SuspenseItem) -> None:
    """Money in suspense: the ledger's entry; then a person decides."""
    entry = store.entry(
        "suspense", item.id, item.channel, item.paid_at, double_entry.suspended(item.channel, item.amount)
    )
    entry.transaction_id = item.transaction_id
    ledger.post(entry)


def book_refund(item: RefundItem) -> None:
    """A refund that is done: the ledger's entry; the bill's state and receipt, or the suspense, follow."""
    ledger.post(_refund_entry(item))
    worker.unschedule(item)
    done = worker.save_schedule(item)
    if item.suspense:
        held = store.suspense(item.suspense)
        assert held is not None
        back = rules.SUSPENSE.move(held, "finish", "platform")
        tables.write_or_conflict(done, changes.record(held, Event(back, BOOKS)))
        return
    bill = store.bill(item.bill or "")
    assert bill is not None
    receipt = store.receipt(bill.id)
    assert receipt is not None
    bill.refunded = bill.refunded + item.amount
    whole = bill.refunded == bill.amount
    refunded = rules.BILLS.move(bill, "refund_rest" if whole else "refund_part", "system")
    shares = item.parts
    parts = {name: amount - shares.get(name, 0) for name, amount in receipt.wanted.items()}
    event = Event(refunded, BOOKS, data={"refund": item.id, "amount": item.amount})
    tables.write_or_conflict(done, changes.record(bill, event), receipts.receipt_write(bill, parts))


def _refund_entry(item: RefundItem) -> EntryItem:
    assert item.done_at is not None
    if item.suspense:
        postings = double_entry.negated(double_entry.suspended(item.channel, item.amount))
        return store.entry("suspense_refund", item.id, item.channel, item.done_at, postings)
    bill = store.bill(item.bill or "")
    assert bill is not None
    codes = {charge.item: (charge.unit, charge.item_code) for charge in bill.charges}
    parts: dict[tuple[str, str], int] = {}
    for name, amount in item.parts.items():
        parts[codes[name]] = parts.get(codes[name], 0) + amount
    postings = double_entry.negated(double_entry.paid_in(item.channel, parts))
    return store.entry("refund", item.id, item.channel, item.done_at, postings)
