"""The city around services and halls, and what is published together."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.catalog.definition.delivery import DeliveryRules
from chalicelib.catalog.definition.words import Code, Strict, Text


class Unit(Strict, frozen=True):
    """A department that handles and issues: its code here, its name, its credit code.

    ``duty_phone``: the mobile number that hears every morning what waits for the department; none for nobody.
    """

    code: Code
    name: Text
    credit_code: str
    duty_phone: Annotated[str, Meta(pattern=r"^1[3-9][0-9]{9}$")] | UnsetType = UNSET


class Region(Strict, frozen=True, kw_only=True):
    """A division of the city by its official code (GB/T 2260), valid from a day on."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    name: Text
    parent: str | None
    valid_from: date


class CalendarYear(Strict, frozen=True, kw_only=True):
    """The State Council's notice for one year: days off and make-up working days."""

    year: int
    source: str
    off: list[date]
    make_up: list[date]


class City(Strict, frozen=True, kw_only=True):
    """``city.json`` with the calendar: everything beside the services.

    ``refund_limit``: a refund of more fen than this needs a second person; ``counter_refund_limit`` the same for what
    was paid in cash or by card at a window, ``assignment_limit`` for money in suspense that is assigned to bills.
    Without ``delivery`` nothing is posted.
    """

    name: Text
    regions: list[Region]
    units: list[Unit]
    calendar: list[CalendarYear]
    refund_limit: Annotated[int, Meta(ge=0)] = 50_000
    counter_refund_limit: Annotated[int, Meta(ge=0)] = 0
    assignment_limit: Annotated[int, Meta(ge=0)] = 50_000
    delivery: DeliveryRules | None = None


class FormerVersion(Strict, frozen=True):
    """An older version of a service, and from when on new cases got it."""

    version: int
    effective_from: date


class Summary(Strict, frozen=True, kw_only=True):
    """A service in a list.

    ``version``: the newest, which new cases get from ``effective_from`` on; until then the first of ``former`` whose
    own day has come.
    """

    code: str
    version: int
    name: Text
    summary: Text
    keywords: list[str]
    audience: list[str]
    regions: list[str]
    unit: str
    processing: str
    promised_days: int
    effective_from: date
    former: list[FormerVersion] = []

    def version_on(self, day: date) -> int | None:
        """The version that a case gets that begins on a day; None before the first one is in force."""
        if self.effective_from <= day:
            return self.version
        for older in self.former:
            if older.effective_from <= day:
                return older.version
        return None


class HallSummary(Strict, frozen=True, kw_only=True):
    """A hall in a list."""

    code: str
    version: int
    name: Text
    level: str
    region: str
    address: Text
    services: list[str]


class Release(Strict, frozen=True, kw_only=True):
    """What is published together: the city and the current version of each service and hall.

    ``divisions``, ``messages`` and ``retention`` are versions too; 0 while there are none.
    """

    number: int
    city: City
    services: list[Summary]
    halls: list[HallSummary] = []
    divisions: int = 0
    messages: int = 0
    retention: int = 0
