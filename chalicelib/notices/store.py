"""What is kept of messages: inboxes, what was planned of each event, dead letters, consents, preferences.

A message is stored once for each event and person; its key follows from both, so a redelivered event finds it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.kernel import clock, ids
from chalicelib.kernel.security import vault
from chalicelib.kernel.security.vault import KernelItem
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Integer, Json, Moment, OptionalMoment
from chalicelib.kernel.storage.tables import Page
from chalicelib.notices import rules

TABLE = "notices"
LETTERS = "LETTERS"
MOST_ATTEMPTS = 40
_KEPT_SECONDS = rules.INBOX_DAYS * 86400
_DIGEST_PAGES = 10


class Bilingual(msgspec.Struct, frozen=True):
    zh: str
    en: str


class MessageWords(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it was worded when its event happened."""

    title: Bilingual
    body: Bilingual
    large: Bilingual | None
    page: str
    wechat: dict[str, str] = {}
    wechat_template: str = ""
    alipay: dict[str, str] = {}
    alipay_template: str = ""
    sms: Bilingual | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try of one channel: how it went, when, at what price in fen.

    ``login_key``: the login that was tried; ``provider``: that of a text message. ``asked``: whether the platform or
    provider was asked; if not, we knew before that there was no consent or that a limit was reached. ``unheard``:
    nobody knows whether it was sent. ``reason`` is the platform's code, for operators.
    """

    channel: str
    verdict: str
    at: datetime
    login_key: str = ""
    provider: str = ""
    reason: str = ""
    cost: int = 0
    asked: bool = True
    unheard: bool = False


class MessageItem(worker.WorkItem):
    """A message in somebody's inbox, and how far it has got on the way to their phone.

    ``english``, ``sms`` and ``at_night`` are its reader's preferences when it was made; ``begun`` is ``tried`` as it
    is stored while a visit goes on.
    """

    class Meta:
        table_name = TABLE

    event = UnicodeAttribute()
    kind = UnicodeAttribute()
    subject = UnicodeAttribute()
    subject_version = Integer()
    happened_at = Moment()
    status = UnicodeAttribute()
    urgent = BooleanAttribute(default=False)
    english = BooleanAttribute(default=False)
    sms = BooleanAttribute(default=True)
    at_night = BooleanAttribute(default=False)
    content = BinaryAttribute(legacy_encoding=False)
    tried = Json[list[Attempt]](list[Attempt], default=list)
    read_at = OptionalMoment(null=True)
    expires_at = Integer()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()

    @property
    def account(self) -> str:
        return self.pk.removeprefix("INBOX#")

    @property
    def id(self) -> str:
        return self.sk

    begun: Sequence[Attempt] = ()


class EventItem(tables.Table):
    """What became of an event: the messages that were planned of it, for operators; its presence says it is done."""

    class Meta:
        table_name = TABLE

    type = UnicodeAttribute()
    messages = Json[list[tuple[str, str]]](list[tuple[str, str]], default=list)
    expires_at = Integer()

    @property
    def version(self) -> int:
        return int(self.sk.removeprefix("V#"))


class LetterItem(tables.Table):
    """A dead letter: an event of which no message could be made, or a message that no channel takes."""

    class Meta:
        table_name = TABLE

    type = UnicodeAttribute()
    reason = UnicodeAttribute()
    subject = UnicodeAttribute()
    subject_version = Integer()
    message = UnicodeAttribute(default="")
    at = Moment()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("LETTER#")


class ConsentItem(tables.VersionedTable):
    """What a login has agreed to receive by one template of its platform: ``left`` messages, or any number.

    A platform counts consents for its own user. So they belong to the login, whichever account it leads to.
    """

    class Meta:
        table_name = TABLE

    left = Integer(default=0)
    long_term = BooleanAttribute(default=False)


class PreferenceItem(tables.VersionedTable):
    """How somebody wants to be told: for each kind push, digest or inbox; language, large text, text messages.

    ``at_night``: quiet hours are not for this person.
    """

    class Meta:
        table_name = TABLE

    kinds = Json[dict[str, str]](dict[str, str], default=dict)
    language = UnicodeAttribute(default="zh")
    large_text = BooleanAttribute(default=False)
    sms = BooleanAttribute(default=True)
    at_night = BooleanAttribute(default=False)


class DigestItem(worker.WorkItem):
    """That somebody has messages which wait for the digest of a day."""

    class Meta:
        table_name = TABLE

    expires_at = Integer()


def message_key(at: datetime, subject: str, version: int, account: str) -> str:
    """26 characters that sort by the event's moment and version, and follow from event and person."""
    digest = hashlib.sha256(f"message\0{subject}\0{version}\0{account}".encode()).digest()
    place = ids.base32(int(at.timestamp() * 1000), 10) + ids.base32(version % 1024, 2)
    return place + ids.base32(int.from_bytes(digest[:9]) >> 2, 14)


def new_message(account: str, key: str) -> MessageItem:
    item = MessageItem(f"INBOX#{account}", key, gsi1pk=f"UNREAD#{account}", gsi1sk=key, version=1)
    item.expires_at = clock.seconds(clock.now()) + _KEPT_SECONDS
    return item


