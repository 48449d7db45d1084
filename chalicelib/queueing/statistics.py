"""What a hall's day came to, in numbers."""

from __future__ import annotations

import msgspec

from chalicelib.catalog.definition import Text


class Load(msgspec.Struct, frozen=True, kw_only=True):
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


class DayStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a hall's day came to: tickets by group, those not served, appointments that nobody kept."""

    hall: str
    date: str
    unserved: int
    no_shows: int
    groups: list[Load]
