"""From an entry of the event log to messages: for whom, in which words, how and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import MessageTemplate
from chalicelib.identity import service as identity
from chalicelib.kernel import aws, clock, errors, log
from chalicelib.kernel.events import announcements, changes
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.storage import streams, tables, worker
from chalicelib.kernel.storage.streams import Record
from chalicelib.notices import rules, store
from chalicelib.notices.service import sources
from chalicelib.notices.store import Bilingual, DigestItem, EventItem, MessageItem, MessageWords


def take(event: Mapping[str, Any]) -> streams.Answer:
    """Plan the messages of new entries of the event log; the answer names the records to be brought again.

    An entry of which no message can be made becomes a dead letter, so that it holds up nobody else.
    """
    return streams.work_through(event, _take_record, "notice_not_planned")


def _take_record(record: Record) -> None:
    # An entry that contradicts an earlier one of its version is for operators (see history.py), not for people.
    is_entry = record.is_new_item and "entry" in record.image and "first" not in record.image
    if is_entry:
        _take_one(record.pk, record.text("entry"))


def _take_one(subject: str, entry: str) -> None:
    try:
        change = changes.parse_entry(entry)
    except ValueError as error:
        log.failure("notice_is_dead", error, subject=subject)
        _bury(subject, 0, f"unreadable: {type(error).__name__}")
        return
    if catalog.messages().template(change.type) is None:
        return
    try:
        plan(subject, change)
    except Exception as error:
        if passes(error):
            raise
        log.failure("notice_is_dead", error, subject=subject)
        _bury(subject, change.version, f"{change.type}: {type(error).__name__}")


def passes(error: Exception) -> bool:
    """Whether a failure is of a kind that passes by itself."""
    if isinstance(error, errors.Problem):
        return error.error.status == errors.UNAVAILABLE.status
    return aws.is_passing(error)


def _bury(subject: str, version: int, reason: str) -> None:
    log.count("dead_letters")
    tables.write(tables.Put(store.new_letter("event", reason, subject, version)))


def plan(subject: str, change: Change) -> int:
    """Make the message of an event, once however often this is called; how many are made, 0 for one planned before.

    First the message, then what became of the event: two writes, which cost half of a transaction. Who dies in between
    is called again and finds the message, because its key follows from event and person.
    """
    if store.event(subject, change.version) is not None:
        return 0
    told = sources.about(subject, change)
    account = identity.representation.recipient(told.party, told.handler, told.service) if told else ""
    messages: list[tuple[str, str]] = []
    if told and account:
        item, writes = _message(subject, change, told, account)
        messages.append((account, item.id))
        try:
            tables.write(*writes)
        except tables.ConditionFailed:
            if store.message(account, item.id) is None:
                raise errors.UNAVAILABLE() from None  # the digest was made this moment; the next one takes it
    event = store.new_event(subject, change.version, change.type, messages)
    try:
        tables.write(tables.Put(event, tables.absent(EventItem)))
    except tables.ConditionFailed:
        return 0
    return len(messages)


def _template(event: str, told: Announcement) -> MessageTemplate:
    """The service's own wording, or else the city's."""
    if told.service:
        template = next(
            filter(lambda one: one.event == event, catalog.definition(told.service, told.version).messages), None
        )
        if template is not None:
            return template
    found = catalog.messages().template(event)
    assert found is not None
    return found


def _message(subject: str, change: Change, told: Announcement, account: str) -> tuple[MessageItem, list[tables.Write]]:
    """The message and what is written for it."""
    template = _template(change.type, told)
    item = store.new_message(account, store.message_key(change.at, subject, change.version, account))
    item.event = change.type
    item.kind = template.kind
    item.urgent = template.urgent
    item.subject = subject
    item.subject_version = change.version
    item.happened_at = change.at
    zh, en = ({name: pair[place] for name, pair in told.values.items()} for place in (0, 1))
    store.seal_words(item, _with_warnings(worded(template, zh, en), told.days))
    preference = store.preferences(account)
    item.english = preference.language == "en"
    item.sms = bool(preference.sms)
    item.at_night = bool(preference.at_night)
    wanted = preference.kinds.get(template.kind, rules.PUSH)
    how = rules.handling(wanted, urgent=template.urgent, inbox_only=template.inbox_only)
    set_out(item, how)
    digest = _digest_writes(account) if how == rules.DIGEST else []
    return item, [tables.Put(item, tables.absent(MessageItem)), *digest]


def _with_warnings(words: MessageWords, days: tuple[date, ...]) -> MessageWords:
    """The words, with a note behind them if they name a day in a year without a published calendar.

    For the inbox only: what platforms show is too short for it.
    """
    named = [day for day in days if announcements.day(day)[0] in words.body.zh]
    warnings = catalog.calendar_warnings(*named)
    if not warnings:
        return words
    zh = "".join(f"（{warning.zh}）" for warning in warnings)
    en = "".join(f" ({warning.en})" for warning in warnings)
    large = words.large
    if large is not None:
        large = Bilingual(large.zh + zh, large.en + en)
    return msgspec.structs.replace(words, body=Bilingual(words.body.zh + zh, words.body.en + en), large=large)


def _digest_writes(account: str) -> list[tables.Write]:
    """The write that lets the next digest be made: one item for each person and day, still to come."""
    when = rules.digest_at(clock.now(), catalog.messages().rules.digest_hour)
    item = DigestItem(f"DIGEST#{account}", str(when.date()), version=1)
    item.expires_at = clock.seconds(when) + 7 * 86400
    still_to_come = tables.absent(DigestItem) | DigestItem.gsi2pk.exists()
    return [tables.Put(worker.schedule(item, when), still_to_come)]


def set_out(item: MessageItem, how: str) -> None:
    """The state in which a message begins: to be pushed, to be collected, or left in the inbox."""
    action = {rules.PUSH: "queue", rules.DIGEST: "collect", rules.INBOX: "keep"}[how]
    rules.MESSAGES.move(item, action, "system")
    if how != rules.PUSH:
        return
    city = catalog.messages().rules
    now = clock.now()
    when = rules.send_at(now, city.quiet_from, city.quiet_until, urgent=item.urgent or item.at_night)
    if when <= now:
        worker.wake(item, when)
    else:
        worker.schedule(item, when)


def worded(template: MessageTemplate, zh: dict[str, str], en: dict[str, str]) -> MessageWords:
    """A template filled in, cut to what each platform takes; raises ``KeyError`` or ``Unfit``.

    Fields that WeChat only takes in Chinese forms are in Chinese for everybody.
    """
    wechat = template.wechat
    alipay = template.alipay

    def both(text: Any) -> Bilingual:
        return Bilingual(rules.fill(text.zh, zh), rules.fill(text.en, en))

    return MessageWords(
        title=both(template.title),
        body=both(template.body),
        large=both(template.large) if template.large else None,
        page=rules.fill(template.page, zh),
        wechat={key: rules.fit_wechat(key, rules.fill(text, zh)) for key, text in wechat.data.items()}
        if wechat
        else {},
        wechat_template=wechat.id if wechat else "",
        alipay={key: rules.fit_alipay(rules.fill(text, zh)) for key, text in alipay.data.items()} if alipay else {},
        alipay_template=alipay.id if alipay else "",
        sms=both(template.sms) if template.sms else None,
    )
