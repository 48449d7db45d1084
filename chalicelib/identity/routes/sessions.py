"""Sessions: which are open, and ending them; and what administrators do with those of staff."""

from __future__ import annotations

from typing import Annotated, Any

from chalicelib.identity import rules, service, store
from chalicelib.identity.store import StaffItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANY_STAFF, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Done, Reason, View, one_of

ANYBODY = Access(person=Level.LOGGED_IN, staff=ANY_STAFF)


class SessionList(View, frozen=True):
    """The caller's open sessions, the newest first."""

    items: list[service.sessions.SessionView]


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
def end_session(actor: Actor, target: store.SessionItem) -> Done:
    """End one of the caller's sessions, with its access tokens."""
    service.sessions.end_session(actor, target)
    return Done()


@endpoint("POST", "/v1/sessions/end_all", ANYBODY, errors=[errors.CONFLICT])
def end_all_sessions(actor: Actor) -> Done:
    """End all sessions of the caller, this one too."""
    service.sessions.end_all_sessions(actor)
    return Done()


def _is_administrator(actor: Actor, _: Any) -> bool:
    return actor.kind == "staff"


ANY_MEMBER = Access(staff=("administrator",), target=store.staff, related=_is_administrator, relation="any staff")


class StaffView(View, frozen=True, kw_only=True):
    """A staff member: unit, roles, and whether they may work."""

    username: str
    display_name: str
    unit: str
    roles: list[str]
    status: Annotated[str, one_of(rules.STAFF.states)]


@endpoint("GET", "/v1/staff/{username}", ANY_MEMBER)
def read_staff(target: StaffItem) -> StaffView:
    """A staff member as administrators see them."""
    return _staff_view(target)


@endpoint("POST", "/v1/staff/{username}/suspend", ANY_MEMBER, errors=[rules.STAFF_STATE, rules.OWN_ACCOUNT])
def suspend_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Let somebody work no more until further notice; all their sessions end at once."""
    _refuse_oneself(actor, target)
    return _staff_view(service.staff.suspend(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/reinstate", ANY_MEMBER, errors=[rules.STAFF_STATE, rules.OWN_ACCOUNT])
def reinstate_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Let somebody who was suspended work again."""
    _refuse_oneself(actor, target)
    return _staff_view(service.staff.reinstate(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/dismiss", ANY_MEMBER, errors=[rules.STAFF_STATE, rules.OWN_ACCOUNT])
def dismiss_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Somebody has left: all their sessions end at once, and neither factor opens anything."""
    _refuse_oneself(actor, target)
    return _staff_view(service.staff.dismiss(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/end_sessions", ANY_MEMBER)
def end_staff_sessions(actor: Actor, target: StaffItem) -> Done:
    """End all sessions of a staff member, who can log in again."""
    service.staff.end_sessions(actor, target.username)
    return Done()


def _refuse_oneself(actor: Actor, target: StaffItem) -> None:
    if target.username == actor.id:
        raise rules.OWN_ACCOUNT()


def _staff_view(member: StaffItem) -> StaffView:
    return StaffView(
        username=member.username,
        display_name=member.display_name,
        unit=member.unit,
        roles=list(member.roles),
        status=member.status,
    )
