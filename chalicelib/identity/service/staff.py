"""Staff: logging in with two factors, couriers by their phones; passwords and one-time codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TypeVar

from chalicelib.identity import events, staff_rules, store
from chalicelib.identity.service.devices import MOST_DEVICES, mark_of
from chalicelib.identity.service.sessions import Tokens, open_session, void_tokens
from chalicelib.identity.store import StaffItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.platforms import alipay, wechat

GUESSES_OF_STRANGERS = Limit(name="staff_name", times=50, seconds=900)
"""Of all devices together that the member never logged in on."""
GUESSES_OF_A_DEVICE = Limit(name="staff_device", times=5, seconds=900)
"""Of each device that the member has logged in on; guesses of strangers do not lock it."""
REGISTRATIONS = Limit(name="courier_registration", times=5, seconds=900)
T = TypeVar("T")
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
    phone_index = vault.blind_index("staff_phone", phone)
    found = store.staff_of_phone(phone_index)
    member = store.staff(found.username) if found else None
    if found is None or member is None or not _is_courier_of(member, phone_index):
        raise staff_rules.COURIER_UNKNOWN()
    login_key = vault.blind_index("courier_login", f"{platform}/{user}")
    if login_key not in member.logins:
        _register_login(member, login_key, factor)
    return open_session(found.username, "staff", member.token_version, device, platform=platform)


def _is_courier_of(member: StaffItem, phone_index: str) -> bool:
    """Whether this is a courier at work who has the number today: a row of a former number may lead here too."""
    is_at_work = member.status == staff_rules.ACTIVE and "courier" in member.roles
    return is_at_work and member.phone_index == phone_index


def _register_login(member: StaffItem, login_key: str, factor: str) -> None:
    """Let a platform's user log in as this courier from now on, who shows the second factor once."""
    if not factor:
        raise staff_rules.COURIER_LOGIN_NOT_REGISTERED()
    # Counted before it is compared: many guesses at one moment must not all pass.
    REGISTRATIONS.count(member.username)
    step = matching_step(store.unseal(member, "totp_secret"), factor)
    refuse_if(step == 0, staff_rules.COURIER_LOGIN_NOT_REGISTERED)
    refuse_if(step <= member.last_step, staff_rules.ONE_TIME_CODE_USED)
    member.last_step = step
    member.logins = [login_key, *member.logins][: staff_rules.MOST_COURIER_LOGINS]
    void_tokens(member)
    actor = Actor(kind="staff", id=member.username, unit=member.unit)
    write_used_code(member, Event(events.COURIER_LOGIN_REGISTERED, actor))


def log_in_staff(username: str, password: str, code: str, device: str | None = None) -> Tokens:
    """Open a staff session with password and time-based code; each code works once.

    Raises ``login_refused``, in the same time whether or not the user exists, ``one_time_code_used``, or
    ``too_many_requests``.
    """
    return limit_guesses("code", username, device, lambda: _log_in_staff(username, password, code, device))


def limit_guesses(factor: str, username: str, device: str | None, attempt: Callable[[], T]) -> T:
    """Count refused guesses of a member's factors.

    Others lock out strangers' devices only: one on which the member has logged in before has a count of its own, and so
    has each second ``factor`` (``code`` or ``key``). Raises what ``attempt`` raises, or ``too_many_requests``.
    """
    mark = mark_of(device) if device else ""
    member = store.staff(username)
    is_known = member is not None and mark in member.devices
    if is_known:
        return _count_guesses(GUESSES_OF_A_DEVICE, f"{factor}/{username}/{mark}", attempt)
    return _count_guesses(GUESSES_OF_STRANGERS, f"{factor}/{username}", attempt)


def _count_guesses(limit: Limit, who: str, attempt: Callable[[], T]) -> T:
    with limit.guessed(who, lambda problem: problem.error is staff_rules.LOGIN_REFUSED):
        return attempt()


