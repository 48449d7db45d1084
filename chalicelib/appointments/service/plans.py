"""What can be booked: a hall's definition for given services, its slots, and what is left of them."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import NOTHING_TAKEN, Occupancy, Slot
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import BookingRules, Hall, Text, WindowGroup
from chalicelib.kernel import clock, errors
from chalicelib.kernel.edge.shapes import Date, Instant, View, one_of
from chalicelib.kernel.errors import refuse_if

MONTH_SECONDS = 5
_KEPT_MONTHS = 64
FURTHEST_DAYS = 730
_months: dict[tuple[str, str, str], tuple[datetime, dict[tuple[int, str], Occupancy]]] = {}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A visit to a hall: the services, the window group that handles all of them, and the places it takes."""

    hall: Hall
    group: WindowGroup
    rules: BookingRules
    services: tuple[str, ...]
    places: int

    def capacity(self, channel: str) -> int:
        return int(getattr(self.group.capacity, channel))

    def released_at(self, day: date) -> datetime:
        return rules.released_at(day, self.rules.horizon_days, self.rules.release_time)

    def starts_on(self, day: date) -> list[str]:
        if abs(day - clock.today()) > timedelta(FURTHEST_DAYS):
            return []
        spans = catalog.opening_hours(self.hall, day)
        return rules.slot_starts([(span.opens, span.closes) for span in spans], self.group.slot_minutes)

    def slot(self, day: date, start: str) -> Slot:
        return Slot(hall=self.hall.code, group=self.group.code, day=day, start=start)

    def open_slot(self, day: date, start: str) -> Slot:
        """The slot, if it can be booked now; raises ``slot_unknown``, ``slot_past``, ``slot_not_released``, ..."""
        refuse_if(start not in self.starts_on(day), rules.SLOT_UNKNOWN)
        slot = self.slot(day, start)
        rules.check_open(slot, clock.now(), self.released_at(day), self.rules.cut_off_minutes)
        return slot


def plan(hall_code: str, services: list[str]) -> Plan:
    """What a visit for these services (一次取号 for several) means at a hall.

    Raises ``hall_unknown``, ``service_not_here``, ``services_apart`` or ``visit_too_long``.
    """
    hall = catalog.hall(hall_code)
    groups = {service.code: group for group in hall.groups for service in group.services}
    for code in services:
        refuse_if(code not in groups, rules.SERVICE_NOT_HERE, service=code)
    refuse_if(len({groups[code].code for code in services}) > 1, rules.SERVICES_APART)
    group = groups[services[0]]
    minutes = [service.minutes for service in group.services if service.code in services]
    places = rules.places_needed(minutes, group.place_minutes)
    if places > max(group.capacity.online, group.capacity.window, group.capacity.priority):
        raise rules.VISIT_TOO_LONG()
    return Plan(
        hall=hall, group=group, rules=hall.rules_of(group), services=tuple(sorted(set(services))), places=places
    )


SLOT_STATES = ("open", "priority_only", "full", "closed", "past")
DAY_STATES = (*SLOT_STATES, "not_released")


class SlotView(View, frozen=True, kw_only=True):
    """A slot: ``left`` places online, ``priority`` places for priority groups; a visit takes ``places``.

    ``state``: ``open``, ``priority_only`` (places for priority groups are left), ``full``, ``closed`` (too late to
    book) or ``past``.
    """

    start: str
    end: str
    state: Annotated[str, one_of(SLOT_STATES)]
    left: int
    priority: int


class DayView(View, frozen=True, kw_only=True):
    """A day: ``open``, ``priority_only``, ``full``, ``not_released`` (until then), ``closed`` or ``past``."""

    date: Date
    state: Annotated[str, one_of(DAY_STATES)]
    left: int
    priority: int
    released_at: Instant


class MonthView(View, frozen=True, kw_only=True):
    """A month of one hall for a visit of ``places`` places; at most 5 seconds old."""

    hall: str
    group: str
    places: int
    days: list[DayView]
    warnings: list[Text]


