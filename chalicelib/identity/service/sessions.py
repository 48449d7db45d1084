"""Logging in and out, refreshing, and the sessions that are open."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec

from chalicelib.identity import events, session_rules, store
from chalicelib.identity.service import devices
from chalicelib.identity.service.accounts import canonical, change
from chalicelib.identity.store import AccountItem, EndedSession, SessionItem, StaffItem
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.edge.shapes import Instant, View, given
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import alipay, wechat
from chalicelib.platforms.settings import settings

MOST_LOGINS = 10


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A session's tokens: the access token lives ``expires_in`` seconds, the refresh token is used once."""

    access_token: str
    refresh_token: str
    expires_in: int = tokens.LIFETIME_SECONDS
    token_type: str = "Bearer"  # noqa: S105


def log_in_with_wechat(code: str, device: str | None = None) -> Tokens:
    """Open a session for the user behind a wx.login code; an unknown user gets an account."""
    session = wechat.exchange_code(code)
    return _log_in("wechat", f"wechat/{settings().wechat_app_id}/openid", session.openid, device)


def log_in_with_alipay(code: str, device: str | None = None) -> Tokens:
    """Open a session for the user behind a my.getAuthCode code; an unknown user gets an account."""
    session = alipay.exchange_code(code)
    return _log_in("alipay", f"alipay/{settings().alipay_app_id}/{session.id_type}", session.id, device)


def _log_in(platform: str, realm: str, platform_id: str, device: str | None) -> Tokens:
    key = vault.blind_index("login", f"{realm}/{platform_id}")
    login = store.login(key)
    account = _account_in_use(login)
    if account is None:
        account = _create_account(platform, key, platform_id, device, login)
    _note_use(account, key)
    return open_person_session(account, platform, key, device)


def _account_in_use(login: store.LoginItem | None) -> AccountItem | None:
    """The account that a login leads to; None for an unknown login, and for an account that was closed."""
    if login is None:
        return None
    account = canonical(login.account_id)
    return account if account.closed_at is None else None


def open_person_session(
    account: AccountItem, platform: str, login_key: str, device: str | None, *, is_partial: bool = False
) -> Tokens:
    """A new session of a person. Of a device that the account does not know yet, the person is told.

    ``is_partial``: it is known no more than that somebody holds the phone; such a session may only prove more.
    """
    version = devices.note_device(account, platform, device)
    return open_session(
        account.id, "person", version, device, platform=platform, login_key=login_key, is_partial=is_partial
    )


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


def _create_account(
    platform: str, login_key: str, platform_id: str, device: str | None, before: store.LoginItem | None
) -> AccountItem:
    """A new account of a platform's user. ``before``: where the login leads that a closed account has left behind."""
    account = AccountItem(
        f"ACCOUNT#{ids.new_id()}",
        level=Level.LOGGED_IN,
        platforms=[platform],
        logins=[login_key],
        recent_logins=[login_key],
        devices=[devices.mark_of(device)] if device else [],
    )
    login = store.LoginItem(f"LOGIN#{login_key}", account_id=account.id, platform=platform)
    login.platform_id = store.seal(login, "platform_id", platform_id)
    event = Event(events.ACCOUNT_CREATED, Actor(kind="person", id=account.id), data={"platform": platform})
    unchanged = tables.absent(store.LoginItem) if before is None else store.LoginItem.account_id == before.account_id
    try:
        tables.write(tables.Put(login, unchanged), changes.record(account, event))
    except tables.ConditionFailed:
        # The same person logs in twice at this moment, and the other one was first.
        first = _account_in_use(store.login(login_key))
        if first is None:
            raise errors.UNAVAILABLE(retry_after=1) from None
        return first
    return account


def open_session(
    holder: str,
    kind: str,
    token_version: int,
    device: str | None,
    *,
    platform: str = "",
    login_key: str = "",
    is_partial: bool = False,
) -> Tokens:
    """A new session of a person or a staff member; ``device`` is a number that the client made up for itself."""
    now = clock.seconds(clock.now())
    session_id = ids.new_id()
    secret = _new_secret(session_id)
    item = SessionItem(
        f"SESSION#{session_id}",
        holder=holder,
        kind=kind,
        platform=platform,
        login_key=login_key,
        device=ids.fingerprint(device) if device else "",
        partial=is_partial,
        token_version=token_version,
        current=ids.fingerprint(secret),
        opened_at=now,
        used_at=now,
        expires_at=now + session_rules.PERSON_LIMITS.absolute // timedelta(seconds=1),
        gsi1pk=f"SESSIONS#{holder}",
        gsi1sk=session_id,
    )
    opened = session_rules.SESSIONS.move(item, "open", "holder")
    tables.write(changes.record(item, Event(opened, Actor(kind=kind, id=holder))))
    return _tokens(item, secret, token_version)


