"""What is left to do about bills, orders, refunds, money in suspense and receipts until each has come to its end."""

from __future__ import annotations

from chalicelib import features  # a completion belongs to a feature above this one (tests/laws/test_imports.py)
from chalicelib.kernel.access import system
from chalicelib.kernel.storage import tables, worker
from chalicelib.kernel.storage.worker import Deed, Worker
from chalicelib.payments import rules
from chalicelib.payments.service import bookkeeping, orders, receipts, refunds
from chalicelib.payments.store import BillItem, OrderItem, ReceiptItem, RefundItem, SuspenseItem

SUSPENSE_DESK = system("suspense")


def _follow_order(item: OrderItem) -> None:
    if item.status in rules.LIVE:
        orders.follow(item)
    else:
        bookkeeping.book_order(item)


def _complete(item: BillItem) -> None:
    """A bill was settled or taken back: go on with what it was for, as the feature that it belongs to says."""
    complete = features.completions()[item.purpose]
    complete(item.owed_for)
    worker.unschedule(item)
    tables.write(worker.save_schedule(item))


def _settle_suspense(item: SuspenseItem) -> None:
    bookkeeping.book_suspense(item)
    if item.reason in rules.GIVEN_BACK_BY_ITSELF and not item.tries:
        refunds.give_back(SUSPENSE_DESK, item, by="system")
        return
    worker.unschedule(item)
    tables.write(worker.save_schedule(item))


def _is_live(item: OrderItem) -> bool:
    """A live order is asked about by its own timetable, also while its platform does not answer."""
    return item.status in rules.LIVE


WORKER = Worker(
    name="payment",
    deeds={
        "BILL": Deed(model=BillItem, do=_complete),
        "ORDER": Deed(model=OrderItem, do=_follow_order, paces_itself=_is_live),
        "REFUND": Deed(model=RefundItem, do=refunds.advance),
        "SUSPENSE": Deed(model=SuspenseItem, do=_settle_suspense),
        "RECEIPT": Deed(model=ReceiptItem, do=receipts.bring_up_to_date),
    },
)
