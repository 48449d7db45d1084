"""How far into the future the city's limits and slots reach: until there its calendar must be published. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from chalicelib.catalog.definition import City, Hall, ServiceDefinition
from chalicelib.kernel.clock import Calendar


def latest_day(
    city: City, services: Iterable[ServiceDefinition], halls: Iterable[Hall], calendar: Calendar, today: date
) -> date:
    """The latest day that a limit which begins today can end on, or that can be booked today."""
    working_days = [0]
    days_ahead = [hall.rules_of(group).horizon_days for hall in halls for group in hall.groups]
    for service in services:
        working_days += [service.item.promised_days, service.item.correction_days]
        days_ahead.append(service.item.payment_days)
    if city.delivery is not None:
        longest_carrier_days = max(carrier.days for carrier in city.delivery.carriers)
        working_days += [city.delivery.pack_days, longest_carrier_days]
        days_ahead += [city.delivery.payment_days, city.delivery.collect_days]
    end_of_limits = calendar.add_working_days(today, max(working_days))
    last_slot = today + timedelta(max(days_ahead, default=0))
    return max(end_of_limits, last_slot)


def missing_years(calendar: Calendar, today: date, latest: date) -> list[int]:
    """The years from today's to the latest day's of which no calendar is published."""
    return [year for year in range(today.year, latest.year + 1) if not calendar.covers(date(year, 1, 1))]