def _tokens(item: SessionItem, secret: str, token_version: int) -> Tokens:
    claims: dict[str, Any] = {"sid": item.id, "kind": item.kind, "ver": token_version, "platform": item.platform}
    if item.partial:
        claims["partial"] = True
    access = tokens.issue(item.holder, **claims)
    return Tokens(access_token=access, refresh_token=f"{item.id}.{secret}")


def refresh(refresh_token: str, device: str | None = None) -> Tokens:
    """Exchange a refresh token for new tokens.

    The last token may be used once more within 30 seconds by the same device, because an answer may get lost. Any other
    second use ends the session with its access tokens: raises ``refresh_reused``. ``refresh_invalid`` for anything
    unknown, expired or ended.
    """
    session_id, _, secret = refresh_token.partition(".")
    refuse_if(not session_id.isalnum() or not _is_ours(session_id, secret), session_rules.REFRESH_INVALID)
    # Two devices, or a device twice, may refresh at this moment: one is first, and the other is looked at again.
    item, account, new_secret = optimistic.repeat(lambda: _rotate(session_id, ids.fingerprint(secret), device))
    if account is not None:
        _note_use(account, item.login_key)
    return _tokens(item, new_secret, item.token_version)


def _rotate(session_id: str, presented: str, device: str | None) -> tuple[SessionItem, AccountItem | None, str]:
    """Give the session its next token, once; raises as ``refresh``, and ``ConditionFailed`` if somebody was faster.

    Returns the session, the account that its login leads to (None for staff), and the new token's secret.
    """
    item = store.session(session_id)
    holder = _holder(item) if item is not None else None
    if item is None or holder is None:
        raise session_rules.REFRESH_INVALID()
    state = session_rules.SessionState(
        status=item.status,
        current=item.current,
        previous=item.previous,
        is_same_device=item.device != "" and item.device == ids.fingerprint(device or ""),
        is_of_this_version=item.token_version == holder.token_version,
        opened_at=clock.from_seconds(item.opened_at),
        used_at=clock.from_seconds(item.used_at),
    )
    outcome = session_rules.refresh_outcome(state, presented, clock.now(), session_rules.session_limits(_roles(holder)))
    if outcome == "reuse":
        _end(item, "reuse", "system", Actor(kind=item.kind, id=item.holder))
        raise session_rules.REFRESH_REUSED()
    refuse_if(outcome == "expired", session_rules.REFRESH_INVALID)
    account = _account_of_login(item, holder) if isinstance(holder, AccountItem) else None
    before = item.current
    new_secret = _new_secret(session_id)
    item.previous = presented if outcome == "rotate" else ""
    item.current = ids.fingerprint(new_secret)
    item.used_at = clock.seconds(clock.now())
    unused = (SessionItem.current == before) & (SessionItem.status == session_rules.SESSION_OPEN)
    tables.write(tables.Touch(item, ("current", "previous", "used_at"), unused))
    return item, account, new_secret


def _roles(holder: AccountItem | StaffItem) -> list[str] | None:
    """The roles of a staff member; None for a person."""
    return list(holder.roles) if isinstance(holder, StaffItem) else None


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
        raise session_rules.REFRESH_INVALID()
    return account


def _holder(item: SessionItem) -> AccountItem | StaffItem | None:
    return store.staff(item.holder) if item.kind == "staff" else store.account(item.holder, consistent=True)


