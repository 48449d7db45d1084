"""Bringing things to their end: what the stream hands over at once, and what the sweep finds due.

Every item that has something left to do is visited until it has not; a failure moves the next visit away and holds
up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import system
from chalicelib.kernel.storage import due, tables
from chalicelib.payments import rules, store
from chalicelib.payments.service import booking, orders, receipts, refunds
from chalicelib.payments.store import BillItem, DueTable, OrderItem, ReceiptItem, RefundItem, SuspenseItem

SUSPENSE_DESK = system("suspense")
_MODELS: dict[str, type[DueTable]] = {
    "BILL": BillItem,
    "ORDER": OrderItem,
    "REFUND": RefundItem,
    "SUSPENSE": SuspenseItem,
    "RECEIPT": ReceiptItem,
}
Complete = Mapping[str, Callable[[str], None]]


def model_of(key: str) -> type[DueTable]:
    """What kind of item a key names."""
    return _MODELS[key.partition("#")[0]]


def visit(key: str, complete: Complete) -> None:
    """Do what is left to do about one item; ``complete`` goes on with what a settled bill was for, by its purpose.

    Somebody else's change meanwhile ends the visit; what is left then is found again, later.
    """
    kind = key.partition("#")[0]
    item = tables.read(model_of(key), key, consistent=True)
    if item is None or not due.is_due(item):
        return
    try:
        if isinstance(item, BillItem):
            _complete(item, complete)
        else:
            _DEEDS[kind](item)
    except tables.ConditionFailed:
        return
    except errors.Problem as problem:
        if problem.error.code != errors.CONFLICT.code:
            raise
        _later(key)


def attempt(key: str, complete: Complete) -> bool:
    """Visit an item; whether that worked. What failed is due again later."""
    try:
        visit(key, complete)
    except Exception as error:
        log.failure("visit_failed", error, subject=key)
        _later(key)
        return False
    return True


def sweep(complete: Complete) -> Mapping[str, int]:
    """Visit everything that is due: how many were visited, and how many failed and will be visited again."""
    return due.sweep(BillItem, lambda pk, _: attempt(pk, complete))


def _later(key: str) -> None:
    """Leave what failed to the sweep, later (with ``work`` the stream would bring it back at once).

    Long trouble reaches the alarm. A live order's visit was moved before it.
    """
    item = tables.read(model_of(key), key, consistent=True)
    if item is None or not due.is_due(item) or (isinstance(item, OrderItem) and item.status in rules.LIVE):
        return
    item.attempts = int(item.attempts) + 1
    due.due(item, due.retry_at(int(item.attempts), clock.now()))
    if int(item.attempts) >= due.ALARMING_ATTEMPTS:
        log.count("payment_work_stuck")
    try:
        tables.write(due.unchanged(item))
    except tables.ConditionFailed:
        return


def _order(item: OrderItem) -> None:
    if item.status in rules.LIVE:
        orders.follow(item)
    else:
        booking.book_order(item)


def _complete(item: BillItem, complete: Complete) -> None:
    complete[str(item.purpose)](item.application_id)
    store.not_due(item)
    tables.write(due.unchanged(item))


def _suspense(item: SuspenseItem) -> None:
    booking.book_suspense(item)
    if item.reason in rules.GIVEN_BACK_BY_ITSELF and not int(item.tries):
        refunds.give_back(SUSPENSE_DESK, item, by="system")
        return
    store.not_due(item)
    tables.write(due.unchanged(item))


_DEEDS: dict[str, Callable[[Any], None]] = {
    "ORDER": _order,
    "REFUND": refunds.advance,
    "SUSPENSE": _suspense,
    "RECEIPT": receipts.bring_up_to_date,
}
