"""The carriers: pushes of the companies behind an API, and how well each of them does."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.delivery import rules, service
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE, Access
from chalicelib.kernel.edge.endpoint import Plain, Request, endpoint
from chalicelib.kernel.roles import SYSTEM_ADMINISTRATOR
from chalicelib.platforms import carrier


class CarrierDayQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which carrier, and the day on which its parcels came to their end."""

    carrier: Annotated[str, Meta(min_length=3, max_length=40)]
    day: date


@endpoint("POST", carrier.PUSH_PATH, ANYONE, errors=[rules.PUSH_REFUSED, rules.PARCEL_UNKNOWN, errors.CONFLICT])
def take_carrier_push(request: Request) -> Plain:
    """A report of a parcel company; signed, repeated until it is answered."""
    service.carriers.take_push(request.headers, request.body)
    return Plain("success")


@endpoint("GET", "/v1/carriers/statistics", Access(staff=("supervisor", SYSTEM_ADMINISTRATOR)))
def read_carrier_statistics(query: CarrierDayQuery) -> service.statistics.CarrierDay:
    """What became of a carrier's parcels on a day."""
    return service.statistics.of_day(query.carrier, query.day)
