"""What must be true of a hall's definition beyond its shape; each mistake with its place and reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import get_args

import msgspec

from chalicelib.appointments.service import MOST_PLACES, places_needed
from chalicelib.catalog.definition import City, Hall, ServiceDefinition, Span, WindowGroup
from chalicelib.catalog.definition.halls import Lane, Week

Found = Iterator[tuple[str, str]]


def mistakes(hall: Hall, name: str, city: City, services: list[ServiceDefinition]) -> Found:
    """Every mistake of a hall whose file is called ``name``."""
    if hall.code != name:
        yield "$.code", f"{hall.code!r} is not the file's name"
    if hall.region not in {region.code for region in city.regions}:
        yield "$.region", f"{hall.region} is not in city.json"
    for unit in set(hall.units) - {unit.code for unit in city.units}:
        yield "$.units", f"{unit} is not in city.json"
    yield from _hours(hall)
    yield from _repeats(hall)
    for place, group in enumerate(hall.groups):
        yield from _group(hall, group, f"$.groups[{place}]", {service.item.code: service for service in services})
    for place, window in enumerate(hall.windows):
        for unknown in set(window.groups) - {group.code for group in hall.groups}:
            yield f"$.windows[{place}].groups", f"there is no group {unknown}"
    for lane in sorted(set(get_args(Lane)) - set(hall.queue.pattern)):
        yield "$.queue.pattern", f"people in the lane {lane} would never be called"


def _hours(hall: Hall) -> Found:
    for day in Week.__struct_fields__:
        yield from _spans(f"$.hours.{day}", getattr(hall.hours, day))
    yield from _spans("$.make_up_hours", hall.make_up_hours)
    yield from _spans("$.holiday_hours", hall.holiday_hours)
    for place, exception in enumerate(hall.exceptions):
        yield from _spans(f"$.exceptions[{place}].hours", exception.hours)


def _spans(place: str, spans: list[Span]) -> Found:
    for span in spans:
        if span.opens >= span.closes:
            yield place, f"{span.opens}-{span.closes} ends before it begins"
    for earlier, later in itertools.pairwise(spans):
        if later.opens < earlier.closes:
            yield place, f"{later.opens}-{later.closes} overlaps {earlier.opens}-{earlier.closes}, or is out of order"


def _repeats(hall: Hall) -> Found:
    handled = [service.code for group in hall.groups for service in group.services]
    for place, what, values in (
        ("$.exceptions", "date", [str(exception.date) for exception in hall.exceptions]),
        ("$.groups", "code", [group.code for group in hall.groups]),
        ("$.groups", "prefix", [group.prefix for group in hall.groups]),
        ("$.groups", "service", handled),
        ("$.windows", "code", [window.code for window in hall.windows]),
    ):
        for value in _twice(values):
            yield place, f"the {what} {value} stands twice"


def _twice(values: Iterable[str]) -> list[str]:
    listed = list(values)
    return sorted({value for value in listed if listed.count(value) > 1})


def _group(hall: Hall, group: WindowGroup, place: str, services: dict[str, ServiceDefinition]) -> Found:
    if group.capacity.total == 0:
        yield f"{place}.capacity", "no channel has a place"
    if group.capacity.total > MOST_PLACES:
        yield f"{place}.capacity", f"more than {MOST_PLACES} places in a slot: make slots shorter, or more groups"
    if group.place_minutes > group.slot_minutes:
        yield f"{place}.place_minutes", "a place is longer than its slot"
    if not any(group.code in window.groups for window in hall.windows):
        yield place, "no window serves this group"
    for number, service in enumerate(group.services):
        where = f"{place}.services[{number}]"
        known = services.get(service.code)
        if known is None:
            yield where, f"there is no service {service.code}"
        elif not (known.item.bookable and known.item.in_hall):
            yield where, f"{service.code}/service.json says that it is not handled in halls, or not bookable"
        if service.minutes > group.slot_minutes:
            yield where, f"{service.minutes} minutes do not fit into a slot: use a group with longer slots"
        needed = places_needed([service.minutes], group.place_minutes)
        if needed > max(group.capacity.online, group.capacity.window, group.capacity.priority):
            yield where, f"needs {needed} places, more than any channel has"
    try:
        rules = hall.rules_of(group)
    except msgspec.ValidationError as error:
        yield f"{place}.booking", str(error)
        return
    if rules.release_delay_minutes[0] > rules.release_delay_minutes[1]:
        yield f"{place}.booking.release_delay_minutes", "the first number is larger than the second"
