"""The ways to a person's phone: what can be tried, whether platform and city still allow it, and the try itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date

from chalicelib.catalog import service as catalog
from chalicelib.identity.service import Contact, Login
from chalicelib.kernel import clock, errors
from chalicelib.kernel.security.vault import KernelItem
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.notices import rules, store
from chalicelib.notices.store import ConsentItem, MessageItem, MessageWords
from chalicelib.platforms import alipay, sms, wechat
from chalicelib.platforms.messaging import Outcome

_COUNTED_DAYS = 40
_FAILURES = 5
_REST_SECONDS = 20.0
_FULL_SECONDS = 30.0
ENDS_PLATFORM = ("refused", "quota")  # our template or the day's limit: another login of the platform changes nothing


_FORMER = "former"
_TOLD_FORMER = "phone_bound"
"""The event that a person's former phone number hears of."""


@dataclass
class _Breaker:
    """How often in a row a channel did not take anything in this process, and until when it is left alone."""

    failures: int = 0
    until: float = 0.0


_breakers: dict[str, _Breaker] = {}
_full: dict[str, tuple[float, date, bool]] = {}
_counting = threading.Lock()
_pending: Counter[str] = Counter()
_known: dict[str, int] = {}


def forget() -> None:
    """Try every channel again at once, as a new process does."""
    _breakers.clear()
    _full.clear()


@dataclass(frozen=True)
class Way:
    """A channel: with the platform's user to tell, or for text messages with the provider.

    ``is_former``: the text goes to the number that the person had before.
    """

    channel: str
    login: Login | None = None
    provider: str = ""
    is_former: bool = False

    @property
    def login_key(self) -> str:
        """What a try is remembered by, beside its channel."""
        if self.login is not None:
            return self.login.key
        return _FORMER if self.is_former else ""


def is_same(one: Way, other: Way) -> bool:
    """Whether two ways lead to the same phone or platform's user, perhaps by different providers."""
    return (one.channel, one.login_key) == (other.channel, other.login_key)


def remaining_ways(item: MessageItem, words: MessageWords, contact: Contact) -> list[Way]:
    """The ways that are left to try for a message: the logins of the person, the one used last first, then a text.

    A login counts if the event has a template for its platform. A text counts if the event has a short text, the
    person has a mainland mobile number and wants text messages, or the message is urgent. Of another phone number the
    former one hears too: it may be a thief who has changed it.
    """
    done = [made for made in item.tried if made.verdict != "busy"]
    ended_platforms = {made.channel for made in done if made.verdict in ENDS_PLATFORM}
    tried = {(made.channel, made.login_key) for made in done}
    ways = []
    for login in contact.logins:
        has_template = bool(_template(login.platform, words))
        was_tried = login.platform in ended_platforms or (login.platform, login.key) in tried
        if has_template and not was_tried:
            ways.append(Way(login.platform, login=login))
    wants_texts = words.sms is not None and (item.sms or item.urgent)
    if wants_texts and _is_mobile(contact.phone) and (rules.SMS, "") not in tried:
        for provider in _providers(item, ""):
            ways.append(Way(rules.SMS, provider=provider))
    tells_former = wants_texts and item.event == _TOLD_FORMER and _is_mobile(contact.former_phone)
    if tells_former and (rules.SMS, _FORMER) not in tried:
        for provider in _providers(item, _FORMER):
            ways.append(Way(rules.SMS, provider=provider, is_former=True))
    return ways


def _is_mobile(phone: str) -> bool:
    """Whether a number is one of the mainland's mobile ones."""
    return len(phone) == 11 and phone.startswith("1")


def _providers(item: MessageItem, login_key: str) -> list[str]:
    """The providers in their order; only the one that may have sent the text already, if there is such a one."""
    unheard = []
    for made in item.tried:
        if made.unheard and (made.channel, made.login_key) == (rules.SMS, login_key):
            unheard.append(made.provider)
    return unheard[-1:] or sms.providers()


def _template(channel: str, words: MessageWords) -> str:
    return {rules.WECHAT: words.wechat_template, rules.ALIPAY: words.alipay_template}.get(channel, "")


def consent_for(way: Way, words: MessageWords) -> ConsentItem | None:
    """What the way's login has agreed to, as far as we have counted; None for nothing, and for text messages."""
    if way.login is None:
        return None
    found = store.consent(way.login.key, _template(way.channel, words))
    if found is not None and (found.long_term or found.left > 0):
        return found
    return None


