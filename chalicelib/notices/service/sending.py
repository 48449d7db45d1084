"""Handing messages to platforms and providers: each login is tried once at most, and nobody is forgotten.

WeChat and Alipay give no key by which a repeat could be recognised, so a try is written down before it is made. Who
finds one that was begun and has no end does not repeat it, but goes on with the next way. Providers of text messages
recognise a repeat; one whose answer was not heard is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.identity.service import Contact
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.storage import due, tables
from chalicelib.notices import rules, store
from chalicelib.notices.service import channels, digests, ordering
from chalicelib.notices.service.channels import Way
from chalicelib.notices.store import Attempt, MessageItem, Words
from chalicelib.platforms.messaging import Outcome

_UNHEARD_AFTER = timedelta(minutes=2)
_SWEPT = 1000
_TRIES = 5


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
    """Hand everything that is due to the function behind the stream, which works in parallel: how many, and how many
    could not be handed on."""
    return due.sweep(MessageItem, _hand_on, _SWEPT)


def _hand_on(pk: str, sk: str) -> bool:
    item = _read(pk, sk)
    if item is not None and _is_time(item):
        with suppress(tables.ConditionFailed):
            tables.write(tables.changed(due.due(item, clock.now(), "send")))
    return True


def _read(pk: str, sk: str) -> MessageItem | store.DigestItem | None:
    if pk.startswith("DIGEST#"):
        return tables.read(store.DigestItem, pk, sk, consistent=True)
    return tables.read(MessageItem, pk, sk, consistent=True)


def _is_time(item: due.DueItem) -> bool:
    return due.is_due(item) and str(item.gsi2sk) <= due.utc(clock.now())


def _visit(pk: str, sk: str) -> None:
    item = _read(pk, sk)
    if item is None or not _is_time(item):
        return
    if isinstance(item, store.DigestItem):
        digests.send(item)
        return
    item.begun = str(item.tried)
    if item.status == rules.SENDING:
        _never_heard(item)
    turn = ordering.turn_of(item)
    if turn.what == "too_late":
        _leave_in_inbox(item)
        return
    city = catalog.messages().rules
    now = clock.now()
    may_send_at_night = bool(item.urgent or item.at_night)
    when = rules.send_at(turn.until or now, city.quiet_from, city.quiet_until, urgent=may_send_at_night)
    if when > now:
        tables.write(tables.changed(due.due(item, when)))
    else:
        _send(item)


def _leave_in_inbox(item: MessageItem) -> None:
    """A later message of the same subject is on the phone already: this one would only confuse its reader."""
    _note(item, Attempt(channel=rules.INBOX, verdict="overtaken", at=_now(), asked=False))
    item.status = rules.MESSAGES.move(item.status, "leave", "system")
    _save(due.not_due(item))


def _never_heard(item: MessageItem) -> None:
    """A try was begun and nobody knows how it ended: a platform's counts as made, a provider's is asked about again."""
    attempts = item.attempts_made()
    made = attempts[-1]
    if made.channel == rules.SMS:
        attempts[-1] = msgspec.structs.replace(made, verdict="busy", reason=channels.unheard_by(made.reason))
    else:
        attempts[-1] = msgspec.structs.replace(made, verdict="unheard", reason="")
    item.set_attempts(attempts)
    item.status = rules.MESSAGES.move(item.status, "put_off", "system")


def _send(item: MessageItem) -> None:
    """Try the ways one after the other until one takes the message, or none is left."""
    words = store.words_of(item)
    contact = identity.contact(item.account)
    ways = channels.remaining_ways(item, words, contact)
    while ways:
        way = ways.pop(0)
        consent = channels.consent_for(way, words)
        if way.login is not None and consent is None:
            _note_skipped(item, way, "no_consent")
            continue
        if channels.is_first_try(way, item) and channels.is_over_limit(way, channels.count_attempt(way, item)):
            _note_skipped(item, way, "quota")
            continue
        outcome = _try(item, way, words, contact)
        if outcome.verdict == "sent":
            _sent(item, way.channel, outcome)
            channels.spend(consent)
            return
        _count_failure(way.channel, outcome)
        has_another_provider = way.login is None and bool(ways)  # the ways by text message come last
        may_try_another = has_another_provider and not channels.may_have_sent(outcome)
        if outcome.verdict == "busy" and not may_try_another and not _out_of_patience(item):
            _put_off(item)
            return
        if outcome.verdict == "no_consent":
            channels.spend(consent, all_of_it=True)
        if outcome.verdict == "quota":
            channels.mark_exhausted(way.channel)
        if way.login is not None and outcome.verdict in channels.ENDS_PLATFORM:
            ways = [other for other in ways if other.channel != way.channel]
    _nobody_took_it(item)


def _try(item: MessageItem, way: Way, words: Words, contact: Contact) -> Outcome:
    item.status = rules.MESSAGES.move(item.status, "begin", "system")
    _note(item, Attempt(channel=way.channel, login_key=way.login_key, verdict="begun", at=_now(), reason=way.provider))
    _save(due.due(item, clock.now() + _UNHEARD_AFTER))
    item.begun = str(item.tried)
    outcome = channels.send(way, item, words, contact)
    price = catalog.messages().rules.sms_price * outcome.parts if way.channel == rules.SMS else 0
    attempts = item.attempts_made()
    attempts[-1] = msgspec.structs.replace(attempts[-1], verdict=outcome.verdict, reason=outcome.reason, cost=price)
    item.set_attempts(attempts)
    if outcome.verdict != "sent":
        item.status = rules.MESSAGES.move(item.status, "put_off", "system")
    return outcome


def _save(item: MessageItem) -> None:
    """Store what happened to a message; that its reader has read it meanwhile is kept."""
    for _ in range(_TRIES):
        try:
            tables.write(tables.changed(item))
            return
        except tables.ConditionFailed:
            stored = store.message(item.account, item.id)
            if stored is None or stored.tried != item.begun:
                raise
            item.version, item.read_at = stored.version, stored.read_at
            item.gsi1pk, item.gsi1sk = stored.gsi1pk, stored.gsi1sk
    raise errors.CONFLICT()


def _note_skipped(item: MessageItem, way: Way, verdict: str) -> None:
    """Note a way that was not tried, because we know what the answer would be."""
    _note(item, Attempt(channel=way.channel, login_key=way.login_key, verdict=verdict, at=_now(), asked=False))


def _note(item: MessageItem, made: Attempt) -> None:
    attempts = [*item.attempts_made(), made]
    if len(attempts) > store.MOST_ATTEMPTS:
        _drop_one(attempts)
    item.set_attempts(attempts)


def _drop_one(attempts: list[Attempt]) -> None:
    """Forget the oldest attempt that was busy and is not the last one of its way; all others say what is not repeated.

    The first one stays in any case: patience counts from it.
    """
    for place in range(1, len(attempts)):
        made = attempts[place]
        is_last_of_its_way = all(
            (later.channel, later.login_key) != (made.channel, made.login_key) for later in attempts[place + 1 :]
        )
        if made.verdict == "busy" and not is_last_of_its_way:
            del attempts[place]
            return


def _sent(item: MessageItem, channel: str, outcome: Outcome) -> None:
    item.status = rules.MESSAGES.move(item.status, "hand_over", "system")
    _save(due.not_due(item))
    if channel == rules.SMS:
        channels.count(channel, "parts", max(1, outcome.parts))
    if clock.now() - store.moment(item.happened_at) > rules.LATE_AFTER:
        channels.count(channel, "late")


def _count_failure(channel: str, outcome: Outcome) -> None:
    channels.count(channel, "failed")
    if outcome.verdict == "refused":
        log.count("messages_refused", platform=channel)


def _put_off(item: MessageItem) -> None:
    """Nobody takes it now; it is tried again with growing pauses."""
    item.attempts = int(item.attempts) + 1
    _save(due.due(item, due.retry_at(int(item.attempts), clock.now())))


def _out_of_patience(item: MessageItem) -> bool:
    """Whether another channel is tried rather than waiting for the one that is busy."""
    patience = timedelta(minutes=catalog.messages().rules.patience_minutes)
    return clock.now() - store.moment(item.attempts_made()[0].at) > patience


def _nobody_took_it(item: MessageItem) -> None:
    """What is only busy is tried for a day. Otherwise it stays in the inbox; where our template or text is at fault,
    or everybody was out of order for a day, somebody has to look at it."""
    attempts = item.attempts_made()
    latest = {(made.channel, made.login_key): made.verdict for made in attempts}
    if "busy" in latest.values() and clock.now() - store.moment(attempts[0].at) < rules.GIVE_UP_AFTER:
        _put_off(item)
        return
    if not {"refused", "busy"} & set(latest.values()):
        item.status = rules.MESSAGES.move(item.status, "leave", "system")
        _save(due.not_due(item))
        return
    item.status = rules.MESSAGES.move(item.status, "give_up", "system")
    log.count("dead_letters")
    made = attempts[-1]
    reason = f"{item.event}: {made.channel} {made.verdict} {made.reason}".strip()
    message = f"{item.account}/{item.id}"
    letter = store.new_letter("message", reason, str(item.subject), int(item.subject_version), message)
    tables.write(tables.changed(due.not_due(item)), tables.Put(letter))


def _later(pk: str, sk: str) -> None:
    """Something of ours failed (not a platform): the next visit comes later; if even that fails, the sweep comes."""
    with suppress(tables.ConditionFailed, errors.Problem):
        item = _read(pk, sk)
        if item is None or not due.is_due(item):
            return
        item.attempts = int(item.attempts) + 1
        if int(item.attempts) >= due.ALARMING_ATTEMPTS:
            log.count("message_work_stuck")
        tables.write(tables.changed(due.due(item, due.retry_at(int(item.attempts), clock.now()))))


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds")
