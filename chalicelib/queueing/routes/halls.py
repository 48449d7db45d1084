"""A hall as a whole: its display, its load, its days."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.queueing import rules, service
from chalicelib.queueing.routes.shapes import HALL_STAFF
from chalicelib.queueing.statistics import DayStatistics


class ClosedDayQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day."""

    day: date


@endpoint("GET", "/v1/halls/{hall}/board", ANYONE, errors=[catalog_rules.HALL_UNKNOWN])
def read_board(hall: str) -> service.Board:
    """The hall's display; poll it with If-None-Match every few seconds. It names nobody."""
    return service.board(catalog.hall(hall))


@endpoint("GET", "/v1/halls/{hall}/overview", HALL_STAFF)
def read_overview(target: Hall) -> service.Overview:
    """The hall at a glance: who waits how long, windows, load."""
    return service.overview(target)


@endpoint("GET", "/v1/halls/{hall}/statistics", HALL_STAFF, errors=[rules.DAY_NOT_CLOSED])
def read_statistics(target: Hall, query: ClosedDayQuery) -> DayStatistics:
    """What a day came to, once it is closed (soon after midnight)."""
    found = service.statistics(target, query.day)
    if found is None:
        raise rules.DAY_NOT_CLOSED()
    return found
