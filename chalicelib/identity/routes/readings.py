"""Who read personal data: the audit administrator searches, and everybody sees the readings of their own data."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.identity import service, staff_rules
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import CursorText, Instant, View
from chalicelib.kernel.events import readings
from chalicelib.kernel.events.readings import ReadingRow
from chalicelib.kernel.roles import AUDIT_ADMINISTRATOR


class ReadingSearch(service.audit.Search, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose data, or read by whom, and the place in the list."""

    cursor: CursorText | None = None


class ReadingsQuery(msgspec.Struct, forbid_unknown_fields=True):
    """On which day; on all without one."""

    day: date | None = None
    cursor: CursorText | None = None


class ReadingView(View, frozen=True, kw_only=True):
    """A reading: who of which unit, what (``subject``) of whom (``party``); ``own_case``: the reader handled it."""

    at: Instant
    officer: str
    unit: str
    subject: str
    party: str
    own_case: bool


class ReadingList(View, frozen=True):
    """A part of the readings, the newest first (of each account, and of each part of a day)."""

    items: list[ReadingView]
    cursor: str | None = None


class OwnReadingView(View, frozen=True, kw_only=True):
    """A reading of the caller's data: when, by somebody of which unit, of which thing."""

    at: Instant
    unit: str
    kind: str
    id: str
    own_case: bool


class OwnReadingList(View, frozen=True):
    """A part of the readings of the caller's data, the newest first of each account."""

    items: list[OwnReadingView]
    cursor: str | None = None


@endpoint(
    "POST",
    "/v1/readings/search",
    Access(staff=(AUDIT_ADMINISTRATOR,)),
    errors=[staff_rules.SEARCH_UNCLEAR, *DOCUMENT_ERRORS],
)
def search_readings(actor: Actor, body: ReadingSearch) -> ReadingList:
    """Find readings of personal data; a search by person is itself recorded as a reading."""
    page = service.audit.search(actor, body, body.cursor)
    return ReadingList([_reading_view(row) for row in page.items], page.cursor)


@endpoint("GET", "/v1/me/readings", Access(person=Level.CLAIMED), errors=[errors.MANDATE_DOES_NOT_COVER])
def list_own_readings(actor: Actor, query: ReadingsQuery) -> OwnReadingList:
    """When staff read the data of the caller, or of the enterprise that the caller acts for."""
    if actor.is_narrow_agent:
        raise errors.MANDATE_DOES_NOT_COVER()
    page = readings.of_parties(list(actor.parties), query.day, query.cursor)
    return OwnReadingList([_own_view(row) for row in page.items], page.cursor)


def _reading_view(row: ReadingRow) -> ReadingView:
    return ReadingView(
        at=clock.local(row.at),
        officer=row.officer,
        unit=row.unit,
        subject=row.subject,
        party=row.party,
        own_case=row.type == readings.PERSONAL_DATA_READ.name,
    )


def _own_view(row: ReadingRow) -> OwnReadingView:
    kind, _, key = row.subject.partition("#")
    return OwnReadingView(
        at=clock.local(row.at),
        unit=row.unit,
        kind=kind.lower(),
        id=key,
        own_case=row.type == readings.PERSONAL_DATA_READ.name,
    )
