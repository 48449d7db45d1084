"""Codes that are sent to a phone by text, and prove that somebody holds it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from chalicelib.identity import session_rules, store
from chalicelib.kernel import clock, phones
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.platforms import sms
from chalicelib.platforms.settings import settings

_LASTS = timedelta(minutes=5)
_MOST_MISSES = 5
_TEXTS_AN_HOUR = Limit(name="code_texts", times=5, seconds=3600)
_TEXTS_A_DAY = Limit(name="code_texts_a_day", times=10, seconds=86400)


def index_of(number: str) -> str:
    """The blind index by which a phone number (E.164) is found."""
    return vault.blind_index("phone", number)


def send(number: str, *, is_known: bool = True) -> None:
    """Send a code to a phone number (E.164). Mobile numbers of the mainland only: others get no texts yet.

    ``is_known``: without it all is counted and written alike, and no text goes out. Raises ``too_many_requests``.
    """
    index = index_of(number)
    _TEXTS_AN_HOUR.count(index)
    _TEXTS_A_DAY.count(index)
    code = f"{secrets.randbelow(10**6):06d}"
    ends = clock.seconds(clock.now() + _LASTS)
    tables.write(store.browser.text_code_write(index, _hash(index, code), ends))
    is_mainland = number.startswith("+86")
    if not is_known or not is_mainland:
        return
    text = settings().sms_login_text.format(code=code)
    for provider in sms.providers():
        outcome = sms.send(provider, secrets.token_hex(16), phones.shown(number), text)
        if outcome.verdict in ("sent", "unheard"):
            return


def use_up(number: str, code: str) -> None:
    """End the code that was sent last to a phone number; it works once. Raises ``text_code_wrong``."""
    index = index_of(number)
    item = store.browser.text_code(index)
    if item is None or item.expires_at <= clock.seconds(clock.now()) or item.misses >= _MOST_MISSES:
        raise session_rules.TEXT_CODE_WRONG()
    before = item.misses
    is_right = hmac.compare_digest(item.code.encode(), _hash(index, code).encode())
    # One write either way: of many guesses at one moment each is counted, and of two right ones one is used.
    item.misses = _MOST_MISSES if is_right else before + 1
    try:
        tables.write(tables.Put(item, type(item).misses == before))
    except tables.ConditionFailed:
        raise session_rules.TEXT_CODE_WRONG() from None
    if not is_right:
        raise session_rules.TEXT_CODE_WRONG()


def _hash(index: str, code: str) -> str:
    return hashlib.sha256(f"{index}/{code}".encode()).hexdigest()
