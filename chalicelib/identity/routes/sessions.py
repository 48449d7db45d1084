"""Sessions: which are open, and ending them; a security administrator does the same for others."""

from __future__ import annotations

from chalicelib.identity import service, store
from chalicelib.identity.routes.shapes import SessionList
from chalicelib.identity.store import AccountItem, SessionItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANY_STAFF, Access, Actor, Level, is_staff
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Done, Reason
from chalicelib.kernel.roles import SECURITY_ADMINISTRATOR

ANYBODY = Access(person=Level.LOGGED_IN, staff=ANY_STAFF)


@endpoint("GET", "/v1/sessions", ANYBODY)
def list_sessions(actor: Actor) -> SessionList:
    """Where the caller is logged in."""
    return SessionList(service.sessions.list_sessions(actor))


@endpoint(
    "POST",
    "/v1/sessions/{session_id}/end",
    Access(
        person=Level.LOGGED_IN,
        staff=ANY_STAFF,
        target=store.session,
        related=service.sessions.is_own,
        relation="holder",
    ),
)
def end_session(actor: Actor, target: SessionItem) -> Done:
    """End one of the caller's sessions, with its access tokens."""
    service.sessions.end_session(actor, target)
    return Done()


@endpoint("POST", "/v1/sessions/end_all", ANYBODY, errors=[errors.CONFLICT])
def end_all_sessions(actor: Actor) -> Done:
    """End all sessions of the caller, this one too."""
    service.sessions.end_all_sessions(actor)
    return Done()


ANY_SESSION = Access(staff=(SECURITY_ADMINISTRATOR,), target=store.session, related=is_staff, relation="any session")
ANY_ACCOUNT = Access(
    staff=(SECURITY_ADMINISTRATOR,),
    target=store.account,
    related=is_staff,
    relation="any account",
    own=lambda actor, account: service.own_matters.is_own(actor, account.id),
)


@endpoint("GET", "/v1/accounts/{account_id}/sessions", ANY_ACCOUNT)
def list_account_sessions(target: AccountItem) -> SessionList:
    """Where a citizen is logged in with this account."""
    return SessionList(service.sessions.sessions_of_person(target.id))


@endpoint("POST", "/v1/accounts/{account_id}/end_sessions", ANY_ACCOUNT, errors=[errors.CONFLICT])
def end_account_sessions(actor: Actor, target: AccountItem, body: Reason) -> Done:
    """End all sessions of an account, for a citizen who has lost a phone; they can log in again."""
    service.sessions.end_all_of_account(actor, target.id, body.reason)
    return Done()


@endpoint("POST", "/v1/accounts/sessions/{session_id}/end", ANY_SESSION)
def end_any_session(actor: Actor, target: SessionItem, body: Reason) -> Done:
    """End one session, of a citizen or of staff."""
    service.sessions.end_any_session(actor, target, body.reason)
    return Done()
