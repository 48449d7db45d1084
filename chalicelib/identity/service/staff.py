"""Staff: logging in with two factors, and their life from the first day to the last."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from chalicelib.identity import events, rules, store
from chalicelib.identity.service.accounts import change
from chalicelib.identity.service.sessions import Tokens, open_session, void_tokens
from chalicelib.identity.store import StaffItem
from chalicelib.kernel import clock, errors, phones
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import alipay, wechat

STAFF_FROM_ONE_PLACE = Limit(name="staff_name_and_place", times=5, seconds=900, failures_only=True)
STAFF_FROM_ANYWHERE = Limit(name="staff_name", times=50, seconds=900, failures_only=True)
REGISTRATIONS = Limit(name="courier_registration", times=5, seconds=900)
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def log_in_courier(platform: str, code: str, credential: str, factor: str = "", device: str | None = None) -> Tokens:
    """Open a staff session for the courier whose phone number the platform vouches for.

    ``code`` is the platform's login code, ``credential`` that of the phone number. Alipay's text about a phone number
    names no user and no time, so a platform's user is registered once, with the six digits of the courier's
    authenticator (``factor``); from then on that user needs no digits. New factors forget all users. Raises
    ``courier_unknown``, ``courier_login_not_registered``, ``one_time_code_used``, ``login_code_invalid``,
    ``login_blocked_by_platform``, ``platform_quota_reached`` or ``platform_unavailable``.
    """
    if platform == "wechat":
        user = wechat.exchange_code(code).openid
        phone = wechat.phone_number(credential, user)
    else:
        user = alipay.exchange_code(code).id
        phone = alipay.phone_number(credential)
    found = store.staff_of_phone(vault.blind_index("staff_phone", phone))
    member = store.staff(found.username) if found else None
    if found is None or member is None or "courier" not in member.roles or member.status != rules.ACTIVE:
        raise rules.COURIER_UNKNOWN()
    login_key = vault.blind_index("courier_login", f"{platform}/{user}")
    if login_key not in member.logins:
        _register_login(member, login_key, factor)
    return open_session(found.username, "staff", platform, "", member.token_version, device)


def _register_login(member: StaffItem, login_key: str, factor: str) -> None:
    """Let a platform's user log in as this courier from now on, who shows the second factor once."""
    if not factor:
        raise rules.COURIER_LOGIN_NOT_REGISTERED()
    # Counted before it is compared: many guesses at one moment must not all pass.
    REGISTRATIONS.count(member.username)
    step = _matching_step(store.unseal(member, "totp_secret"), factor)
    if step == 0:
        raise rules.COURIER_LOGIN_NOT_REGISTERED()
    if step <= member.last_step:
        raise rules.ONE_TIME_CODE_USED()
    member.last_step = step
    member.logins = [login_key, *member.logins][: rules.MOST_COURIER_LOGINS]
    event = Event(events.COURIER_LOGIN_REGISTERED, Actor(kind="staff", id=member.username, unit=member.unit))
    try:
        tables.write(changes.record(member, event))
    except tables.ConditionFailed:
        raise rules.ONE_TIME_CODE_USED() from None


def log_in_staff(username: str, password: str, code: str, source_ip: str, device: str | None = None) -> Tokens:
    """Open a staff session with password and time-based code; each code works once.

    Guessing is slowed down for each name, from one address much sooner than from everywhere, so that
    nobody locks somebody else out with a few wrong guesses. Raises ``login_refused``, in the same time
    whether or not the user exists, ``one_time_code_used``, or ``too_many_requests``.
    """
    guesses = ((STAFF_FROM_ONE_PLACE, f"{username}@{source_ip}"), (STAFF_FROM_ANYWHERE, username))
    for limit, who in guesses:
        limit.check(who)
    try:
        return _log_in_staff(username, password, code, device)
    except errors.Problem as problem:
        if problem.error is rules.LOGIN_REFUSED:
            for limit, who in guesses:
                limit.count(who)
        raise


def _log_in_staff(username: str, password: str, code: str, device: str | None) -> Tokens:
    member = store.staff(username)
    expected = member.password if member else bytes(32)
    salt = member.salt if member else bytes(16)
    given = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    if not hmac.compare_digest(given, expected) or member is None:
        raise rules.LOGIN_REFUSED()
    step = _matching_step(store.unseal(member, "totp_secret"), code)
    if step == 0:
        raise rules.LOGIN_REFUSED()
    if member.status != rules.ACTIVE:
        raise rules.LOGIN_REFUSED()
    if step <= member.last_step:
        raise rules.ONE_TIME_CODE_USED()
    member.last_step = step
    event = Event(events.STAFF_LOGGED_IN, Actor(kind="staff", id=username, unit=member.unit))
    try:
        tables.write(changes.record(member, event))
    except tables.ConditionFailed:
        raise rules.ONE_TIME_CODE_USED() from None
    return open_session(username, "staff", "", "", member.token_version, device)