def seal_words(item: MessageItem, words: MessageWords) -> None:
    packed = zlib.compress(msgspec.json.encode(words))  # so that a message is one write unit
    item.content = vault.seal(packed, TABLE, f"{item.pk}/{item.sk}", "content")


def words_of(item: MessageItem) -> MessageWords:
    packed = vault.unseal(item.content, TABLE, f"{item.pk}/{item.sk}", "content")
    return msgspec.json.decode(zlib.decompress(packed), type=MessageWords)


def message(account: str, key: str) -> MessageItem | None:
    return tables.read(MessageItem, f"INBOX#{account}", key, consistent=True)


def inbox(accounts: tuple[str, ...], cursor: str | None) -> Page:
    """A person's messages, the newest first for each account of the person."""
    return tables.query_each(MessageItem, [f"INBOX#{account}" for account in accounts], index=None, cursor=cursor)


def unread(account: str, limit: int) -> list[str]:
    """The keys of the newest unread messages, at most ``limit``."""
    page = tables.query(MessageItem.gsi1, f"UNREAD#{account}", index="gsi1", limit=limit, newest_first=True)
    return [item.sk for item in page.items]


def collected_before(account: str, key: str) -> list[MessageItem]:
    """The messages that wait for a digest, among the newest thousand before a key."""
    found: list[MessageItem] = []
    cursor = None
    for _ in range(_DIGEST_PAGES):
        page = tables.query(
            MessageItem, f"INBOX#{account}", MessageItem.sk < key, limit=100, cursor=cursor, newest_first=True
        )
        found += [item for item in page.items if item.status == rules.COLLECTED]
        cursor = page.cursor
        if cursor is None:
            break
    return found


def event(subject: str, version: int) -> EventItem | None:
    return tables.read(EventItem, f"EVENT#{subject}", f"V#{version:08d}", consistent=True)


def events(subject: str, cursor: str | None) -> Page:
    return tables.query(EventItem, f"EVENT#{subject}", cursor=cursor)


def newest_events(subject: str) -> list[EventItem]:
    """The newest events of a subject that people may have been told of, at most ten, the newest first."""
    return list(tables.query(EventItem, f"EVENT#{subject}", limit=10, newest_first=True).items)


def new_event(subject: str, version: int, kind: str, messages: list[tuple[str, str]]) -> EventItem:
    """What became of an event; written after its messages, so it says that they are there."""
    item = EventItem(f"EVENT#{subject}", f"V#{version:08d}", type=kind)
    item.messages = messages
    item.expires_at = clock.seconds(clock.now()) + _KEPT_SECONDS
    return item


def letter(letter_id: str) -> LetterItem | None:
    return tables.read(LetterItem, f"LETTER#{letter_id}", consistent=True)


def letters(cursor: str | None) -> Page:
    """Dead letters, the oldest first."""
    return tables.query(LetterItem.gsi1, LETTERS, index="gsi1", limit=50, cursor=cursor)


def new_letter(kind: str, reason: str, subject: str, version: int, message: str = "") -> LetterItem:
    """A dead letter; the same one has the same id."""
    now = clock.now()
    letter_id = ids.derived_id("letter", kind, subject, str(version), message)
    item = LetterItem(f"LETTER#{letter_id}", type=kind, reason=reason, subject=subject, subject_version=version)
    item.message = message
    item.at = now
    item.gsi1pk = LETTERS
    item.gsi1sk = f"{now.isoformat(timespec='milliseconds')}#{letter_id}"
    return item


def consent(login_key: str, template_id: str) -> ConsentItem | None:
    """What a login has agreed to by a template of its platform."""
    return tables.read(ConsentItem, f"CONSENT#{login_key}", template_id, consistent=True)


def new_consent(login_key: str, template_id: str) -> ConsentItem:
    return ConsentItem(f"CONSENT#{login_key}", template_id)


def consent_again(item: ConsentItem) -> ConsentItem | None:
    """The consent as it is now."""
    return tables.read(ConsentItem, item.pk, item.sk, consistent=True)


def consents(login_key: str) -> list[ConsentItem]:
    """All consents of a login, at most 100; ``sk`` is the template's id."""
    return list(tables.query(ConsentItem, f"CONSENT#{login_key}", limit=100).items)


def preferences(account: str) -> PreferenceItem:
    """Somebody's preferences, or those of everybody who has said nothing."""
    return tables.read(PreferenceItem, f"PREFERENCES#{account}") or PreferenceItem(f"PREFERENCES#{account}")


def counter(day: date, channel: str, what: str) -> str:
    """The name of a day's count."""
    return f"MESSAGES#{day}#{channel}#{what}"


def exhaust(day: date, channel: str) -> None:
    """Remember that a platform takes no more messages on this day."""
    tables.add_to_counter(KernelItem, counter(day, channel, "exhausted"), clock.seconds(clock.now()) + 2 * 86400)


def is_exhausted(day: date, channel: str) -> bool:
    return tables.read(KernelItem, counter(day, channel, "exhausted")) is not None
