"""Logging in to a browser: a code that is scanned with a mini-program and confirmed there, or a text to the phone.

Either proves no more than that somebody holds the phone, so the session is a partial one: it may prove who the person
is, and nothing else. Only who had just proven it in the mini-program before confirming opens a whole session.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from chalicelib.identity import rules, session_rules, staff_rules, store
from chalicelib.identity.service import people, text_codes
from chalicelib.identity.service.accounts import canonical, is_fresh_proof
from chalicelib.identity.service.sessions import Tokens, open_person_session
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.browser import ScanItem
from chalicelib.kernel import clock, ids, phones
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Slowdown
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import tables

_SCAN_LASTS = timedelta(minutes=2)
_MISSES = 3
_CODE = "banshi-login:"
_TEXTS_FROM_ADDRESS = Slowdown(name="login_texts_from", times=60, seconds=3600)


class BrowserLogin(View, frozen=True, kw_only=True):
    """What the browser shows: the QR's content, and two digits; ``secret`` stays in the browser."""

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
    code = secrets.token_urlsafe(24)
    secret = secrets.token_urlsafe(24)
    ends = clock.now() + _SCAN_LASTS
    item = store.browser.new_scan(ids.fingerprint(code))
    item.secret = ids.fingerprint(secret)
    item.number = f"{secrets.randbelow(90) + 10}"
    item.about = about
    session_rules.BROWSER_LOGINS.move(item, "begin", "browser")
    item.expires_at = clock.seconds(ends)
    tables.write(tables.Put(item, tables.absent(ScanItem)))
    return BrowserLogin(
        content=_CODE + code,
        number=item.number,
        secret=f"{ids.fingerprint(code)}.{secret}",
        expires_at=clock.local(ends),
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
    refuse_if(actor.platform not in ("wechat", "alipay"), rules.MINI_PROGRAM_ONLY)
    item = _waiting(content)
    if not hmac.compare_digest(item.number.encode(), number.encode()):
        _count_miss(item)
        raise session_rules.BROWSER_NUMBER_WRONG()
    account = canonical(actor.id)
    item.account_id = account.id
    item.login_key = people.login_key(actor)
    item.token_version = account.token_version
    item.proven = is_fresh_proof(account)
    session_rules.BROWSER_LOGINS.move(item, "confirm", "holder")
    still_waiting = (ScanItem.status == session_rules.WAITING) & (ScanItem.misses == item.misses)
    try:
        tables.write(tables.Put(item, still_waiting))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None


def _count_miss(item: ScanItem) -> None:
    """After some wrong numbers the browser has to begin again: two digits are soon guessed."""
    before = item.misses
    item.misses = item.misses + 1
    if item.misses >= _MISSES:
        session_rules.BROWSER_LOGINS.move(item, "give_up", "system")
    unchanged = (ScanItem.misses == before) & (ScanItem.status == session_rules.WAITING)
    try:
        tables.write(tables.Put(item, unchanged))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None


def _waiting(content: str) -> ScanItem:
    item = store.browser.scanned(ids.fingerprint(content.removeprefix(_CODE)))
    if item is None or item.status != session_rules.WAITING or _is_past(item.expires_at):
        raise session_rules.BROWSER_LOGIN_OVER()
    return item


def finish_scan(secret: str, device: str | None) -> Tokens:
    """The browser asks whether somebody has confirmed; the session is given out once.

    Raises ``browser_login_waiting`` (ask again) or ``browser_login_over``.
    """
    code_hash, _, own = secret.partition(".")
    item = store.browser.scanned(code_hash)
    is_ours = item is not None and hmac.compare_digest(item.secret.encode(), ids.fingerprint(own).encode())
    if item is None or not is_ours or _is_past(item.expires_at):
        raise session_rules.BROWSER_LOGIN_OVER()
    refuse_if(item.status == session_rules.WAITING, session_rules.BROWSER_LOGIN_WAITING, retry_after=2)
    session_rules.BROWSER_LOGINS.move(item, "finish", "browser")
    try:
        tables.write(tables.Put(item, ScanItem.status == session_rules.CONFIRMED))
    except tables.ConditionFailed:
        raise session_rules.BROWSER_LOGIN_OVER() from None
    account = canonical(item.account_id)
    # Since it was confirmed, the person may have ended all sessions, or somebody may have locked the account.
    if account.token_version != item.token_version or not _leads_to(item.login_key, account):
        raise session_rules.BROWSER_LOGIN_OVER()
    return open_person_session(account, "browser", item.login_key, device, is_partial=not item.proven)


def _leads_to(login_key: str, account: AccountItem) -> bool:
    login = store.login(login_key)
    return login is not None and canonical(login.account_id).id == account.id


def send_text(phone: str, source_ip: str) -> None:
    """Send a code to a phone that somebody has bound; the answer does not say whether one has.

    Raises ``phone_invalid`` or ``too_many_requests``.
    """
    number = _parsed(phone)
    _TEXTS_FROM_ADDRESS.note(source_ip)
    text_codes.send(number, is_known=people.account_of_phone(number) is not None)


def finish_text(phone: str, code: str, device: str | None) -> Tokens:
    """Open a partial session for whoever has the code that was sent; it works once.

    Raises ``phone_invalid`` or ``text_code_wrong``.
    """
    number = _parsed(phone)
    text_codes.use_up(number, code)
    account = people.account_of_phone(number)
    if account is None:
        raise session_rules.TEXT_CODE_WRONG()
    login_key = (account.recent_logins or account.logins)[0]
    return open_person_session(account, "browser", login_key, device, is_partial=True)


def _parsed(phone: str) -> str:
    try:
        return phones.parse(phone)
    except ValueError:
        raise staff_rules.PHONE_INVALID() from None


def _is_past(expires_at: int) -> bool:
    return expires_at <= clock.seconds(clock.now())