def _matching_step(secret: str, code: str) -> int:
    """The 30-second step (RFC 6238) whose code was given, one step of drift allowed; 0 if none."""
    import pyotp

    totp = pyotp.TOTP(secret)
    now = clock.seconds(clock.now())
    for moment in (now, now - 30, now + 30):
        if hmac.compare_digest(totp.at(moment).encode(), code.encode()):
            return moment // 30
    return 0


def put_staff(
    username: str,
    display_name: str,
    unit: str,
    roles: list[str],
    password: str,
    totp_secret: str,
    phone: str | None = None,
) -> None:
    """Create a staff member, or replace name, unit, roles and both factors of an existing one, who is active then.

    All sessions of before end. Couriers log in with their ``phone`` (None leaves it as it is); whose number it was
    before, loses it. Raises ``ValueError`` for what is no mobile number.
    """
    item = store.staff(username) or StaffItem(f"STAFF#{username}", token_version=0)
    put = rules.STAFF.move(item, "put", "system")
    void_tokens(item)
    item.display_name = display_name
    item.unit = unit
    item.roles = roles
    item.salt = secrets.token_bytes(16)
    item.password = hashlib.scrypt(password.encode(), salt=item.salt, **_SCRYPT)
    item.totp_secret = store.seal(item, "totp_secret", totp_secret)
    item.logins = []
    item.last_step = 0  # the codes of another secret were never used
    event = Event(put, Actor(kind="system", id="system:setup", unit=unit))
    tables.write(changes.record(item, event), *_phone_writes(item, username, phone))


def _phone_writes(item: StaffItem, username: str, phone: str | None) -> list[tables.Write]:
    """The writes that make the number lead to this courier, and the former number to nobody, if it still is theirs."""
    if phone is None:
        return []
    before = item.phone_index
    item.phone_index = vault.blind_index("staff_phone", phones.parse(phone)) if phone else None
    writes: list[tables.Write] = []
    former = store.staff_of_phone(before) if before and before != item.phone_index else None
    if former is not None and former.username == username:
        writes.append(tables.Delete(former, store.StaffPhoneItem.username == username))
    if item.phone_index:
        writes.append(tables.Put(store.StaffPhoneItem(f"STAFFPHONE#{item.phone_index}", username=username)))
    return writes


def find(username: str) -> StaffItem:
    """A staff member; raises ``not_found``."""
    member = store.staff(username)
    if member is None:
        raise errors.NOT_FOUND()
    return member


def may_work(username: str) -> bool:
    """Whether a staff member is neither suspended nor gone."""
    member = store.staff(username)
    return member is not None and member.status == rules.ACTIVE


def suspend(actor: Actor, username: str, reason: str) -> StaffItem:
    """Let somebody work no more until further notice; raises ``not_found`` or ``staff_wrong_state``."""
    return _move(actor, username, "suspend", reason)


def reinstate(actor: Actor, username: str, reason: str) -> StaffItem:
    """Let somebody who was suspended work again; raises ``not_found`` or ``staff_wrong_state``."""
    return _move(actor, username, "reinstate", reason)


def dismiss(actor: Actor, username: str, reason: str) -> StaffItem:
    """Somebody has left: all sessions end, and neither factor opens anything. Raises as ``suspend``."""
    return _move(actor, username, "dismiss", reason)


def _move(actor: Actor, username: str, action: str, reason: str) -> StaffItem:
    def attempt() -> StaffItem:
        member = find(username)
        moved = rules.STAFF.move(member, action, "administrator")
        # every change of what somebody may do ends all their sessions
        void_tokens(member)
        tables.write(changes.record(member, Event(moved, actor, note=reason)))
        return member

    return optimistic.repeat(attempt)


def end_sessions(actor: Actor, username: str) -> None:
    """End all sessions of a staff member; they can log in again. Raises ``not_found``."""
    find(username)
    change(lambda: store.staff(username), void_tokens, Event(events.ACCESS_TOKENS_VOIDED, actor))
