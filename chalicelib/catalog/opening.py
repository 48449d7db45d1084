"""When a hall is open. Pure."""

from __future__ import annotations

from datetime import date

from chalicelib.catalog.definition import Hall, Span
from chalicelib.kernel.clock import Calendar

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def hours_on(hall: Hall, day: date, calendar: Calendar) -> list[Span]:
    """Opening hours on a day: an exception first, then the national calendar, then the week."""
    exception = next(filter(lambda one: one.date == day, hall.exceptions), None)
    if exception is not None:
        return exception.hours
    if day in calendar.make_up:
        return hall.make_up_hours
    if calendar.is_holiday(day):
        return hall.holiday_hours
    hours: list[Span] = getattr(hall.hours, _WEEKDAYS[day.weekday()])
    return hours
