"""The reader: the inbox, preferences and consents."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import service as identity
from chalicelib.kernel import clock
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Instant, ListQuery, View, one_of
from chalicelib.notices import rules, service, store
from chalicelib.notices.store import MessageItem, PreferenceItem

PERSON = Access(person=Level.LOGGED_IN)
MessageIds = Annotated[list[Annotated[str, Meta(min_length=26, max_length=26)]], Meta(max_length=100)]
Kind = Annotated[str, one_of((*rules.KINDS, rules.SECURITY, rules.DIGEST))]
Handling = Literal["push", "digest", "inbox"]


class Selection(msgspec.Struct, forbid_unknown_fields=True):
    """Which messages; none named: all unread ones (the newest hundred)."""

    ids: MessageIds = []


class Preferences(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
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


class MessageView(View, frozen=True, kw_only=True):
    """A message in its reader's language and size of text; ``page`` is the mini-program page that it opens."""

    id: str
    kind: Kind
    event: str
    title: str
    text: str
    page: str
    at: Instant
    read: bool
    urgent: bool


class MessageList(View, frozen=True):
    """A part of the inbox, the newest first."""

    items: list[MessageView]
    cursor: str | None = None


class Unread(View, frozen=True):
    """How many messages are unread; ``more``: there are more than this."""

    count: int
    more: bool


class Marked(View, frozen=True):
    """How many messages are read now that were not."""

    marked: int


class TemplateView(View, frozen=True, kw_only=True):
    """A template to ask consent for: ``left`` messages are agreed to, ``long_term``: any number."""

    id: str
    event: str
    kind: Kind
    title: str
    left: int
    long_term: bool


class TemplateList(View, frozen=True):
    """The templates of the caller's platform."""

    items: list[TemplateView]


@endpoint("GET", "/v1/messages", PERSON)
def list_messages(actor: Actor, query: ListQuery) -> MessageList:
    """The caller's inbox."""
    page = store.inbox(actor.accounts, query.cursor)
    preference = service.inbox.preferences(actor)
    return MessageList([_view(item, preference) for item in page.items], page.cursor)


@endpoint("GET", "/v1/messages/unread", PERSON)
def count_unread(actor: Actor) -> Unread:
    """How many messages the caller has not read."""
    count = service.inbox.unread_count(actor)
    return Unread(min(count, service.inbox.MOST_UNREAD), count > service.inbox.MOST_UNREAD)


@endpoint("POST", "/v1/messages/read", PERSON)
def mark_read(actor: Actor, body: Selection) -> Marked:
    """Mark messages as read; those that are not the caller's are passed over."""
    return Marked(service.inbox.mark_read(actor, body.ids))


@endpoint("GET", "/v1/messages/preferences", PERSON)
def read_preferences(actor: Actor) -> Preferences:
    """How the caller wants to be told."""
    return _preferences(service.inbox.preferences(actor))


@endpoint("PUT", "/v1/messages/preferences", PERSON)
def change_preferences(actor: Actor, body: Preferences) -> Preferences:
    """Say how one wants to be told."""
    kinds = {kind: getattr(body, kind) for kind in rules.KINDS}
    item = service.inbox.prefer(
        actor,
        kinds,
        language=body.language,
        large_text=body.large_text,
        sms=body.sms,
        at_night=body.at_night,
    )
    return _preferences(item)


@endpoint("GET", "/v1/messages/templates", PERSON)
def list_templates(actor: Actor) -> TemplateList:
    """The templates of the caller's platform, for the mini-program to ask consent for (three at a time)."""
    return _templates(actor, identity.login_key(actor))


def _templates(actor: Actor, login: str) -> TemplateList:
    known = {item.sk: item for item in store.consents(login)}
    rows = []
    for one in service.inbox.asked_for(actor.platform):
        template = getattr(one, actor.platform)
        given = known.get(template.id)
        left, long_term = (int(given.left), bool(given.long_term)) if given else (0, False)
        rows.append(
            TemplateView(
                id=template.id, event=one.event, kind=one.kind, title=one.title.zh, left=left, long_term=long_term
            )
        )
    return TemplateList(rows)


@endpoint("POST", "/v1/messages/consents", PERSON, errors=[rules.TEMPLATE_UNKNOWN])
def take_consents(actor: Actor, body: Consents) -> TemplateList:
    """Report what the platform's question for consent answered."""
    login = identity.login_key(actor)
    service.inbox.take_consents(actor.platform, login, dict(body.results))
    return _templates(actor, login)


def _view(item: MessageItem, preference: PreferenceItem) -> MessageView:
    words = store.words_of(item)
    text = words.large if preference.large_text and words.large else words.body
    english = preference.language == "en"
    return MessageView(
        id=item.id,
        kind=item.kind,
        event=item.event,
        title=words.title.en if english else words.title.zh,
        text=text.en if english else text.zh,
        page=words.page,
        at=clock.local(item.happened_at),
        read=item.read_at is not None,
        urgent=item.urgent,
    )


def _preferences(item: PreferenceItem) -> Preferences:
    return Preferences(
        **item.kinds,  # type: ignore[arg-type]
        language=item.language,  # type: ignore[arg-type]
        large_text=item.large_text,
        sms=item.sms,
        at_night=item.at_night,
    )
