"""The ways to a person's phone: what can be tried, whether platform and city still allow it, and the try itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.catalog import service as catalog
from chalicelib.identity.service import Contact
from chalicelib.kernel import clock, tables
from chalicelib.kernel.vault import KernelItem
from chalicelib.notices import rules, store
from chalicelib.notices.store import MessageItem, PreferenceItem, Words
from chalicelib.platforms import alipay, sms, wechat
from chalicelib.platforms.messaging import Outcome

_COUNTED_DAYS = 40
_FAILURES, _REST_SECONDS = 5, 20.0


@dataclass
class _Breaker:
    """How often in a row a channel did not take anything in this process, and until when it is left alone."""

    failures: int = 0
    until: float = 0.0


_breakers: dict[str, _Breaker] = {}


def forget() -> None:
    """Try every channel again at once, as a new process does."""
    _breakers.clear()


def possible(item: MessageItem, words: Words, contact: Contact, preference: PreferenceItem) -> list[str]:
    """The channels that are left to try for a message, in their order."""
    templates = {rules.WECHAT: words.wechat_template, rules.ALIPAY: words.alipay_template}
    reachable = tuple(name for name in rules.PLATFORMS if name in contact.logins and templates[name])
    mobile = bool(contact.phone) and contact.phone.startswith("1") and len(contact.phone) == 11
    by_sms = words.sms is not None and mobile and (bool(preference.sms) or bool(item.urgent))
    tried = {attempt.channel for attempt in item.attempts_made() if attempt.verdict != "busy"}
    return [name for name in rules.channels(contact.platform, reachable, sms=by_sms) if name not in tried]


def consented(contact: Contact, channel: str, words: Words) -> bool:
    """Whether the person has agreed to a platform's template, as far as we have counted."""
    if channel == rules.SMS:
        return True
    template = words.wechat_template if channel == rules.WECHAT else words.alipay_template
    found = store.consent(contact.account, channel, template)
    return found is not None and (bool(found.long_term) or int(found.left) > 0)


def spend_consent(contact: Contact, channel: str, words: Words, *, all_of_it: bool = False) -> None:
    """Count a consent as used, or all of them where the platform says that there are none."""
    template = {rules.WECHAT: words.wechat_template, rules.ALIPAY: words.alipay_template}.get(channel, "")
    for _ in range(5):
        found = store.consent(contact.account, channel, template) if template else None
        if found is None or (found.long_term and not all_of_it):
            return
        found.left = 0 if all_of_it else max(0, int(found.left) - 1)
        found.long_term = bool(found.long_term) and not all_of_it
        try:
            tables.write(tables.changed(found))
        except tables.ConditionFailed:
            continue
        return


def within_quota(channel: str, account: str) -> str:
    """Count a try against the day's limits; what is used up, or nothing."""
    day, city = clock.today(), catalog.messages().rules
    most = city.per_day.get(channel)  # type: ignore[call-overload]
    if _count(store.counter(day, channel, "tried")) > (most if most is not None else 10**9):
        return "quota of the day"
    if store.is_exhausted(day, channel):
        return "quota of the platform"
    if _count(f"MESSAGES#{day}#person#{account}") > city.per_person_day:
        return "quota of the person"
    return ""


def count(channel: str, what: str, times: int = 1) -> None:
    """Count something for the day's statistics."""
    for _ in range(times):
        _count(store.counter(clock.today(), channel, what))


def _count(name: str) -> int:
    return tables.add_to_counter(KernelItem, name, clock.seconds(clock.now()) + _COUNTED_DAYS * 86400)


def send(channel: str, item: MessageItem, words: Words, contact: Contact, language: str) -> Outcome:
    """Try one channel once; one that took nothing several times in a row is left alone for a while."""
    breaker = _breakers.setdefault(channel, _Breaker())
    if time.monotonic() < breaker.until:
        return Outcome("busy", "resting")
    outcome = _SENDERS[channel](item, words, contact, language)
    if outcome.verdict in ("busy", "unheard"):
        breaker.failures += 1
        if breaker.failures >= _FAILURES:
            breaker.until = time.monotonic() + _REST_SECONDS
    else:
        breaker.failures = 0
    return outcome


def _by_wechat(_: MessageItem, words: Words, contact: Contact, language: str) -> Outcome:
    return wechat.send_message(contact.logins["wechat"], words.wechat_template, words.page, words.wechat, language)


def _by_alipay(_: MessageItem, words: Words, contact: Contact, language: str) -> Outcome:  # noqa: ARG001
    return alipay.send_message(contact.logins["alipay"], words.alipay_template, words.page, words.alipay)


def _by_sms(item: MessageItem, words: Words, contact: Contact, language: str) -> Outcome:
    """The preferred provider, the next one where it takes nothing; one whose answer was not heard is asked again
    until it is, because another one would send the text a second time."""
    assert words.sms is not None
    text = words.sms.en if language == "en" else words.sms.zh
    text = rules.sms_text(catalog.messages().rules.sms_signature, text)
    unheard = next(
        (attempt.reason for attempt in reversed(item.attempts_made()) if attempt.reason.startswith("unheard by ")), ""
    )
    names = [unheard.removeprefix("unheard by ")] if unheard else sms.providers()
    outcome = Outcome("busy", "no provider")
    for name in names:
        outcome = sms.send(name, f"{item.account}-{item.id}", contact.phone, text)
        if outcome.verdict == "unheard":
            return Outcome("busy", f"unheard by {name}")
        if outcome.verdict != "busy":
            return outcome
    return outcome


_SENDERS: dict[str, Callable[[MessageItem, Words, Contact, str], Outcome]] = {
    rules.WECHAT: _by_wechat,
    rules.ALIPAY: _by_alipay,
    rules.SMS: _by_sms,
}
