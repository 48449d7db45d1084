"""Logging in and out, refreshing, and telling who is calling."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.identity import events, rules, store
from chalicelib.identity.service.accounts import canonical, change
from chalicelib.identity.store import AccountItem, SessionItem, StaffItem
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import ANONYMOUS, Actor, Level
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.platforms import alipay, wechat
from chalicelib.platforms.settings import settings

STAFF_FROM_ONE_PLACE = Limit(name="staff_name_and_place", times=5, seconds=900, failures_only=True)
STAFF_FROM_ANYWHERE = Limit(name="staff_name", times=50, seconds=900, failures_only=True)
MOST_LOGINS = 10
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A session's tokens: the access token lives ``expires_in`` seconds, the refresh token is used once."""

    access_token: str
    refresh_token: str
    expires_in: int = tokens.LIFETIME_SECONDS
    token_type: str = "Bearer"  # noqa: S105


def log_in_with_wechat(code: str) -> Tokens:
    """Open a session for the user behind a wx.login code; an unknown user gets an account."""
    session = wechat.exchange_code(code)
    return _open_person_session("wechat", f"wechat/{settings().wechat_app_id}/openid", session.openid)


def log_in_with_alipay(code: str) -> Tokens:
    """Open a session for the user behind a my.getAuthCode code; an unknown user gets an account."""
    session = alipay.exchange_code(code)
    return _open_person_session("alipay", f"alipay/{settings().alipay_app_id}/{session.id_type}", session.id)


def _open_person_session(platform: str, realm: str, platform_id: str) -> Tokens:
    key = vault.blind_index("login", f"{realm}/{platform_id}")
    found = store.login(key)
    account = canonical(found.account_id) if found else _create_account(platform, key, platform_id)
    _note_use(account, key)
    return _open_session(account.id, "person", platform, key, account.token_version)


def _note_use(account: AccountItem, login_key: str) -> None:
    """Remember that a person's login was used last: messages go there first. Writes only when that changes."""
    if account.recent_logins and account.recent_logins[0] == login_key:
        return
    older = [key for key in account.recent_logins if key != login_key]
    account.recent_logins = [login_key, *older][:MOST_LOGINS]
    # Somebody else may change the account at this moment, or the database may not answer. Then the order stays as it
    # was until the next use: a login or a refresh must not fail for it, its token would be lost.
    with suppress(tables.ConditionFailed, errors.Problem):
        tables.write(tables.Touch(account, ("recent_logins",), AccountItem.version == account.version))


def _create_account(platform: str, login_key: str, platform_id: str) -> AccountItem:
    account = AccountItem(
        f"ACCOUNT#{ids.new_id()}",
        level=Level.LOGGED_IN,
        platforms=[platform],
        logins=[login_key],
        recent_logins=[login_key],
    )
    login = store.LoginItem(f"LOGIN#{login_key}", account_id=account.id, platform=platform)
    login.platform_id = store.seal(login, "platform_id", platform_id)
    event = Event(events.ACCOUNT_CREATED, Actor(kind="person", id=account.id), data={"platform": platform})
    try:
        tables.write(tables.Put(login, tables.absent(store.LoginItem)), changes.record(account, event))
    except tables.ConditionFailed:
        first = store.login(login_key)
        assert first is not None
        return canonical(first.account_id)
    return account


def log_in_courier(platform: str, code: str, credential: str) -> Tokens:
    """Open a staff session for the courier whose phone number the platform vouches for.

    ``code`` is the platform's login code, ``credential`` that of the phone number. Raises ``courier_unknown``,
    ``login_code_invalid``, ``login_blocked_by_platform``, ``platform_quota_reached`` or ``platform_unavailable``.
    """
    if platform == "wechat":
        phone = wechat.phone_number(credential, wechat.exchange_code(code).openid)
    else:
        alipay.exchange_code(code)
        phone = alipay.phone_number(credential)
    found = store.staff_of_phone(vault.blind_index("staff_phone", phone))
    member = store.staff(found.username) if found else None
    if found is None or member is None or "courier" not in member.roles:
        raise rules.COURIER_UNKNOWN()
    return _open_session(found.username, "staff", platform, "", member.token_version)


def log_in_staff(username: str, password: str, code: str, source_ip: str) -> Tokens:
    """Open a staff session with password and time-based code; each code works once.

    Guessing is slowed down for each name, from one address much sooner than from everywhere, so that
    nobody locks somebody else out with a few wrong guesses. Raises ``login_refused``, in the same time
    whether or not the user exists, ``one_time_code_used``, or ``too_many_requests``.
    """
    guesses = ((STAFF_FROM_ONE_PLACE, f"{username}@{source_ip}"), (STAFF_FROM_ANYWHERE, username))
    for limit, who in guesses:
        limit.check(who)
    try:
        return _log_in_staff(username, password, code)
    except errors.Problem as problem:
        if problem.error is rules.LOGIN_REFUSED:
            for limit, who in guesses:
                limit.count(who)
        raise


