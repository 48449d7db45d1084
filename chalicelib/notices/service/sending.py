"""Handing messages to platforms and providers: each channel is tried once at most, and nobody is forgotten.

A platform gives no key by which a repeat could be recognised, so a try is written down before it is made. Who finds
one that was begun and has no end does not repeat it, but goes on with the next channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.identity.service import Contact
from chalicelib.kernel import clock, due, errors, log, tables
from chalicelib.notices import rules, store
from chalicelib.notices.service import channels, digests
from chalicelib.notices.store import Attempt, MessageItem, Words
from chalicelib.platforms.messaging import Outcome

_UNHEARD_AFTER = timedelta(minutes=2)


def attempt(pk: str, sk: str) -> bool:
    """Visit a message or a digest; whether that worked. What failed is due again later."""
    try:
        _visit(pk, sk)
    except tables.ConditionFailed:
        return True
    except Exception as error:
        log.failure("message_visit_failed", error)
        _later(pk, sk)
        return False
    return True


def sweep() -> Mapping[str, int]:
    """Visit everything that is due: how many were visited, and how many failed and will be visited again."""
    return due.sweep(MessageItem, attempt)


def _visit(pk: str, sk: str) -> None:
    if pk.startswith("DIGEST#"):
        return digests.send(pk.removeprefix("DIGEST#"), sk)
    item = tables.read(MessageItem, pk, sk, consistent=True)
    if item is None or not due.is_due(item) or str(item.gsi2sk) > due.utc(clock.now()):
        return None
    if item.status == rules.SENDING:
        _never_heard(item)
    return _send(item)


def _never_heard(item: MessageItem) -> None:
    """A try was begun and nobody knows how it ended; it counts as made."""
    attempts = item.attempts_made()
    attempts[-1] = Attempt(attempts[-1].channel, "unheard", attempts[-1].at)
    item.set_attempts(attempts)
    item.status = rules.MESSAGES.move(item.status, "put_off", "system")


def _send(item: MessageItem) -> None:
    """Try the channels one after the other until one takes the message, or none is left."""
    words, contact = store.words_of(item), identity.contact(item.account)
    for channel in channels.possible(item, words, contact):
        consent = channels.consent_for(contact, channel, words) if channel != rules.SMS else None
        if channel != rules.SMS and consent is None:
            _note(item, Attempt(channel, "no_consent", _now()))
            continue
        if channels.used_up(channel, item):
            _note(item, Attempt(channel, "quota", _now()))
            continue
        outcome = _try(item, channel, words, contact)
        if outcome.verdict == "sent":
            _sent(item, channel)
            channels.spend(consent)
            return
        if outcome.verdict == "busy" and not _out_of_patience(item):
            _put_off(item)
            return
        if outcome.verdict == "no_consent":
            channels.spend(consent, all_of_it=True)
        if outcome.verdict == "quota":
            channels.is_full(channel)
    _nobody_took_it(item)


def _try(item: MessageItem, channel: str, words: Words, contact: Contact) -> Outcome:
    item.status = rules.MESSAGES.move(item.status, "begin", "system")
    _note(item, Attempt(channel, "begun", _now()))
    due.due(item, clock.now() + _UNHEARD_AFTER)
    tables.write(tables.changed(item))
    outcome = channels.send(channel, item, words, contact)
    price = catalog.messages().rules.sms_price * outcome.parts if channel == rules.SMS else 0
    attempts = item.attempts_made()
    attempts[-1] = Attempt(channel, outcome.verdict, attempts[-1].at, outcome.reason, price)
    item.set_attempts(attempts)
    if outcome.verdict != "sent":
        item.status = rules.MESSAGES.move(item.status, "put_off", "system")
        channels.count(channel, "failed")
        if outcome.verdict == "refused":
            log.count("messages_refused", platform=channel)
    elif channel == rules.SMS:
        channels.count(channel, "parts", max(1, outcome.parts))
    return outcome


def _note(item: MessageItem, made: Attempt) -> None:
    item.set_attempts([*item.attempts_made(), made][-30:])


def _sent(item: MessageItem, channel: str) -> None:
    item.status = rules.MESSAGES.move(item.status, "hand_over", "system")
    due.not_due(item)
    tables.write(tables.changed(item))
    if clock.now() - store.moment(item.happened_at) > rules.LATE_AFTER:
        channels.count(channel, "late")


def _put_off(item: MessageItem) -> None:
    """The channel takes nothing now; it is asked again with growing pauses."""
    item.attempts = int(item.attempts) + 1
    due.due(item, due.retry_at(int(item.attempts), clock.now()))
    tables.write(tables.changed(item))


def _out_of_patience(item: MessageItem) -> bool:
    """Whether another channel is tried rather than waiting for this one; the last one is waited for a day."""
    waited = clock.now() - store.moment(item.happened_at)
    channel = item.attempts_made()[-1].channel
    if channel == rules.SMS:
        return waited > rules.GIVE_UP_AFTER
    return waited > timedelta(minutes=catalog.messages().rules.patience_minutes)


def _nobody_took_it(item: MessageItem) -> None:
    """It stays in the inbox; where our template or the number is at fault, or everybody was out of order for a day,
    somebody has to look at it."""
    verdicts = [made.verdict for made in item.attempts_made()]
    dead = "refused" in verdicts or (verdicts[-1:] == ["busy"])
    item.status = rules.MESSAGES.move(item.status, "give_up" if dead else "leave", "system")
    due.not_due(item)
    tables.write(tables.changed(item))
    if dead:
        log.count("dead_letters")
        made = item.attempts_made()[-1]
        reason = f"{item.event}: {made.channel} {made.verdict} {made.reason}".strip()
        message = f"{item.account}/{item.id}"
        store.put_letter("message", reason, str(item.subject), int(item.subject_version), message)


def _later(pk: str, sk: str) -> None:
    """Something of ours failed (not a platform): the next visit comes later."""
    model = store.DigestItem if pk.startswith("DIGEST#") else MessageItem
    item = tables.read(model, pk, sk, consistent=True)
    if item is None or not due.is_due(item):
        return
    item.attempts = int(item.attempts) + 1
    due.due(item, due.retry_at(int(item.attempts), clock.now()))
    if int(item.attempts) >= due.ALARMING_ATTEMPTS:
        log.count("message_work_stuck")
    try:
        tables.write(tables.changed(item))
    except (tables.ConditionFailed, errors.Problem):
        return


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds")
