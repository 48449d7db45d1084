"""Moving a parcel along one edge: its state, its desk, its next visit and its event, in one write."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choosing
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import due, tables

Data = dict[str, str | int | list[str]]
_PAST = {
    "pack": "ready",
    "offer": "offered",
    "accept": "accepted",
    "release": "released",
    "hand_over": "handed_over",
    "depart": "departed",
    "deliver": "delivered",
    "fail": "attempt_failed",
    "retry": "retried",
    "bring_back": "returned",
    "keep": "kept_at_hall",
    "collect": "collected",
    "lose": "lost",
    "recall": "recalled",
    "arrive": "found",
    "find": "found",
    "replace": "replaced",
    "cancel": "cancelled",
}


def step(
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
    facts: Data = {"mode": str(item.mode), "carrier": str(item.carrier), **(data or {})}
    item.status = rules.SHIPMENTS.move(item.status, action, by)
    moment = clock.local(at or clock.now())
    item.overdue = bool(item.overdue) and item.status in (rules.IN_TRANSIT, rules.ATTEMPT_FAILED)
    if item.status == rules.HANDED_OVER:
        _promise(item, moment.date())
    if item.status == rules.OFFERED:
        item.courier = item.waybill = None
        if action == "offer":
            item.rounds, item.scans = int(item.rounds) + 1, "[]"
    if item.status == rules.RETURNED:
        item.courier = item.waybill = None
    if item.status in rules.ENDED:
        item.ended_at = moment.isoformat()
    start_clock(item)
    return Event(f"shipment_{_PAST[action]}", actor, note, facts)


def write_of(item: ShipmentItem, *events: Event) -> tables.Put:
    """The write of a parcel that was moved, with the desk and the visit that its state asks for."""
    schedule(item)
    store.at_desk(item)
    return changes.put(item, *events)


def moved(item: ShipmentItem, action: str, by: str, actor: Actor, note: str = "", data: Data | None = None) -> None:
    """Move the parcel along one edge and store it; raises ``shipment_wrong_state`` or ``changed_meanwhile``."""
    tables.write_or_conflict(write_of(item, step(item, action, by, actor, note, data)))


def begun(item: ShipmentItem, *events: Event) -> tables.Put:
    """The write of a new parcel."""
    start_clock(item)
    return write_of(item, *events)


def start_clock(item: ShipmentItem) -> None:
    """Say from when on the parcel is late in the state that it has come to."""
    late = _late_at(item)
    item.late_from = due.utc(late) if late else None


def rescheduled(item: ShipmentItem) -> tables.Put:
    """The write of a parcel to which nothing happened but a visit."""
    schedule(item)
    return due.unchanged(item)


def _promise(item: ShipmentItem, day: date) -> None:
    carrier = choosing.carrier(item.carrier)
    days = carrier.days if carrier else 3
    item.promised_by = str(rules.promised_by(catalog.calendar(), day, days))


def is_api(item: ShipmentItem) -> bool:
    """Whether a company behind an API carries the parcel."""
    carrier = choosing.carrier(item.carrier)
    return carrier is not None and carrier.kind == "api"


def schedule(item: ShipmentItem) -> None:
    """When the parcel is looked at again: to be booked, to be asked about, or because it is late by then."""
    now = clock.now()
    if item.status in rules.ENDED:
        due.not_due(item)
    elif item.status == rules.OFFERED and is_api(item):
        due.due(item, now, "book")
    else:
        late = store.moment(item.late_from) if item.late_from and not item.overdue else None
        asked = now + rules.ASKED_EVERY if item.status in rules.WITH_CARRIER and is_api(item) else None
        moments = [moment for moment in (late, asked) if moment is not None]
        if moments:
            due.due(item, max(now, min(moments)))
        else:
            due.not_due(item)


def _late_at(item: ShipmentItem) -> datetime | None:
    """From when on the parcel counts as late; never while its postage is not paid, and not once it is lost."""
    city, today = catalog.release().city.delivery, clock.today()
    collect_days, pack_days = (city.collect_days, city.pack_days) if city else (30, 2)
    if item.status in rules.ON_THE_WAY:
        day = date.fromisoformat(str(item.promised_by))
    elif item.status in (rules.READY, rules.RETURNED):
        day = today + timedelta(days=collect_days)
    elif item.paid and item.status in (rules.CREATED, rules.OFFERED, rules.ACCEPTED):
        day = catalog.calendar().add_working_days(today, pack_days)
    else:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=clock.SHANGHAI) + timedelta(days=1)


def code(item: ShipmentItem) -> str:
    """The recipient's code of six digits, for the counter or the door; it is never stored."""
    return rules.code_of(vault.blind_index("shipment_code", f"{item.id}#{int(item.issue)}"))
