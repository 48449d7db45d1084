"""The operators: what became of events, statistics, dead letters."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.kernel import clock
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import DayQuery, Done, Instant, ListQuery, View, one_of
from chalicelib.kernel.roles import SYSTEM_ADMINISTRATOR
from chalicelib.notices import rules, service, store
from chalicelib.notices.store import LetterItem, MessageItem

OPERATOR = Access(staff=(SYSTEM_ADMINISTRATOR,))


def _any_letter(_actor: Actor, _item: LetterItem) -> bool:
    return True


LETTER = Access(
    staff=(SYSTEM_ADMINISTRATOR,), target=store.letter, related=_any_letter, relation="any administrator of the city"
)


class AttemptView(View, frozen=True, kw_only=True):
    """One try of one channel; ``cost`` in fen."""

    channel: str
    verdict: str
    reason: str
    at: Instant
    cost: int


class DeliveryState(View, frozen=True, kw_only=True):
    """How far a message has got; its words and its reader are not shown."""

    id: str
    status: Annotated[str, one_of(rules.MESSAGES.states)]
    read: bool
    attempts: list[AttemptView]


class EventRow(View, frozen=True):
    """An event and the messages that were made of it."""

    version: int
    event: str
    messages: list[DeliveryState]


class EventList(View, frozen=True):
    """A part of a subject's events."""

    items: list[EventRow]
    cursor: str | None = None


class SubjectQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A subject of the event log, for example ``APPLICATION#01K7...``."""

    subject: Annotated[str, Meta(min_length=3, max_length=120)]
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class ChannelStatistics(View, frozen=True):
    """A day of all channels."""

    day: date
    channels: list[service.operations.ChannelDay]


class LetterRow(View, frozen=True, kw_only=True):
    """A dead letter: ``event`` (no message could be made) or ``message`` (no channel took it), and why."""

    id: str
    type: str
    reason: str
    at: Instant


class LetterList(View, frozen=True):
    """A part of the dead letters, the oldest first."""

    items: list[LetterRow]
    cursor: str | None = None


@endpoint("GET", "/v1/notices/statistics", OPERATOR)
def read_message_statistics(query: DayQuery) -> ChannelStatistics:
    """Tries, failures, lateness and cost of each channel on a day."""
    day = query.day or clock.today()
    return ChannelStatistics(day, service.operations.of_day(day))


@endpoint("GET", "/v1/notices/events", OPERATOR)
def list_notices(query: SubjectQuery) -> EventList:
    """What became of the events of a subject: for somebody who says that nothing has arrived."""
    rows, cursor = service.operations.messages_of(query.subject, query.cursor)
    return EventList(
        [EventRow(version, event, [_state(one) for one in found]) for version, event, found in rows], cursor
    )


@endpoint("GET", "/v1/notices/letters", OPERATOR)
def list_letters(query: ListQuery) -> LetterList:
    """Dead letters, the oldest first."""
    page = store.letters(query.cursor)
    rows = [LetterRow(id=item.id, type=item.type, reason=item.reason, at=clock.local(item.at)) for item in page.items]
    return LetterList(rows, page.cursor)


@endpoint("POST", "/v1/notices/letters/{letter_id}/replay", LETTER, errors=[rules.STILL_DEAD])
def replay_letter(target: LetterItem) -> Done:
    """Try a dead letter again, once its cause is mended."""
    service.operations.replay(target)
    return Done()


def _state(item: MessageItem) -> DeliveryState:
    attempts = [
        AttemptView(
            channel=made.channel,
            verdict=made.verdict,
            reason=made.reason,
            at=clock.local(made.at),
            cost=made.cost,
        )
        for made in item.tried
    ]
    return DeliveryState(id=item.id, status=item.status, read=item.read_at is not None, attempts=attempts)
