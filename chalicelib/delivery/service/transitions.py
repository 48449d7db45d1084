"""Moving a parcel along one edge: its state, its desk, its next visit and its event, in one write."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choices
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Data, Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables, worker

# Of parcels that are under way when a city stops to post anything.
_COLLECT_DAYS = 30
_PACK_DAYS = 2


def move(
    item: ShipmentItem,
    action: str,
    by: str,
    actor: Actor,
    note: str = "",
    data: Data | None = None,
    at: datetime | None = None,
) -> Event:
    """Move the parcel; the event that says so. ``at``: when a carrier says that it was. Raises
    ``shipment_wrong_state``."""
    # What people are told of this later must not depend on what has become of the parcel by then.
    facts: Data = {"mode": item.mode, "carrier": item.carrier, **(data or {})}
    moved = rules.SHIPMENTS.move(item, action, by)
    moment = clock.local(at or clock.now())
    follows = rules.CONSEQUENCES[item.status]
    item.overdue = item.overdue and follows.stays_late
    if follows.promise_begins:
        _promise(item, moment.date())
    if follows.leaves_courier:
        item.courier = None
        item.waybill = None
    if follows.is_end:
        item.ended_at = moment
    if action == "offer":
        item.rounds = item.rounds + 1
        item.scans = []
    start_clock(item)
    return Event(moved, actor, note=note, data=facts)


def record(item: ShipmentItem, *events: Event) -> tables.Put:
    """The write of a parcel that was moved, with the desk and the visit that its state asks for."""
    schedule(item)
    store.at_desk(item)
    return changes.record(item, *events)


def move_and_store(
    item: ShipmentItem, action: str, by: str, actor: Actor, note: str = "", data: Data | None = None
) -> None:
    """Move the parcel along one edge and store it; raises ``shipment_wrong_state`` or ``changed_meanwhile``."""
    tables.write_or_conflict(record(item, move(item, action, by, actor, note, data)))


def record_new(item: ShipmentItem, *events: Event) -> tables.Put:
    """The write of a new parcel."""
    start_clock(item)
    return record(item, *events)


def start_clock(item: ShipmentItem) -> None:
    """Say from when on the parcel is late in the state that it has come to."""
    item.late_from = _late_at(item)


def save_schedule(item: ShipmentItem) -> tables.Touch:
    """The write of a parcel to which nothing happened but a visit."""
    schedule(item)
    return worker.save_schedule(item)


def _promise(item: ShipmentItem, day: date) -> None:
    carrier = choices.carrier(item.carrier)
    days = carrier.days if carrier else 3
    item.promised_by = rules.promised_by(catalog.calendar(), day, days)


def is_api(item: ShipmentItem) -> bool:
    """Whether a company behind an API carries the parcel."""
    carrier = choices.carrier(item.carrier)
    return carrier is not None and carrier.kind == "api"


def schedule(item: ShipmentItem) -> None:
    """When the parcel is looked at again: to be booked, to be asked about, or because it is late by then."""
    now = clock.now()
    left_to_do = rules.CONSEQUENCES[item.status].carrier_work if is_api(item) else ""
    if left_to_do == rules.BOOK:
        worker.wake(item, now)
        return
    moments = []
    if item.late_from and not item.overdue:
        moments.append(item.late_from)
    if left_to_do == rules.ASK:
        moments.append(now + rules.ASKED_EVERY)
    if moments:
        worker.schedule(item, max(now, min(moments)))
    else:
        worker.unschedule(item)


def _late_at(item: ShipmentItem) -> datetime | None:
    """From when on the parcel counts as late; never while its postage is not paid, and not once it is lost."""
    limit = rules.CONSEQUENCES[item.status].limit
    city = catalog.release().city.delivery
    today = clock.today()
    if limit == rules.AS_PROMISED:
        assert item.promised_by is not None
        last = item.promised_by
    elif limit == rules.TO_COLLECT:
        last = today + timedelta(days=city.collect_days if city else _COLLECT_DAYS)
    elif limit == rules.TO_PACK and item.paid:
        last = catalog.calendar().add_working_days(today, city.pack_days if city else _PACK_DAYS)
    else:
        return None
    return datetime(last.year, last.month, last.day, tzinfo=clock.SHANGHAI) + timedelta(days=1)


def code(item: ShipmentItem) -> str:
    """The recipient's code of six digits, for the counter or the door; it is never stored."""
    return rules.code_of(vault.blind_index("shipment_code", f"{item.id}#{item.issue}"))
