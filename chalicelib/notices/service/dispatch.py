"""Handing messages to platforms and providers: each login is tried once at most, and nobody is forgotten.

WeChat and Alipay give no key by which a repeat could be recognised, so a try is written down before it is made. Who
finds one that was begun and has no end does not repeat it, but goes on with the next way. Providers of text messages
recognise a repeat; one whose answer was not heard is asked again.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.identity.service import Contact
from chalicelib.kernel import clock, log
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.kernel.storage.worker import Deed, Worker
from chalicelib.notices import rules, store
from chalicelib.notices.service import channels, digests, sequence
from chalicelib.notices.service.channels import Way
from chalicelib.notices.store import Attempt, ConsentItem, DigestItem, MessageItem, MessageWords
from chalicelib.platforms.messaging import Outcome

_UNHEARD_AFTER = timedelta(minutes=2)


def follow_message(item: MessageItem) -> None:
    """Bring a message one step on: send it, leave it in the inbox, or wait."""
    if not worker.is_due(item):
        return
    item.begun = item.tried
    if item.status == rules.SENDING:
        _never_heard(item)
    turn = sequence.turn_of(item)
    if turn.what == "too_late":
        _leave_in_inbox(item)
        return
    city = catalog.messages().rules
    now = clock.now()
    may_send_at_night = item.urgent or item.at_night
    when = rules.send_at(turn.until or now, city.quiet_from, city.quiet_until, urgent=may_send_at_night)
    if when > now:
        tables.write(tables.replace(worker.schedule(item, when)))
    else:
        _send(item)


def _leave_in_inbox(item: MessageItem) -> None:
    """A later message of the same subject is on the phone already: this one would only confuse its reader."""
    _note(item, Attempt(channel=rules.INBOX, verdict="overtaken", at=clock.now(), asked=False))
    rules.MESSAGES.move(item, "leave", "system")
    _save(worker.unschedule(item))


def _never_heard(item: MessageItem) -> None:
    """A try was begun and nobody knows how it ended: a platform's counts as made, a provider's is asked about again."""
    *before, made = item.tried
    verdict = "busy" if made.channel == rules.SMS else "unheard"
    item.tried = [*before, msgspec.structs.replace(made, verdict=verdict, unheard=True)]
    rules.MESSAGES.move(item, "put_off", "system")


def _send(item: MessageItem) -> None:
    """Try the ways one after the other until one takes the message, or none is left.

    What concerns the safety of an account goes every way: whoever has taken one phone must not be the only one told.
    """
    words = store.words_of(item)
    contact = identity.contact(item.account)
    ways = channels.remaining_ways(item, words, contact)
    while ways:
        way = ways.pop(0)
        consent = channels.consent_for(way, words)
        obstacle = _obstacle(item, way, consent)
        if obstacle:
            _note_skipped(item, way, obstacle)
            continue
        outcome = _try(item, way, words, contact)
        if outcome.verdict == "sent":
            # Another provider would send the same text once more.
            ways = [other for other in ways if not channels.is_same(other, way)]
            if item.kind != rules.SECURITY or not ways:
                _sent(item, way.channel, outcome)
                channels.spend(consent)
                return
            channels.spend(consent)
            rules.MESSAGES.move(item, "put_off", "system")
            continue
        _count_failure(way.channel, outcome)
        has_another_provider = any(channels.is_same(other, way) for other in ways)
        may_try_another = has_another_provider and not outcome.unheard
        if outcome.verdict == "busy" and not may_try_another and not _out_of_patience(item):
            _put_off(item)
            return
        ways = _ways_after(outcome, way, consent, ways)
    _nobody_took_it(item)


def _obstacle(item: MessageItem, way: Way, consent: ConsentItem | None) -> str:
    """Why a way is not even tried: there is no consent, or a limit is reached; empty if it is."""
    if way.login is not None and consent is None:
        return "no_consent"
    if channels.is_first_try(way, item):
        counts = channels.count_attempt(way, item)
        if channels.is_over_limit(way, counts):
            return "quota"
    return ""


def _ways_after(outcome: Outcome, way: Way, consent: ConsentItem | None, ways: list[Way]) -> list[Way]:
    """What is left to try after a way has failed; what the failure says of the platform is remembered."""
    if outcome.verdict == "no_consent":
        channels.spend(consent, all_of_it=True)
    if outcome.verdict == "quota":
        channels.mark_exhausted(way.channel)
    ends_platform = way.login is not None and outcome.verdict in channels.ENDS_PLATFORM
    if not ends_platform:
        return ways
    return [other for other in ways if other.channel != way.channel]


def _try(item: MessageItem, way: Way, words: MessageWords, contact: Contact) -> Outcome:
    rules.MESSAGES.move(item, "begin", "system")
    begun = Attempt(
        channel=way.channel, login_key=way.login_key, provider=way.provider, verdict="begun", at=clock.now()
    )
    _note(item, begun)
    _save(worker.schedule(item, clock.now() + _UNHEARD_AFTER))
    item.begun = item.tried
    outcome = channels.send(way, item, words, contact)
    price = catalog.messages().rules.sms_price * outcome.parts if way.channel == rules.SMS else 0
    *before, made = item.tried
    heard = msgspec.structs.replace(
        made, verdict=outcome.verdict, reason=outcome.reason, cost=price, unheard=outcome.unheard
    )
    item.tried = [*before, heard]
    if outcome.verdict != "sent":
        rules.MESSAGES.move(item, "put_off", "system")
    return outcome


def _save(item: MessageItem) -> None:
    """Store what happened to a message; that its reader has read it meanwhile is kept.

    Raises ``ConditionFailed`` when another sender has gone on with the message: this visit is over then.
    """

    def attempt() -> bool:
        stored = store.message(item.account, item.id)
        if stored is None or stored.tried != item.begun:
            return False
        item.version = stored.version
        item.read_at = stored.read_at
        item.gsi1pk = stored.gsi1pk
        item.gsi1sk = stored.gsi1sk
        tables.write(tables.replace(item))
        return True

    try:
        tables.write(tables.replace(item))
    except tables.ConditionFailed:
        is_ours = optimistic.repeat(attempt)
        if not is_ours:
            raise


def _note_skipped(item: MessageItem, way: Way, verdict: str) -> None:
    """Note a way that was not tried, because we know what the answer would be."""
    _note(item, Attempt(channel=way.channel, login_key=way.login_key, verdict=verdict, at=clock.now(), asked=False))


def _note(item: MessageItem, made: Attempt) -> None:
    attempts = [*item.tried, made]
    if len(attempts) > store.MOST_ATTEMPTS:
        _drop_one(attempts)
    item.tried = attempts


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
    rules.MESSAGES.move(item, "hand_over", "system")
    _save(worker.unschedule(item))
    if channel == rules.SMS:
        channels.count(channel, "parts", max(1, outcome.parts))
    if clock.now() - item.happened_at > rules.LATE_AFTER:
        channels.count(channel, "late")


def _count_failure(channel: str, outcome: Outcome) -> None:
    channels.count(channel, "failed")
    if outcome.verdict == "refused":
        log.count("messages_refused", platform=channel)


def _put_off(item: MessageItem) -> None:
    """Nobody takes it now; it is tried again with growing pauses."""
    item.attempts = item.attempts + 1
    _save(worker.schedule(item, worker.retry_at(item.attempts, clock.now())))


def _out_of_patience(item: MessageItem) -> bool:
    """Whether another channel is tried rather than waiting for the one that is busy."""
    patience = timedelta(minutes=catalog.messages().rules.patience_minutes)
    return clock.now() - item.tried[0].at > patience


def _nobody_took_it(item: MessageItem) -> None:
    """What is only busy is tried for a day. Otherwise it stays in the inbox; where our template or text is at fault,
    or everybody was out of order for a day, somebody has to look at it."""
    attempts = item.tried
    latest = {(made.channel, made.login_key): made.verdict for made in attempts}
    if "busy" in latest.values() and clock.now() - attempts[0].at < rules.GIVE_UP_AFTER:
        _put_off(item)
        return
    if "sent" in latest.values():
        rules.MESSAGES.move(item, "finish", "system")
        _save(worker.unschedule(item))
        return
    if not {"refused", "busy"} & set(latest.values()):
        rules.MESSAGES.move(item, "leave", "system")
        _save(worker.unschedule(item))
        return
    rules.MESSAGES.move(item, "give_up", "system")
    log.count("dead_letters")
    made = attempts[-1]
    reason = f"{item.event}: {made.channel} {made.verdict} {made.reason}".strip()
    message = f"{item.account}/{item.id}"
    letter = store.new_letter("message", reason, item.subject, item.subject_version, message)
    tables.write(tables.replace(worker.unschedule(item)), tables.Put(letter))


def _follow_digest(item: DigestItem) -> None:
    if worker.is_due(item):
        digests.send(item)


WORKER = Worker(
    name="message",
    deeds={
        "INBOX": Deed(model=MessageItem, do=follow_message),
        "DIGEST": Deed(model=DigestItem, do=_follow_digest),
    },
    after=channels.flush,
    threads=2,
    sweeps_in_parallel=True,
    swept=1000,
)