def remember_device(member: StaffItem, device: str | None) -> None:
    """Note the device of somebody who has shown both factors, for the write of the caller."""
    if device is not None:
        mark = mark_of(device)
        others = [other for other in member.devices if other != mark]
        member.devices = [mark, *others][:MOST_DEVICES]


def confirm(actor: Actor, attempt: Callable[[], T]) -> T:
    """Count guesses of somebody who is logged in and shows both factors once more; raises ``factors_wrong``."""
    try:
        return _count_guesses(GUESSES_OF_A_DEVICE, f"confirm/{actor.id}", attempt)
    except errors.Problem as problem:
        if problem.error is staff_rules.LOGIN_REFUSED:
            raise staff_rules.FACTORS_WRONG() from None
        raise


def _log_in_staff(username: str, password: str, code: str, device: str | None) -> Tokens:
    member = prove_both_factors(username, password, code)
    remember_device(member, device)
    write_used_code(member, Event(events.STAFF_LOGGED_IN, Actor(kind="staff", id=username, unit=member.unit)))
    return open_session(username, "staff", member.token_version, device)


def prove_both_factors(username: str, password: str, code: str) -> StaffItem:
    """The staff member who knows this password and has this code, which the caller then writes as used up.

    Raises ``login_refused``, in the same time whether or not the user exists, or ``one_time_code_used``.
    """
    member = prove_password(username, password)
    step = matching_step(store.unseal(member, "totp_secret"), code)
    refuse_if(step == 0, staff_rules.LOGIN_REFUSED)
    refuse_if(step <= member.last_step, staff_rules.ONE_TIME_CODE_USED)
    member.last_step = step
    return member


def prove_password(username: str, password: str) -> StaffItem:
    """The staff member who may work and knows this password; raises ``login_refused`` in the same time for nobody."""
    member = store.staff(username)
    expected = member.password if member else bytes(32)
    salt = member.salt if member else bytes(16)
    given = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    if not hmac.compare_digest(given, expected) or member is None or member.status != staff_rules.ACTIVE:
        raise staff_rules.LOGIN_REFUSED()
    return member


def write_used_code(member: StaffItem, event: Event) -> None:
    """Write a member whose one-time code was used up; of two uses at one moment one is refused."""
    try:
        tables.write(changes.record(member, event))
    except tables.ConditionFailed:
        raise staff_rules.ONE_TIME_CODE_USED() from None


def hash_password(member: StaffItem, password: str) -> None:
    """Let the member be known by this password from now on."""
    member.salt = secrets.token_bytes(16)
    member.password = hashlib.scrypt(password.encode(), salt=member.salt, **_SCRYPT)


def check_password(password: str, member: StaffItem) -> None:
    """Raise ``password_too_weak`` for a password that is short, common, or made of the person's names."""
    from zxcvbn import zxcvbn

    known = ["banshi", "办事", member.username, *member.username.split("."), member.display_name]
    # Its cost grows with the length: what comes after 72 characters makes nothing weaker.
    is_long_enough = len(password) >= staff_rules.LEAST_PASSWORD
    if not is_long_enough or zxcvbn(password[:72], user_inputs=known)["score"] < staff_rules.LEAST_SCORE:
        raise staff_rules.PASSWORD_TOO_WEAK()


def change_password(actor: Actor, current: str, code: str, new: str) -> None:
    """Set another password; all sessions end.

    Raises ``login_refused``, ``one_time_code_used`` or ``password_too_weak``.
    """
    member = prove_both_factors(actor.id, current, code)
    check_password(new, member)
    hash_password(member, new)
    void_tokens(member)
    write_used_code(member, Event(events.PASSWORD_CHANGED, actor))


def matching_step(secret: str, code: str) -> int:
    """The 30-second step (RFC 6238) whose code was given, one step of drift allowed; 0 if none."""
    import pyotp

    totp = pyotp.TOTP(secret)
    now = clock.seconds(clock.now())
    for moment in (now, now - 30, now + 30):
        if hmac.compare_digest(totp.at(moment).encode(), code.encode()):
            return moment // 30
    return 0
