"""What a hall's day came to, in numbers."""

from __future__ import annotations

from chalicelib.catalog.definition import Text
from chalicelib.kernel.edge.shapes import Date, View


class Load(View, frozen=True, kw_only=True):
    """What a group has had today; times in seconds, averages over those served."""

    group: str
    name: Text
    waiting: int
    parked: int
    issued: int
    served: int
    missed: int
    left: int
    unserved: int
    average_wait: int
    average_service: int


class DayStatistics(View, frozen=True, kw_only=True):
    """What a hall's day came to: tickets by group, those not served, appointments that nobody kept."""

    hall: str
    date: Date
    unserved: int
    no_shows: int
    groups: list[Load]