def _log_in_staff(username: str, password: str, code: str) -> Tokens:
    member = store.staff(username)
    expected = member.password if member else bytes(32)
    salt = member.salt if member else bytes(16)
    given = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    if not hmac.compare_digest(given, expected) or member is None:
        raise rules.LOGIN_REFUSED()
    step = _matching_step(store.unseal(member, "totp_secret"), code)
    if step == 0:
        raise rules.LOGIN_REFUSED()
    if step <= member.last_step:
        raise rules.ONE_TIME_CODE_USED()
    member.last_step = step
    event = Event(events.STAFF_LOGGED_IN, Actor(kind="staff", id=username, unit=member.unit))
    try:
        tables.write(changes.record(member, event))
    except tables.ConditionFailed:
        raise rules.ONE_TIME_CODE_USED() from None
    return _open_session(username, "staff", "", "", member.token_version)


def _matching_step(secret: str, code: str) -> int:
    """The 30-second step (RFC 6238) whose code was given, one step of drift allowed; 0 if none."""
    import pyotp

    totp = pyotp.TOTP(secret)
    now = clock.seconds(clock.now())
    for moment in (now, now - 30, now + 30):
        if hmac.compare_digest(totp.at(moment).encode(), code.encode()):
            return moment // 30
    return 0


def _open_session(holder: str, kind: str, platform: str, login_key: str, token_version: int) -> Tokens:
    now = clock.seconds(clock.now())
    session_id = ids.new_id()
    secret = _new_secret(session_id)
    item = SessionItem(
        f"SESSION#{session_id}",
        holder=holder,
        kind=kind,
        platform=platform,
        login_key=login_key,
        current=_hash(secret),
        opened_at=now,
        used_at=now,
        expires_at=now + rules.SESSION_DAYS * 86400,
    )
    tables.write(changes.record(item, Event(events.SESSION_OPENED, Actor(kind=kind, id=holder))))
    return _tokens(item, secret, token_version)


def _tokens(item: SessionItem, secret: str, token_version: int) -> Tokens:
    session_id = item.pk.removeprefix("SESSION#")
    access = tokens.issue(item.holder, sid=session_id, kind=item.kind, ver=token_version, platform=item.platform)
    return Tokens(access_token=access, refresh_token=f"{session_id}.{secret}")


def refresh(refresh_token: str) -> Tokens:
    """Exchange a refresh token for new tokens.

    A token that was used before ends the whole family and all access tokens of its holder:
    raises ``refresh_reused``; ``refresh_invalid`` for anything unknown, expired or ended.
    """
    session_id, _, secret = refresh_token.partition(".")
    item = store.session(session_id) if session_id.isalnum() else None
    if item is None or not _is_ours(session_id, secret):
        raise rules.REFRESH_INVALID()
    state = rules.SessionState(
        current=item.current,
        revoked=item.revoked,
        opened_at=_moment(item.opened_at),
        used_at=_moment(item.used_at),
    )
    outcome = rules.refresh_outcome(state, _hash(secret), clock.now())
    if outcome == "reuse":
        _revoke_family(item)
        raise rules.REFRESH_REUSED()
    holder = _holder(item)
    if outcome == "expired" or holder is None:
        raise rules.REFRESH_INVALID()
    account = _account_of_login(item, holder) if isinstance(holder, AccountItem) else None
    new_secret = _new_secret(session_id)
    previous = item.current
    item.current = _hash(new_secret)
    item.used_at = clock.seconds(clock.now())
    try:
        unused = (SessionItem.current == previous) & (SessionItem.revoked == False)  # noqa: E712
        tables.write(tables.Touch(item, ("current", "used_at"), unused))
    except tables.ConditionFailed:
        _revoke_family(item)
        raise rules.REFRESH_REUSED() from None
    if account is not None:
        _note_use(account, item.login_key)
    return _tokens(item, new_secret, holder.token_version)


def _new_secret(session_id: str) -> str:
    """A random secret with a code that only we can make: garbage is not mistaken for a used token."""
    random = secrets.token_urlsafe(24)
    return f"{random}.{vault.blind_index('refresh', session_id + random)}"


def _is_ours(session_id: str, secret: str) -> bool:
    random, _, code = secret.partition(".")
    return hmac.compare_digest(vault.blind_index("refresh", session_id + random).encode(), code.encode())


def _account_of_login(item: SessionItem, holder: AccountItem) -> AccountItem:
    """The account to which the login of a person's session leads.

    Raises ``refresh_invalid`` if that is not the session's holder any more: an undone merge parts them.
    """
    login = store.login(item.login_key)
    account = canonical(login.account_id) if login is not None else None
    if account is None or account.id != canonical(holder.id).id:
        raise rules.REFRESH_INVALID()
    return account


