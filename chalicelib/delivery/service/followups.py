"""What is left to do about results and parcels: joining, booking, asking, and saying what is late."""

from __future__ import annotations

from chalicelib.delivery import events, rules
from chalicelib.delivery.service import carriers, parcels, transitions
from chalicelib.delivery.store import ResultItem, ShipmentItem
from chalicelib.kernel import clock, log
from chalicelib.kernel.access import system
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.worker import Deed, Worker

WATCH = system("delivery_watch")


def _follow_parcel(item: ShipmentItem) -> None:
    left_to_do = rules.CONSEQUENCES[item.status].carrier_work if transitions.is_api(item) else ""
    is_in_hall = item.status in (rules.OFFERED, rules.ACCEPTED)
    if left_to_do and is_in_hall and parcels.is_stopped(item):
        transitions.move_and_store(item, "recall", "system", WATCH, rules.PARCEL_STOPPED.zh)
    elif _is_late(item):
        _tell_late(item)
    elif left_to_do == rules.BOOK:
        carriers.book(item)
    elif left_to_do == rules.ASK:
        carriers.ask(item)
    else:
        tables.write(transitions.save_schedule(item))


def _is_late(item: ShipmentItem) -> bool:
    return item.late_from is not None and not item.overdue and clock.now() >= item.late_from


def _tell_late(item: ShipmentItem) -> None:
    item.overdue = True
    log.count("deliveries_overdue")
    tables.write(transitions.record(item, Event(events.SHIPMENT_OVERDUE, WATCH, data={"status": item.status})))


WORKER = Worker(
    name="delivery",
    deeds={
        "RESULT": Deed(model=ResultItem, do=parcels.join),
        "SHIPMENT": Deed(model=ShipmentItem, do=_follow_parcel),
    },
)
