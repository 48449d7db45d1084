"""What is left to do about results and parcels: joining, booking, asking, and saying what is late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.delivery import rules
from chalicelib.delivery.service import moving, packing, tracking
from chalicelib.delivery.store import ResultItem, ShipmentItem
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import system
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import due, tables

WATCH = system("delivery_watch")


def attempt(key: str, _sort: str = "") -> bool:
    """Visit a result or a parcel; whether that worked. What failed is due again later."""
    try:
        _visit(key)
    except Exception as error:
        log.failure("delivery_visit_failed", error, subject=key)
        _later(key)
        return False
    return True


def sweep() -> Mapping[str, int]:
    """Visit everything that is due: how many were visited, and how many failed and will be visited again."""
    return due.sweep(ShipmentItem, attempt)


def _read(key: str) -> Any:
    model = ResultItem if key.startswith("RESULT#") else ShipmentItem
    return tables.read(model, key, consistent=True)


def _visit(key: str) -> None:
    item = _read(key)
    if item is None or not due.is_due(item):
        return
    try:
        if isinstance(item, ResultItem):
            packing.join(item)
        else:
            _visit_parcel(item)
    except tables.ConditionFailed:
        return
    except errors.Problem as problem:
        if problem.error is not errors.CONFLICT:
            raise
        _later(key)


def _visit_parcel(item: ShipmentItem) -> None:
    if _is_late(item):
        return _tell_late(item)
    if item.status == rules.OFFERED and moving.is_api(item):
        return tracking.book(item)
    if item.status in rules.WITH_CARRIER and moving.is_api(item):
        return tracking.ask(item)
    return tables.write(moving.rescheduled(item))


def _is_late(item: ShipmentItem) -> bool:
    return bool(item.late_from) and not item.overdue and due.utc(clock.now()) >= str(item.late_from)


def _tell_late(item: ShipmentItem) -> None:
    item.overdue = True
    log.count("deliveries_overdue")
    tables.write(moving.write_of(item, Event("shipment_overdue", WATCH, data={"status": str(item.status)})))


def _later(key: str) -> None:
    item = _read(key)
    if item is None or not due.is_due(item):
        return
    item.attempts = int(item.attempts) + 1
    due.due(item, due.retry_at(int(item.attempts), clock.now()))
    if int(item.attempts) >= due.ALARMING_ATTEMPTS:
        log.count("delivery_work_stuck")
    try:
        tables.write(due.unchanged(item))
    except tables.ConditionFailed:
        return