def _holder(item: SessionItem) -> AccountItem | StaffItem | None:
    return store.staff(item.holder) if item.kind == "staff" else store.account(item.holder, consistent=True)


def _revoke_family(item: SessionItem) -> None:
    actor = Actor(kind=item.kind, id=item.holder)
    change(
        lambda: store.session(item.pk.removeprefix("SESSION#")),
        _revoked,
        Event(events.SESSION_REUSE_DETECTED, actor),
    )
    change(lambda: _holder(item), _token_version_raised, Event(events.ACCESS_TOKENS_VOIDED, actor))


def _revoked(item: Any) -> None:
    item.revoked = True


def _token_version_raised(item: Any) -> None:
    item.token_version = item.token_version + 1


def log_out(actor: Actor) -> None:
    """End the caller's session; its refresh token is void at once, its access token within 15 minutes."""
    change(lambda: store.session(actor.session), _revoked, Event(events.SESSION_CLOSED, actor))


def authenticate(headers: dict[str, str]) -> Actor:
    """The caller by the request's headers ``Authorization`` and ``Acting-For`` (an organization id).

    Costs one read (half a unit), two when acting for an enterprise. Raises ``not_authenticated``,
    ``token_expired`` or ``mandate_invalid``.
    """
    authorization = headers.get("authorization")
    if authorization is None:
        return ANONYMOUS
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise errors.NOT_AUTHENTICATED()
    claims = tokens.verify(token)
    if claims["kind"] == "staff":
        return _staff_actor(claims)
    actor, id_index = _person_actor(claims)
    organization_id = headers.get("acting-for")
    return _acting_for(actor, id_index, organization_id) if organization_id else actor


def _staff_actor(claims: dict[str, Any]) -> Actor:
    member = store.staff(claims["sub"])
    if member is None or member.token_version != claims["ver"]:
        raise errors.NOT_AUTHENTICATED()
    return Actor(kind="staff", id=claims["sub"], session=claims["sid"], roles=tuple(member.roles), unit=member.unit)


def _person_actor(claims: dict[str, Any]) -> tuple[Actor, str]:
    account = store.account(claims["sub"])
    if account is None or account.token_version != claims["ver"]:
        raise errors.NOT_AUTHENTICATED()
    if account.merged_into:
        account = canonical(account.id)
    actor = Actor(
        kind="person",
        id=account.id,
        level=account.level,
        platform=str(claims.get("platform", "")),
        session=claims["sid"],
        accounts=(account.id, *account.merged),
    )
    # Only who has proven the identity acts by its mandates: who claims it might be anybody.
    is_proven = account.level == Level.PROVEN
    return actor, account.id_index or "" if is_proven else ""


def _acting_for(actor: Actor, id_index: str, organization_id: str) -> Actor:
    mandate = store.mandate(organization_id, id_index) if id_index else None
    if mandate is None or not rules.mandate_holds(mandate.status, mandate.until, clock.today()):
        raise errors.MANDATE_INVALID()
    return msgspec.structs.replace(actor, organization=organization_id, scope=tuple(mandate.scope))


def put_staff(
    username: str,
    display_name: str,
    unit: str,
    roles: list[str],
    password: str,
    totp_secret: str,
    phone: str | None = None,
) -> None:
    """Create a staff member, or replace name, unit, roles and both factors of an existing one.

    Couriers log in with their ``phone`` (None leaves it as it is); whose number it was before, loses it.
    """
    item = store.staff(username) or StaffItem(f"STAFF#{username}")
    item.display_name = display_name
    item.unit = unit
    item.roles = roles
    item.salt = secrets.token_bytes(16)
    item.password = hashlib.scrypt(password.encode(), salt=item.salt, **_SCRYPT)
    item.totp_secret = store.seal(item, "totp_secret", totp_secret)
    put = changes.record(item, Event(events.STAFF_PUT, Actor(kind="system", id="system:setup", unit=unit)))
    tables.write(put, *_phone_writes(item, username, phone))


def _phone_writes(item: StaffItem, username: str, phone: str | None) -> list[tables.Write]:
    """The writes that make the number lead to this courier, and the former number to nobody, if it still is theirs."""
    if phone is None:
        return []
    before = item.phone_index
    item.phone_index = vault.blind_index("staff_phone", phone) if phone else None
    writes: list[tables.Write] = []
    former = store.staff_of_phone(before) if before and before != item.phone_index else None
    if former is not None and former.username == username:
        writes.append(tables.Delete(former, store.StaffPhoneItem.username == username))
    if item.phone_index:
        writes.append(tables.Put(store.StaffPhoneItem(f"STAFFPHONE#{item.phone_index}", username=username)))
    return writes


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _moment(stored: float) -> datetime:
    return datetime.fromtimestamp(int(stored), UTC)
