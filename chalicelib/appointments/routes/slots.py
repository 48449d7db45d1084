"""Endpoints of appointments: the slots of a hall, for anybody."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import service
from chalicelib.appointments.routes.shapes import PLAN_ERRORS, check_near
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import endpoint


class MonthQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which month (``2026-11``), for which services (codes with commas between)."""

    month: Annotated[str, Meta(pattern=r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$")]
    services: Annotated[str, Meta(min_length=3, max_length=205)]


class ServicesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """For which services (codes with commas between)."""

    services: Annotated[str, Meta(min_length=3, max_length=205)]


@endpoint("GET", "/v1/halls/{hall}/days", ANYONE, errors=PLAN_ERRORS)
def read_month(hall: str, query: MonthQuery) -> service.plans.MonthView:
    """A month of a hall: on which days there are places for these services."""
    first = date.fromisoformat(f"{query.month}-01")
    check_near(first, "/month")
    return service.plans.month(service.plan(hall, query.services.split(",")), first)


@endpoint("GET", "/v1/halls/{hall}/days/{day}", ANYONE, errors=PLAN_ERRORS)
def read_day(hall: str, day: date, query: ServicesQuery) -> service.plans.SlotList:
    """A day's slots for these services, as they are now."""
    check_near(day, "/day")
    return service.plans.day(service.plan(hall, query.services.split(",")), day)
