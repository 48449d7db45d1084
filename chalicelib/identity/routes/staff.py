"""Staff as their administrators see them: invited, given roles, suspended, dismissed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, service, staff_rules, store
from chalicelib.identity.routes.shapes import SessionList, Username
from chalicelib.identity.service.identities import Number
from chalicelib.identity.store import StaffItem
from chalicelib.kernel.access import Access, Actor, is_staff
from chalicelib.kernel.edge.endpoint import endpoint, roles_named
from chalicelib.kernel.edge.shapes import CursorText, Done, Reason, View, one_of
from chalicelib.kernel.roles import ADMINISTRATORS, SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR

UnitCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=50)]
PhoneText = Annotated[str, Meta(max_length=32)]


class NewMember(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to invite: the name to log in with, the name under decisions, the unit; a courier's phone number.

    ``id_number``: the person's own, by which own matters are known; it is not kept, only its keyed index is.
    """

    username: Username
    display_name: DisplayName
    unit: UnitCode
    id_number: Number
    phone: PhoneText | None = None


class MemberDetails(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Name and unit; phone and ID number only to change them (an empty phone number takes it away)."""

    display_name: DisplayName
    unit: UnitCode
    phone: PhoneText | None = None
    id_number: Number | None = None


class RoleChange(Reason, forbid_unknown_fields=True, kw_only=True):
    """All roles that somebody is to have, and why."""

    roles: Annotated[list[str], Meta(max_length=10)]


class UnitQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The staff of which unit."""

    unit: UnitCode
    cursor: CursorText | None = None


class StaffView(View, frozen=True, kw_only=True):
    """A staff member: unit, roles, and whether they may work."""

    username: str
    display_name: str
    unit: str
    roles: list[str]
    status: Annotated[str, one_of(staff_rules.STAFF.states)]
    security_keys: int


class StaffList(View, frozen=True):
    """A part of a unit's staff."""

    items: list[StaffView]
    cursor: str | None = None


PROTECTED = [staff_rules.OWN_ACCOUNT, staff_rules.ADMINISTRATOR_PROTECTED]
SYSTEM = Access(staff=(SYSTEM_ADMINISTRATOR,), target=store.staff, related=is_staff, relation="any staff")
SECURITY = Access(staff=(SECURITY_ADMINISTRATOR,), target=store.staff, related=is_staff, relation="any staff")
ANY_ADMINISTRATOR = Access(staff=ADMINISTRATORS, target=store.staff, related=is_staff, relation="any staff")


@endpoint("GET", "/v1/staff", Access(staff=ADMINISTRATORS))
def list_staff(query: UnitQuery) -> StaffList:
    """The staff of a unit, those who have left too."""
    page = service.members.of_unit(query.unit, query.cursor)
    return StaffList([_staff_view(member) for member in page.items], page.cursor)


@endpoint(
    "POST",
    "/v1/staff",
    Access(staff=(SYSTEM_ADMINISTRATOR,)),
    errors=[staff_rules.STAFF_EXISTS, staff_rules.PHONE_INVALID, rules.ID_NUMBER_INVALID],
)
def invite_staff(actor: Actor, body: NewMember) -> service.members.Invitation:
    """Invite somebody to work here; a security administrator gives the roles. A repeat makes a new invitation."""
    details = service.members.Details(
        display_name=body.display_name,
        unit=body.unit,
        phone=body.phone,
        person_index=service.members.index_of_person(body.display_name, body.id_number),
    )
    return service.members.invite(actor, body.username, details, [])


@endpoint("GET", "/v1/staff/{username}", ANY_ADMINISTRATOR)
def read_staff(target: StaffItem) -> StaffView:
    """A staff member as administrators see them."""
    return _staff_view(target)


@endpoint(
    "PUT", "/v1/staff/{username}", SYSTEM, errors=[staff_rules.PHONE_INVALID, rules.ID_NUMBER_INVALID, *PROTECTED]
)
def change_staff(actor: Actor, target: StaffItem, body: MemberDetails) -> StaffView:
    """Another name, unit, phone or ID number; all sessions of the person end."""
    _check_target(actor, target)
    index = service.members.index_of_person(body.display_name, body.id_number) if body.id_number else None
    details = service.members.Details(
        display_name=body.display_name, unit=body.unit, phone=body.phone, person_index=index
    )
    return _staff_view(service.members.set_details(actor, target.username, details))


@endpoint(
    "PUT",
    "/v1/staff/{username}/roles",
    SECURITY,
    errors=[staff_rules.ROLES_UNKNOWN, staff_rules.STAFF_STATE, *PROTECTED],
)
def change_roles(actor: Actor, target: StaffItem, body: RoleChange) -> StaffView:
    """What somebody may do from now on; all their sessions end."""
    _check_target(actor, target)
    if set(body.roles) & set(ADMINISTRATORS):
        raise staff_rules.ADMINISTRATOR_PROTECTED()
    changed = service.members.set_roles(actor, target.username, body.roles, roles_named(), body.reason)
    return _staff_view(changed)


@endpoint("POST", "/v1/staff/{username}/reset", SECURITY, errors=[staff_rules.STAFF_STATE, *PROTECTED])
def reset_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Void both factors and the roles of somebody who lost a factor; a system administrator then invites them again."""
    _check_target(actor, target)
    return _staff_view(service.members.reset(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/suspend", SECURITY, errors=[staff_rules.STAFF_STATE, *PROTECTED])
def suspend_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Let somebody work no more until further notice; all their sessions end at once."""
    _check_target(actor, target)
    return _staff_view(service.members.suspend(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/reinstate", SECURITY, errors=[staff_rules.STAFF_STATE, *PROTECTED])
def reinstate_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Let somebody who was suspended work again."""
    _check_target(actor, target)
    return _staff_view(service.members.reinstate(actor, target.username, body.reason))


@endpoint("POST", "/v1/staff/{username}/dismiss", SECURITY, errors=[staff_rules.STAFF_STATE, *PROTECTED])
def dismiss_staff(actor: Actor, target: StaffItem, body: Reason) -> StaffView:
    """Somebody has left: all their sessions end at once, and neither factor opens anything."""
    _check_target(actor, target)
    return _staff_view(service.members.dismiss(actor, target.username, body.reason))


@endpoint("GET", "/v1/staff/{username}/sessions", SECURITY)
def list_staff_sessions(target: StaffItem) -> SessionList:
    """Where a staff member is logged in."""
    return SessionList(service.sessions.sessions_of(target.username))


@endpoint("POST", "/v1/staff/{username}/end_sessions", SECURITY)
def end_staff_sessions(actor: Actor, target: StaffItem) -> Done:
    """End all sessions of a staff member, who can log in again."""
    service.members.end_sessions(actor, target.username)
    return Done()


def _check_target(actor: Actor, target: StaffItem) -> None:
    if target.username == actor.id:
        raise staff_rules.OWN_ACCOUNT()
    service.members.require_no_administrator(target)


def _staff_view(member: StaffItem) -> StaffView:
    return StaffView(
        username=member.username,
        display_name=member.display_name,
        unit=member.unit,
        roles=list(member.roles),
        status=member.status,
        security_keys=len(member.keys),
    )
