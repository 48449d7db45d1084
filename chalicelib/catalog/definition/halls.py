"""What makes a service hall (政务大厅): the shape of a file ``city/halls/<code>.json``.

Times are those of Asia/Shanghai. An appointment carries its day, time, places and services with it, so a new
version changes none that exists; publishing lists those that it would break. When it may be cancelled and when
its visitor may check in, the current version says.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog.definition.words import Code, Strict, Text

TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Minutes = Annotated[int, Meta(ge=1, le=480)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Channel = Literal["online", "window", "priority"]
Lane = Literal["priority", "appointment", "walk_in"]


class Span(Strict, frozen=True):
    """A part of a day in which the hall is open; what lies between two is a break."""

    opens: TimeOfDay
    closes: TimeOfDay


class Week(Strict, frozen=True, kw_only=True):
    """Opening hours of each weekday; an empty list is a day off."""

    monday: list[Span] = []
    tuesday: list[Span] = []
    wednesday: list[Span] = []
    thursday: list[Span] = []
    friday: list[Span] = []
    saturday: list[Span] = []
    sunday: list[Span] = []


class DayException(Strict, frozen=True):
    """A day unlike others: closed (no hours), an extra day, or a shorter one; it overrides everything else."""

    date: date
    hours: list[Span]
    note: Text


class Capacity(Strict, frozen=True):
    """Places (号源) of one slot by channel: booked online, by staff at the window, or kept for priority groups."""

    online: Count
    window: Count = 0
    priority: Count = 0

    @property
    def total(self) -> int:
        return self.online + self.window + self.priority


class HallService(Strict, frozen=True):
    """A service that the group handles, and how many minutes of a window it takes."""

    code: Code
    minutes: Minutes


class WindowGroup(Strict, frozen=True, kw_only=True):
    """Windows that handle the same services: one calendar of slots, one letter on tickets, one queue.

    A slot lasts ``slot_minutes``; a place in it is ``place_minutes`` of a window, and a visit takes as many
    places as its services need. ``booking`` holds the hall's booking rules that are different
    here, each as a whole.
    """

    code: Code
    name: Text
    prefix: Annotated[str, Meta(pattern="^[A-Z]$")]
    slot_minutes: Minutes
    place_minutes: Minutes
    capacity: Capacity
    services: Annotated[list[HallService], Meta(min_length=1)]
    booking: dict[str, Any] = {}


class WindowDefinition(Strict, frozen=True):
    """A window (窗口) and the groups that it serves."""

    code: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,20}$")]
    name: Text
    groups: Annotated[list[Code], Meta(min_length=1)]


class NoShowRules(Strict, frozen=True):
    """From the ``allowed``-th no-show (爽约) within ``within_days`` on, no booking for ``blocked_days``."""

    allowed: Annotated[int, Meta(ge=1, le=20)] = 2
    within_days: Annotated[int, Meta(ge=1, le=365)] = 90
    blocked_days: Annotated[int, Meta(ge=1, le=365)] = 90


class BookingRules(Strict, frozen=True, kw_only=True):
    """How places are released, held, limited and given back.

    A day is released at ``release_time``, ``horizon_days`` before it; a slot closes ``cut_off_minutes`` before it
    begins. A hold lasts ``hold_seconds``. ``per_day``, ``per_week`` and ``per_month`` count a visitor's
    appointments in the whole city (0: no limit). An appointment can be cancelled until ``cancel_until_hours``
    before it; its place is free again at a random moment ``release_delay_minutes`` later. A place for the waiting
    list (候补) is offered for ``offer_minutes``; the list takes ``waiting_most``. With ``ticket_required``
    nobody books without a booking ticket, usable from a moment within ``spread_seconds`` after the release.
    ``priority_age``: from this age on, a visitor may take places of the priority channel. A visitor may
    check in from ``early_minutes`` before until ``late_minutes`` after the slot's beginning.
    """

    horizon_days: Annotated[int, Meta(ge=1, le=60)] = 7
    release_time: TimeOfDay = "08:00"
    cut_off_minutes: Annotated[int, Meta(ge=0, le=1440)] = 30
    hold_seconds: Annotated[int, Meta(ge=60, le=1800)] = 300
    per_day: Count = 2
    per_week: Count = 4
    per_month: Count = 8
    cancel_until_hours: Annotated[int, Meta(ge=0, le=72)] = 2
    release_delay_minutes: tuple[Annotated[int, Meta(ge=0, le=720)], Annotated[int, Meta(ge=0, le=720)]] = (5, 60)
    offer_minutes: Annotated[int, Meta(ge=5, le=1440)] = 30
    waiting_most: Count = 50
    ticket_required: bool = False
    spread_seconds: Annotated[int, Meta(ge=0, le=60)] = 5
    priority_age: Annotated[int, Meta(ge=18, le=120)] = 70
    early_minutes: Annotated[int, Meta(ge=0, le=240)] = 60
    late_minutes: Annotated[int, Meta(ge=0, le=240)] = 15
    no_shows: NoShowRules = NoShowRules()


class QueueRules(Strict, frozen=True, kw_only=True):
    """How a hall calls people.

    ``pattern``: lanes in the order in which each window takes from them, over and over; a lane that is not
    in it is never called, so every lane has to be. Who does not come when called goes ``skip_back`` places
    back, ``skips_allowed`` times. A window that gives no sign of life for ``silent_seconds`` loses its person
    to the queue's head. ``location_metres``: a phone may check in by its location within this
    distance (0: not at all).
    """

    pattern: Annotated[list[Lane], Meta(min_length=1, max_length=20)] = msgspec.field(
        default_factory=lambda: ["priority", "appointment", "appointment", "walk_in"]
    )
    skip_back: Annotated[int, Meta(ge=1, le=50)] = 3
    skips_allowed: Annotated[int, Meta(ge=0, le=10)] = 2
    silent_seconds: Annotated[int, Meta(ge=120, le=3600)] = 180
    location_metres: Annotated[int, Meta(ge=0, le=5000)] = 0


class Location(Strict, frozen=True):
    """Where the hall is, in degrees (GCJ-02, as the mini-programs' location APIs give it)."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class Hall(Strict, frozen=True, kw_only=True):
    """A service hall of a city, district, street or village, and the day in it.

    ``units``: departments whose staff work here. On a public holiday the hall has the hours ``holiday_hours``
    (none: closed), on a make-up working day (调休) ``make_up_hours``, unless an exception says otherwise.
    """

    code: Code
    name: Text
    level: Literal["city", "district", "street", "village"]
    region: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    units: Annotated[list[Code], Meta(min_length=1)]
    address: Text
    phone: str
    location: Location
    hours: Week
    make_up_hours: list[Span]
    exceptions: list[DayException]
    groups: Annotated[list[WindowGroup], Meta(min_length=1)]
    windows: Annotated[list[WindowDefinition], Meta(min_length=1)]
    holiday_hours: list[Span] = []
    booking: BookingRules = BookingRules()
    queue: QueueRules = msgspec.field(default_factory=QueueRules)

    def group(self, code: str) -> WindowGroup | None:
        return next(filter(lambda one: one.code == code, self.groups), None)

    def window(self, code: str) -> WindowDefinition | None:
        return next(filter(lambda one: one.code == code, self.windows), None)

    def rules_of(self, group: WindowGroup) -> BookingRules:
        """The booking rules of a group: the hall's, with the group's own put over them."""
        merged = {**msgspec.to_builtins(self.booking), **group.booking}
        return msgspec.convert(merged, BookingRules)
