"""Endpoints of messages: the inbox, preferences and consents, and the operators' desk."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import service as identity
from chalicelib.kernel import clock
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.notices import rules, service, store
from chalicelib.notices.store import LetterItem, MessageItem, PreferenceItem

PERSON = Access(person=Level.LOGGED_IN)
OPERATOR = Access(staff=("administrator",))
MessageIds = Annotated[list[Annotated[str, Meta(min_length=26, max_length=26)]], Meta(max_length=100)]
Handling = Literal["push", "digest", "inbox"]


def _any_letter(_actor: Actor, _item: LetterItem) -> bool:
    return True


LETTER = Access(
    staff=("administrator",), target=store.letter, related=_any_letter, relation="any administrator of the city"
)


class Cursor(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of a list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class Selection(msgspec.Struct, forbid_unknown_fields=True):
    """Which messages; none named: all unread ones (the newest hundred)."""

    ids: MessageIds = []


class Preferences(msgspec.Struct, forbid_unknown_fields=True):
    """How somebody wants to be told, by kind: at once, in the daily digest, or in the inbox only.

    Urgent messages are sent at once whatever is said here. ``sms``: a text message where nothing else reaches one;
    ``at_night``: no quiet hours.
    """

    progress: Handling = "push"
    appointment: Handling = "push"
    payment: Handling = "push"
    delivery: Handling = "push"
    language: Literal["zh", "en"] = "zh"
    large_text: bool = False
    sms: bool = True
    at_night: bool = False


class Consents(msgspec.Struct, forbid_unknown_fields=True):
    """What the platform's question for consent answered, by template."""

    results: Annotated[
        dict[Annotated[str, Meta(max_length=64)], Literal["accept", "reject", "ban", "filter"]],
        Meta(min_length=1, max_length=10),
    ]


class MessageView(msgspec.Struct, frozen=True):
    """A message in its reader's language and size of text; ``page`` is the mini-program page that it opens."""

    id: str
    kind: str
    event: str
    title: str
    text: str
    page: str
    at: str
    read: bool
    urgent: bool


class MessageList(msgspec.Struct, frozen=True):
    """A part of the inbox, the newest first."""

    items: list[MessageView]
    cursor: str | None


class Unread(msgspec.Struct, frozen=True):
    """How many messages are unread; ``more``: there are more than this."""

    count: int
    more: bool


class Marked(msgspec.Struct, frozen=True):
    """How many messages are read now that were not."""

    marked: int


class TemplateView(msgspec.Struct, frozen=True):
    """A template to ask consent for: ``left`` messages are agreed to, ``long_term``: any number."""

    id: str
    event: str
    kind: str
    title: str
    left: int
    long_term: bool


class TemplateList(msgspec.Struct, frozen=True):
    """The templates of the caller's platform."""

    items: list[TemplateView]


class AttemptView(msgspec.Struct, frozen=True):
    """One try of one channel; ``cost`` in fen."""

    channel: str
    verdict: str
    reason: str
    at: str
    cost: int


class DeliveryState(msgspec.Struct, frozen=True):
    """How far a message has got; its words and its reader are not shown."""

    id: str
    status: str
    read: bool
    attempts: list[AttemptView]


class EventRow(msgspec.Struct, frozen=True):
    """An event and the messages that were made of it."""

    version: int
    event: str
    messages: list[DeliveryState]


class EventList(msgspec.Struct, frozen=True):
    """A part of a subject's events."""

    items: list[EventRow]
    cursor: str | None


class SubjectQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A subject of the event log, for example ``APPLICATION#01K7...``."""

    subject: Annotated[str, Meta(min_length=3, max_length=120)]
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class DayQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which day; today without one."""

    day: date | None = None


class Statistics(msgspec.Struct, frozen=True):
    """A day of all channels."""

    day: str
    channels: list[service.operating.ChannelDay]


class LetterRow(msgspec.Struct, frozen=True):
    """A dead letter: ``event`` (no message could be made) or ``message`` (no channel took it), and why."""

    id: str
    type: str
    reason: str
    at: str


class LetterList(msgspec.Struct, frozen=True):
    """A part of the dead letters, the oldest first."""

    items: list[LetterRow]
    cursor: str | None


class Replayed(msgspec.Struct, frozen=True):
    """It is on its way again."""

    done: bool = True


@endpoint("GET", "/v1/messages", PERSON)
def list_messages(actor: Actor, query: Cursor) -> MessageList:
    """The caller's inbox."""
    page, preference = store.inbox(actor.accounts, query.cursor), service.reading.preferences(actor)
    return MessageList([_view(item, preference) for item in page.items], page.cursor)