def _end(item: SessionItem, action: str, by: str, actor: Actor, reason: str = "") -> None:
    """End a session, and its access tokens with the next request; nothing happens to one that has ended."""

    def attempt() -> None:
        session = store.session(item.id)
        if session is None or session.status != session_rules.SESSION_OPEN:
            return
        ended = session_rules.SESSIONS.move(session, action, by)
        writes: list[tables.Write] = [changes.record(session, Event(ended, actor, note=reason))]
        holder = _holder(session)
        if holder is not None:
            # The holder's item is read with every request anyway; access tokens are checked against it.
            still = [one for one in holder.ended if one.at > clock.seconds(clock.now()) - tokens.LIFETIME_SECONDS]
            ended_now = EndedSession(id=session.id, at=clock.seconds(clock.now()))
            holder.ended = [*still, ended_now]
            if len(holder.ended) > session_rules.MOST_ENDED:
                # More than the item can remember: then all sessions end, so that no ended one comes to life again.
                void_tokens(holder)
                holder.ended = []
            # With an event, so that the version counts: two that end at once, or another change, must not undo it.
            writes.append(changes.record(holder, Event(ended, actor)))
        tables.write(*writes)

    optimistic.repeat(attempt)


def log_out(actor: Actor) -> None:
    """End the caller's session; its refresh token and its access tokens are void at once."""
    item = store.session(actor.session)
    if item is not None:
        _end(item, "close", "holder", actor)


def complete(session_id: str) -> None:
    """Let a partial session be a whole one from its next refresh on: the person has proven in it who they are."""
    item = store.session(session_id)
    if item is not None and item.partial:
        item.partial = False
        open_one = SessionItem.status == session_rules.SESSION_OPEN
        with suppress(tables.ConditionFailed):
            tables.write(tables.Touch(item, ("partial",), open_one))


class SessionView(View, frozen=True, kw_only=True):
    """A session: on which platform, since when, when it was last renewed, and whether it is this one."""

    id: str
    opened_at: Instant
    used_at: Instant
    is_this: bool
    platform: str | None = None


def list_sessions(actor: Actor) -> list[SessionView]:
    """The open sessions of the caller (the newest 20 of each account), the newest first."""
    holders = actor.accounts if actor.kind == "person" else (actor.id,)
    found: list[SessionView] = []
    for holder in holders:
        found += sessions_of(holder, actor.session)
    return found


def sessions_of(holder: str, this: str = "") -> list[SessionView]:
    """The open sessions of an account or a staff member (of the newest 20), the newest first."""
    found = []
    for item in store.sessions_of(holder):
        if item.status == session_rules.SESSION_OPEN:
            shown = SessionView(
                id=item.id,
                opened_at=clock.local(clock.from_seconds(item.opened_at)),
                used_at=clock.local(clock.from_seconds(item.used_at)),
                is_this=item.id == this,
                platform=given(item.platform),
            )
            found.append(shown)
    return found


def is_own(actor: Actor, item: SessionItem) -> bool:
    """Whether a session is the caller's."""
    holders = actor.accounts if actor.kind == "person" else (actor.id,)
    return item.kind == actor.kind and item.holder in holders


def end_session(actor: Actor, item: SessionItem) -> None:
    """End one of the caller's sessions; nothing happens to one that has ended."""
    _end(item, "close", "holder", actor)


def end_any_session(actor: Actor, item: SessionItem, reason: str) -> None:
    """A security administrator ends somebody's session; nothing happens to one that has ended."""
    _end(item, "close", "security_administrator", actor, reason)


def end_all_of_account(actor: Actor, account_id: str, reason: str) -> None:
    """A security administrator ends every session of a person: of the account, and of all that are merged with it."""
    for one in _accounts_of_person(account_id):
        change(_loader(one), void_tokens, Event(events.ACCESS_TOKENS_VOIDED, actor, note=reason))


def sessions_of_person(account_id: str) -> list[SessionView]:
    """The open sessions of a person with all accounts."""
    found: list[SessionView] = []
    for one in _accounts_of_person(account_id):
        found += sessions_of(one)
    return found


def _accounts_of_person(account_id: str) -> tuple[str, ...]:
    account = canonical(account_id)
    return (account.id, *account.merged)


def end_all_sessions(actor: Actor) -> None:
    """End every session of the caller, this one too."""
    if actor.kind == "staff":
        change(lambda: store.staff(actor.id), void_tokens, Event(events.ACCESS_TOKENS_VOIDED, actor))
        return
    for account_id in actor.accounts:
        change(_loader(account_id), void_tokens, Event(events.ACCESS_TOKENS_VOIDED, actor))


def _loader(account_id: str) -> Callable[[], AccountItem | None]:
    return lambda: store.account(account_id, consistent=True)


def void_tokens(holder: AccountItem | StaffItem) -> None:
    """Let no session of a holder go on: each carries the number that was the holder's when it was opened."""
    holder.token_version = holder.token_version + 1