def spend(consent: ConsentItem | None, *, all_of_it: bool = False) -> None:
    """Count a consent as used, or all of them where the platform says that there are none."""
    if consent is None:
        return
    known = consent

    def attempt() -> None:
        current = store.consent_again(known)
        if current is None or (current.long_term and not all_of_it):
            return
        current.left = 0 if all_of_it else max(0, current.left - 1)
        current.long_term = bool(current.long_term) and not all_of_it
        tables.write(tables.replace(current))

    optimistic.repeat(attempt)


@dataclass(frozen=True)
class Counts:
    """How often a channel was tried today, and how many messages were tried for a person today (0: not counted)."""

    tried: int
    of_person: int


def is_first_try(way: Way, item: MessageItem) -> bool:
    """Whether this way was not asked yet for the message."""
    asked = [made for made in item.tried if made.asked]
    return not any(made.channel == way.channel and made.login_key == way.login_key for made in asked)


def count_attempt(way: Way, item: MessageItem) -> Counts:
    """Count the first try of a way for a message; a message counts once for its person, and not if it is urgent."""
    was_asked_before = any(made.asked for made in item.tried)
    of_person = 0
    if not item.urgent and not was_asked_before:
        of_person = _add(f"MESSAGES#{clock.today()}#person#{item.account}", 1)
    return Counts(tried=count(way.channel, "tried"), of_person=of_person)


def is_over_limit(way: Way, counts: Counts) -> bool:
    """Whether the day's limit of the platform, of the city for this channel, or of the person is used up."""
    city = catalog.messages().rules
    most = city.per_day.get(way.channel)  # type: ignore[call-overload]
    if most is not None and counts.tried > most:
        return True
    return _platform_is_full(clock.today(), way.channel) or counts.of_person > city.per_person_day


def _platform_is_full(day: date, channel: str) -> bool:
    """Whether a platform said that it takes no more today; each process asks once in a while."""
    known = _full.get(channel)
    if known is None or known[0] < time.monotonic() or known[1] != day:
        known = _full[channel] = (time.monotonic() + _FULL_SECONDS, day, store.is_exhausted(day, channel))
    return known[2]


def mark_exhausted(channel: str) -> None:
    """Remember that a platform takes no more messages today."""
    store.exhaust(clock.today(), channel)
    _full.pop(channel, None)


def count(channel: str, what: str, times: int = 1) -> int:
    """Count something of the day; the count, as far as this process knows it. ``flush`` writes it down."""
    name = store.counter(clock.today(), channel, what)
    with _counting:
        _pending[name] += times
        return _known.get(name, 0) + _pending[name]


def flush() -> None:
    """Write down what was counted since the last time: once for a batch of messages, not once for each of them."""
    with _counting:
        counted = dict(_pending)
        _pending.clear()
    for name, times in counted.items():
        try:
            _known[name] = _add(name, times)
        except errors.Problem:
            with _counting:
                _pending[name] += times


def _add(name: str, times: int) -> int:
    return tables.add_to_counter(KernelItem, name, clock.seconds(clock.now()) + _COUNTED_DAYS * 86400, times)


def send(way: Way, item: MessageItem, words: MessageWords, contact: Contact) -> Outcome:
    """Try one way once; one that took nothing several times in a row is left alone for a while."""
    breaker = _breakers.setdefault(f"{way.channel}{way.provider}", _Breaker())
    if time.monotonic() < breaker.until:
        return Outcome(verdict="busy", reason="resting")
    outcome = _hand_over(way, item, words, contact)
    if outcome.verdict in ("busy", "unheard"):
        breaker.failures += 1
        if breaker.failures >= _FAILURES:
            breaker.until = time.monotonic() + _REST_SECONDS
    else:
        breaker.failures = 0
    return outcome


def _hand_over(way: Way, item: MessageItem, words: MessageWords, contact: Contact) -> Outcome:
    if way.login is None:
        return _by_sms(way, item, words, contact)
    user = way.login.platform_id
    if way.channel == rules.WECHAT:
        language = "en" if item.english else "zh"
        return wechat.send_message(user, words.wechat_template, words.page, words.wechat, language)
    return alipay.send_message(user, words.alipay_template, words.page, words.alipay)


def _by_sms(way: Way, item: MessageItem, words: MessageWords, contact: Contact) -> Outcome:
    """By one provider, which recognises a repeat by the message's id; another one would send it a second time."""
    assert words.sms is not None
    text = rules.sms_text(catalog.messages().rules.sms_signature, words.sms.en if item.english else words.sms.zh)
    serial = f"{item.account}-{item.id}"
    if way.is_former:
        outcome = sms.send(way.provider, f"{serial}-{_FORMER}", contact.former_phone, text)
    else:
        outcome = sms.send(way.provider, serial, contact.phone, text)
    # A provider recognises a repeat, so one that was not heard is asked again, and no other one.
    return Outcome(verdict="busy", unheard=True) if outcome.verdict == "unheard" else outcome
