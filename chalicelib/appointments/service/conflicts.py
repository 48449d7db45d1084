"""Which appointments a new definition of the halls would break, before it is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import CHANNELS, Occupancy
from chalicelib.appointments.store import AppointmentItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, WindowGroup
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import system
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables

_FURTHEST_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An appointment that the new definition has no place for, and why."""

    appointment: str
    hall: str
    day: str
    start: str
    reason: str


@dataclass(frozen=True)
class Timetable:
    """Halls with the calendar that their opening hours follow."""

    halls: Sequence[Hall]
    calendar: Calendar


def published() -> Timetable:
    """What is published now; nothing before the first publication."""
    try:
        return Timetable([catalog.hall(summary.code) for summary in catalog.release().halls], catalog.calendar())
    except errors.Problem:
        return Timetable([], Calendar())


def broken_by(before: Timetable, after: Timetable) -> list[Broken]:
    """The appointments and holds of today and later, at the halls as they were, that those after would break.

    What was kept in spite of an earlier change, and has no slot already, is not listed again.
    """
    known = {one.appointment for one in _without_place(before, before)}
    return [one for one in _without_place(before, after) if one.appointment not in known]


def _without_place(before: Timetable, after: Timetable) -> list[Broken]:
    new = {hall.code: hall for hall in after.halls}
    return [
        broken
        for hall in before.halls
        for group in hall.groups
        for broken in _of_group(hall, group, new.get(hall.code), after.calendar)
    ]


def _of_group(hall: Hall, group: WindowGroup, new: Hall | None, calendar: Calendar) -> Iterator[Broken]:
    first = clock.today()
    for month in _months(first):
        for (number, start), taken in sorted(store.slots.month_occupancy(hall.code, group.code, month).items()):
            day = month.replace(day=number)
            if day >= first and (taken.kept or taken.held):
                yield from _of_slot(hall, group, new, calendar, day, start, taken)


def _months(first: date) -> list[date]:
    return sorted({(first + timedelta(days)).replace(day=1) for days in range(_FURTHEST_DAYS + 1)})


def _of_slot(
    hall: Hall, group: WindowGroup, new: Hall | None, calendar: Calendar, day: date, start: str, taken: Occupancy
) -> Iterator[Broken]:
    after = new.group(group.code) if new else None
    no_slot = _no_slot(new, after, calendar, day, start)
    handled = {service.code for service in after.services} if after else set()
    room = {channel: getattr(after.capacity, channel) if after else 0 for channel in CHANNELS}
    for seat in (*taken.kept, *taken.held):
        item = store.appointment(seat.appointment)
        is_held = item is None and seat.until > clock.now().timestamp()
        is_confirmed = item is not None and item.status == rules.CONFIRMED
        if not is_held and not is_confirmed:
            continue
        room[seat.channel] -= seat.places
        reason = no_slot or _not_handled(item, handled)
        if not reason and room[seat.channel] < 0:
            reason = f"the slot has fewer {seat.channel} places than are taken"
        if not reason:
            continue
        if is_held:
            reason += " (on hold)"
        yield Broken(appointment=seat.appointment, hall=hall.code, day=str(day), start=start, reason=reason)


def _not_handled(item: AppointmentItem | None, handled: set[str]) -> str:
    """Which services of an appointment the group does not handle any more, in words; empty for none."""
    if item is None:
        return ""
    gone = sorted(set(item.services) - handled)
    if not gone:
        return ""
    return f"{', '.join(gone)} is not handled any more"


def _no_slot(new: Hall | None, group: WindowGroup | None, calendar: Calendar, day: date, start: str) -> str:
    if new is None:
        return "the hall is gone"
    if group is None:
        return "the window group is gone"
    spans = [(span.opens, span.closes) for span in catalog.opening_hours(new, day, calendar)]
    return "" if start in rules.slot_starts(spans, group.slot_minutes) else "the slot is gone"


def cancel_broken(broken: Sequence[Broken]) -> int:
    """Cancel appointments that a definition has broken, with its reason, and end such holds; how many."""
    return sum(_cancel(one) for one in broken)


def _cancel(broken: Broken) -> bool:
    def attempt() -> bool:
        if store.void(broken.appointment) == rules.VOID:
            return True
        item = store.appointment(broken.appointment)
        if item is None or item.status != rules.CONFIRMED:
            return False
        cancelled = rules.APPOINTMENTS.move(item, "break", "system")
        event = Event(cancelled, system("publish"), data={"reason": broken.reason})
        tables.write(changes.record(item, event))
        return True

    return optimistic.repeat(attempt)