class SlotList(View, frozen=True, kw_only=True):
    """A day's slots for a visit of ``places`` places, as they are now."""

    hall: str
    group: str
    date: Date
    places: int
    released_at: Instant
    slots: list[SlotView]
    warnings: list[Text]


def day(wanted: Plan, on: date) -> SlotList:
    """A day's slots: one query. Before the release they are shown, and cannot be booked."""
    taken = store.slots.day_occupancy(wanted.hall.code, wanted.group.code, on)
    slots = [_slot_view(wanted, on, start, taken.get(start, NOTHING_TAKEN)) for start in wanted.starts_on(on)]
    released = clock.local(wanted.released_at(on))
    return SlotList(
        hall=wanted.hall.code,
        group=wanted.group.code,
        date=on,
        places=wanted.places,
        released_at=released,
        slots=slots,
        warnings=catalog.calendar_warnings(on),
    )


def month(wanted: Plan, first: date) -> MonthView:
    """A month's days: one query, shared for some seconds by all who look."""
    taken = _month_occupancy(wanted.hall.code, wanted.group.code, first)
    number = months.monthrange(first.year, first.month)[1]
    days = [_day_view(wanted, first + timedelta(offset), taken) for offset in range(number)]
    warnings = catalog.calendar_warnings(first)
    return MonthView(hall=wanted.hall.code, group=wanted.group.code, places=wanted.places, days=days, warnings=warnings)


def _month_occupancy(hall: str, group: str, first: date) -> dict[tuple[int, str], Occupancy]:
    key = (hall, group, f"{first:%Y-%m}")
    now = clock.now()
    known = _months.get(key)
    if known is not None and now - timedelta(seconds=MONTH_SECONDS) < known[0] <= now:
        return known[1]
    if len(_months) >= _KEPT_MONTHS:
        _months.clear()
    found = store.slots.month_occupancy(hall, group, first)
    _months[key] = (now, found)
    return found


def _slot_view(wanted: Plan, on: date, start: str, taken: Occupancy) -> SlotView:
    now = clock.now()
    slot = wanted.slot(on, start)
    online = taken.free("online", wanted.capacity("online"), now)
    priority = taken.free("priority", wanted.capacity("priority"), now)
    end = rules.slot_end(start, wanted.group.slot_minutes)
    if slot.starts_at <= now:
        state = "past"
    elif now > slot.starts_at - timedelta(minutes=wanted.rules.cut_off_minutes):
        state = "closed"
    elif online >= wanted.places:
        state = "open"
    else:
        state = "priority_only" if priority >= wanted.places else "full"
    return SlotView(start=start, end=end, state=state, left=online, priority=priority)


def _day_view(wanted: Plan, on: date, taken: dict[tuple[int, str], Occupancy]) -> DayView:
    released = wanted.released_at(on)
    slots = [_slot_view(wanted, on, start, taken.get((on.day, start), NOTHING_TAKEN)) for start in wanted.starts_on(on)]
    states = [slot.state for slot in slots]
    bookable = [slot for slot in slots if slot.state in ("open", "priority_only")]
    if on < clock.today():
        state = "past"
    elif not slots:
        state = "closed"
    elif clock.now() < released:
        state = "not_released"
    else:
        state = next(state for state in ("open", "priority_only", "full", "closed", "past") if state in states)
    left = sum(slot.left for slot in bookable)
    priority = sum(slot.priority for slot in bookable)
    return DayView(date=on, state=state, left=left, priority=priority, released_at=clock.local(released))


def rules_of(hall_code: str, group_code: str) -> BookingRules:
    """A group's booking rules as they are now; the usual ones where hall or group are no longer there."""
    try:
        hall = catalog.hall(hall_code)
    except errors.Problem:
        return BookingRules()
    group = hall.group(group_code)
    return hall.rules_of(group) if group else hall.booking
