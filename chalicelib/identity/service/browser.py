"""Logging in to a browser: a code that is scanned with a mini-program and confirmed there, or a text to the phone.

Either proves no more than that somebody holds the phone, so the session is a partial one: it may prove who the person
is, and nothing else. Only who had just proven it in the mini-program before confirming opens a whole session.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from chalicelib.identity import rules, session_rules, staff_rules, store
from chalicelib.identity.service import people
from chalicelib.identity.service.accounts import canonical, is_fresh_proof
from chalicelib.identity.service.sessions import Tokens, open_person_session
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.browser import ScanItem
from chalicelib.kernel import clock, phones
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.platforms import sms
from chalicelib.platforms.settings import settings

WAITING = "waiting"
CONFIRMED = "confirmed"
OVER = "over"
_SCAN_LASTS = timedelta(minutes=2)
_TEXT_LASTS = timedelta(minutes=5)
_MISSES = 3
_TEXT_MISSES = 5
_CODE = "banshi-login:"
_TEXTS_TO_PHONE = Limit(name="login_texts", times=5, seconds=3600)
_TEXTS_TO_PHONE_A_DAY = Limit(name="login_texts_a_day", times=10, seconds=86400)
_TEXTS_FROM_ADDRESS = Limit(name="login_texts_from", times=60, seconds=3600)


class BrowserLogin(View, frozen=True, kw_only=True):
    """What the browser shows: the QR's content, and two digits; ``secret`` is for asking, and stays in the browser."""

    content: str
    number: str
    secret: str
    expires_at: Instant


class WaitingBrowser(View, frozen=True, kw_only=True):
    """What the person in the mini-program sees of the browser that asks."""

    about: str
    expires_at: Instant


def begin_scan(about: str) -> BrowserLogin:
    """A browser wants to log in; ``about``: what it says of itself."""
    code, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    ends = clock.now() + _SCAN_LASTS
    item = store.browser.new_scan(_hash(code))
    item.secret = _hash(secret)
    item.number = f"{secrets.randbelow(90) + 10}"
    item.about = about
    item.status = WAITING
    item.expires_at = clock.seconds(ends)
    tables.write(tables.Put(item, tables.absent(ScanItem)))
    return BrowserLogin(
        content=_CODE + code, number=item.number, secret=f"{_hash(code)}.{secret}", expires_at=clock.local(ends)
    )


def look(content: str) -> WaitingBrowser:
    """What was scanned: which browser asks. Raises ``browser_login_over``."""
    item = _waiting(content)
    return WaitingBrowser(about=item.about, expires_at=clock.local(clock.from_seconds(item.expires_at)))


def confirm(actor: Actor, content: str, number: str) -> None:
    """Let the browser in that shows this number, for the caller.

    Somebody who was sent another browser's code does not see its number. Raises ``browser_login_over``,
    ``browser_number_wrong`` or ``mini_program_only``.
    """
    if actor.platform not in ("wechat", "alipay"):
        raise rules.MINI_PROGRAM_ONLY()
    item = _waiting(content)
    if not hmac.compare_digest(item.number.encode(), number.encode()):
        _count_miss(item)
        raise session_rules.BROWSER_NUMBER_WRONG()
    account = canonical(actor.id)
    item.account_id = account.id
    item.login_key = people.login_key(actor)
    item.proven = int(is_fresh_proof(account))
    item.status = CONFIRMED
    still_waiting = (ScanItem.status == WAITING) & (ScanItem.misses == item.misses)
    try:
        tables.write(tables.Put(item, still_waiting))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None


def _count_miss(item: ScanItem) -> None:
    """After some wrong numbers the browser has to begin again: two digits are soon guessed."""
    before = item.misses
    item.misses = item.misses + 1
    if item.misses >= _MISSES:
        item.status = OVER
    unchanged = (ScanItem.misses == before) & (ScanItem.status == WAITING)
    try:
        tables.write(tables.Put(item, unchanged))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None


def _waiting(content: str) -> ScanItem:
    item = store.browser.scanned(_hash(content.removeprefix(_CODE)))
    if item is None or item.status != WAITING or _is_past(item.expires_at):
        raise session_rules.BROWSER_LOGIN_OVER()
    return item