@endpoint("GET", "/v1/messages/unread", PERSON)
def count_unread(actor: Actor) -> Unread:
    """How many messages the caller has not read."""
    count = service.reading.unread_count(actor)
    return Unread(min(count, service.reading.MOST_UNREAD), count > service.reading.MOST_UNREAD)


@endpoint("POST", "/v1/messages/read", PERSON)
def mark_read(actor: Actor, body: Selection) -> Marked:
    """Mark messages as read; those that are not the caller's are passed over."""
    return Marked(service.reading.mark_read(actor, body.ids))


@endpoint("GET", "/v1/messages/preferences", PERSON)
def read_preferences(actor: Actor) -> Preferences:
    """How the caller wants to be told."""
    return _preferences(service.reading.preferences(actor))


@endpoint("PUT", "/v1/messages/preferences", PERSON)
def change_preferences(actor: Actor, body: Preferences) -> Preferences:
    """Say how one wants to be told."""
    kinds = {kind: getattr(body, kind) for kind in rules.KINDS}
    switches = {"large_text": body.large_text, "sms": body.sms, "at_night": body.at_night}
    return _preferences(service.reading.prefer(actor, kinds, body.language, switches))


@endpoint("GET", "/v1/messages/templates", PERSON)
def list_templates(actor: Actor) -> TemplateList:
    """The templates of the caller's platform, for the mini-program to ask consent for (three at a time)."""
    return _templates(actor, identity.login_key(actor))


def _templates(actor: Actor, login: str) -> TemplateList:
    known = {str(item.sk): item for item in store.consents(login)}
    rows = []
    for one in service.reading.asked_for(actor.platform):
        template = getattr(one, actor.platform)
        given = known.get(template.id)
        left, long_term = (int(given.left), bool(given.long_term)) if given else (0, False)
        rows.append(TemplateView(template.id, one.event, one.kind, one.title.zh, left, long_term))
    return TemplateList(rows)


@endpoint("POST", "/v1/messages/consents", PERSON, errors=[rules.TEMPLATE_UNKNOWN])
def take_consents(actor: Actor, body: Consents) -> TemplateList:
    """Report what the platform's question for consent answered."""
    login = identity.login_key(actor)
    service.reading.take_consents(actor.platform, login, dict(body.results))
    return _templates(actor, login)


@endpoint("GET", "/v1/notices/statistics", OPERATOR)
def read_message_statistics(query: DayQuery) -> Statistics:
    """Tries, failures, lateness and cost of each channel on a day."""
    day = query.day or clock.today()
    return Statistics(str(day), service.operating.of_day(day))


@endpoint("GET", "/v1/notices/events", OPERATOR)
def list_notices(query: SubjectQuery) -> EventList:
    """What became of the events of a subject: for somebody who says that nothing has arrived."""
    rows, cursor = service.operating.messages_of(query.subject, query.cursor)
    return EventList(
        [EventRow(version, event, [_state(one) for one in found]) for version, event, found in rows], cursor
    )


@endpoint("GET", "/v1/notices/letters", OPERATOR)
def list_letters(query: Cursor) -> LetterList:
    """Dead letters, the oldest first."""
    page = store.letters(query.cursor)
    rows = [
        LetterRow(item.id, str(item.type), str(item.reason), str(item.gsi1sk).partition("#")[0]) for item in page.items
    ]
    return LetterList(rows, page.cursor)


@endpoint("POST", "/v1/notices/letters/{letter_id}/replay", LETTER, errors=[rules.STILL_DEAD])
def replay_letter(target: LetterItem) -> Replayed:
    """Try a dead letter again, once its cause is mended."""
    service.operating.replay(target)
    return Replayed()


def _view(item: MessageItem, preference: PreferenceItem) -> MessageView:
    words = store.words_of(item)
    text = words.large if preference.large_text and words.large else words.body
    english = preference.language == "en"
    return MessageView(
        item.id,
        str(item.kind),
        str(item.event),
        words.title.en if english else words.title.zh,
        text.en if english else text.zh,
        words.page,
        clock.local(store.moment(item.happened_at)).isoformat(),
        bool(item.read_at),
        bool(item.urgent),
    )


def _preferences(item: PreferenceItem) -> Preferences:
    return Preferences(
        **item.kind_map(),  # type: ignore[arg-type]
        language=str(item.language),  # type: ignore[arg-type]
        large_text=bool(item.large_text),
        sms=bool(item.sms),
        at_night=bool(item.at_night),
    )


def _state(item: MessageItem) -> DeliveryState:
    attempts = [
        AttemptView(made.channel, made.verdict, made.reason, made.at, made.cost) for made in item.attempts_made()
    ]
    return DeliveryState(item.id, str(item.status), bool(item.read_at), attempts)