def finish_scan(secret: str, device: str | None) -> Tokens:
    """The browser asks whether somebody has confirmed; the session is given out once.

    Raises ``browser_login_waiting`` (ask again) or ``browser_login_over``.
    """
    code_hash, _, own = secret.partition(".")
    item = store.browser.scanned(code_hash)
    is_ours = item is not None and hmac.compare_digest(item.secret.encode(), _hash(own).encode())
    if item is None or not is_ours or _is_past(item.expires_at):
        raise session_rules.BROWSER_LOGIN_OVER()
    if item.status == WAITING:
        raise session_rules.BROWSER_LOGIN_WAITING(retry_after=2)
    if item.status != CONFIRMED:
        raise session_rules.BROWSER_LOGIN_OVER()
    item.status = OVER
    try:
        tables.write(tables.Put(item, ScanItem.status == CONFIRMED))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None
    account = canonical(item.account_id)
    return open_person_session(account, "browser", item.login_key, device, is_partial=not item.proven)


def send_text(phone: str, source_ip: str) -> None:
    """Send a code to a phone that somebody has bound; nobody learns whether one has. Raises ``phone_invalid``,
    or ``too_many_requests``. Mobile numbers of the mainland only: others get no texts yet.
    """
    number = _parsed(phone)
    index = _phone_index(number)
    # Counted for every number alike, also those that nobody has bound.
    _TEXTS_FROM_ADDRESS.count(source_ip)
    _TEXTS_TO_PHONE.count(index)
    _TEXTS_TO_PHONE_A_DAY.count(index)
    code = f"{secrets.randbelow(10**6):06d}"
    ends = clock.seconds(clock.now() + _TEXT_LASTS)
    # Written for every number alike, so that known and unknown ones cost the same.
    tables.write(store.browser.text_code_write(index, _hash(f"{index}/{code}"), ends))
    account = _account_of_phone(number, index)
    is_mainland = number.startswith("+86")
    if account is None or not is_mainland:
        return
    text = settings().sms_login_text.format(code=code)
    for provider in sms.providers():
        outcome = sms.send(provider, secrets.token_hex(16), phones.shown(number), text)
        if outcome.verdict in ("sent", "unheard"):
            return


def finish_text(phone: str, code: str, device: str | None) -> Tokens:
    """Open a partial session for whoever has the code that was sent; it works once.

    Raises ``phone_invalid``, ``login_code_wrong``.
    """
    number = _parsed(phone)
    index = _phone_index(number)
    item = store.browser.text_code(index)
    account = _account_of_phone(number, index)
    is_usable = item is not None and not _is_past(item.expires_at) and item.misses < _TEXT_MISSES
    if item is None or not is_usable:
        raise session_rules.TEXT_CODE_WRONG()
    before = item.misses
    is_right = hmac.compare_digest(item.code.encode(), _hash(f"{index}/{code}").encode()) and account is not None
    # One write either way: of many guesses at one moment each is counted, and of two right ones one is used.
    item.misses = _TEXT_MISSES if is_right else before + 1
    try:
        tables.write(tables.Put(item, type(item).misses == before))
    except tables.ConditionFailed:
        raise session_rules.TEXT_CODE_WRONG() from None
    if not is_right or account is None:
        raise session_rules.TEXT_CODE_WRONG()
    login_key = (account.recent_logins or account.logins)[0]
    return open_person_session(account, "browser", login_key, device, is_partial=True)


def _parsed(phone: str) -> str:
    try:
        return phones.parse(phone)
    except ValueError:
        raise staff_rules.PHONE_INVALID() from None


def _phone_index(number: str) -> str:
    return vault.blind_index("phone", number)


def _account_of_phone(number: str, index: str) -> AccountItem | None:
    """The account to which a number was bound last, if it still is and somebody can log in to it."""
    found = store.browser.phone(index)
    if found is None:
        return None
    account = canonical(found.account_id)
    has_login = bool(account.logins or account.recent_logins)
    return account if has_login and people.phone_of(account) == number else None


def _is_past(expires_at: int) -> bool:
    return expires_at <= clock.seconds(clock.now())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
