"""Members of staff from the first day to the last: invited, active, suspended, left; their units and roles."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

import msgspec

from chalicelib.identity import events, staff_rules, store
from chalicelib.identity.service import identities, sessions, staff
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.identity.store import StaffItem
from chalicelib.kernel import clock, errors, ids, phones
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.roles import ADMINISTRATORS
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables

_GUESSES = Limit(name="invitation_code", times=10, seconds=3600)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a member of staff: the name under decisions, the unit, a courier's phone number.

    ``person_index``: of their own ID number, by which own matters are known (``index_of_person``). A phone number or
    an index that is None stays as it is; an empty number is taken away.
    """

    display_name: str
    unit: str
    phone: str | None = None
    person_index: str | None = None


class Invitation(View, frozen=True, kw_only=True):
    """What the invited person needs once to set password and second factor; it is shown this one time."""

    username: str
    invitation: str
    expires_at: Instant


class Enrolment(View, frozen=True, kw_only=True):
    """The secret of the second factor, as text and as an address that authenticator apps read (``otpauth://``)."""

    totp_secret: str
    totp_address: str


def index_of_person(display_name: str, id_number: str) -> str:
    """The index of a staff member's own ID number (18 digits). Raises ``id_number_invalid``."""
    return identities.index_of(ShownDocument(name=display_name, id_number=id_number))


def invite(actor: Actor, username: str, details: Details, roles: list[str]) -> Invitation:
    """Invite somebody who is new, or has left, to work here; whoever is invited already gets a new invitation.

    Without ``roles`` the person may do nothing until somebody else gives them some. Raises ``staff_exists`` or
    ``phone_invalid``.
    """

    def attempt() -> Invitation:
        member = store.staff(username)
        if member is not None and member.status in (staff_rules.ACTIVE, staff_rules.SUSPENDED):
            raise staff_rules.STAFF_EXISTS()
        # Decisions are signed with the name behind a user name: it is never another person's.
        if member is not None and member.status == staff_rules.LEFT and member.display_name != details.display_name:
            raise staff_rules.STAFF_EXISTS()
        if member is None:
            member = StaffItem(f"STAFF#{username}", token_version=0)
        invited = staff_rules.STAFF.move(member, "invite", "system_administrator")
        secret = _void_factors(member)
        member.roles = roles
        former_index = member.person_index
        happened = [Event(invited, actor, data={"unit": details.unit, "roles": roles})]
        writes = _details_writes(member, details)
        if former_index and member.person_index != former_index:
            happened.append(Event(events.STAFF_PERSON_CHANGED, actor))
        tables.write(changes.record(member, *happened), *writes)
        return _invitation(member, secret)

    return optimistic.repeat(attempt)


def reset(actor: Actor, username: str, reason: str) -> StaffItem:
    """Void both factors and the roles of somebody who lost a factor; all sessions end.

    Somebody else invites the person again, and the roles are given anew: whoever voids the factors must not be the one
    who gets the invitation, or one administrator could be anybody. Raises ``not_found`` or ``staff_wrong_state``.
    """

    def attempt() -> StaffItem:
        member = find(username)
        moved = staff_rules.STAFF.move(member, "reset", "security_administrator")
        _void_factors(member)
        member.roles = []
        member.invitation = ""
        tables.write(changes.record(member, Event(moved, actor, note=reason)))
        return member

    return optimistic.repeat(attempt)


def require_no_administrator(member: StaffItem) -> None:
    """Raise ``administrator_protected``: over the API no administrator decides about another one."""
    refuse_if(set(member.roles) & set(ADMINISTRATORS), staff_rules.ADMINISTRATOR_PROTECTED)


def _void_factors(member: StaffItem) -> str:
    """Nothing opens any more what was opened by the former factors; returns the secret of an invitation."""
    sessions.void_tokens(member)
    member.salt = secrets.token_bytes(16)
    member.password = secrets.token_bytes(32)
    member.totp_secret = store.seal(member, "totp_secret", secrets.token_hex(16))
    member.logins = []
    member.devices = []
    member.keys = []
    member.challenge = ""
    secret = secrets.token_urlsafe(24)
    member.invitation = ids.fingerprint(secret)
    member.invited_until = clock.seconds(clock.now() + staff_rules.INVITATION_LASTS)
    return secret


def _invitation(member: StaffItem, secret: str) -> Invitation:
    expires_at = clock.local(clock.from_seconds(member.invited_until))
    return Invitation(username=member.username, invitation=secret, expires_at=expires_at)


def accept(username: str, invitation: str, password: str, totp_secret: str | None = None) -> Enrolment:
    """The invited person sets a password, and gets the secret of the second factor (a new one if none is given).

    Nothing is open before the first six digits come (``activate``). May be repeated until then, with another password
    too. Raises ``invitation_invalid`` or ``password_too_weak``.
    """
    import pyotp

    secret = totp_secret or pyotp.random_base32()

    def attempt() -> None:
        member = _invited(username, invitation)
        staff.check_password(password, member)
        staff.hash_password(member, password)
        member.totp_secret = store.seal(member, "totp_secret", secret)
        member.last_step = 0  # the codes of another secret were never used
        # Not the person's deed before they have shown the second factor, so no event: nothing is open yet.
        written = ("salt", "password", "totp_secret", "last_step")
        tables.write(tables.Touch(member, written, StaffItem.invitation == ids.fingerprint(invitation)))

    optimistic.repeat(attempt)
    address = pyotp.TOTP(secret, name=username, issuer="Banshi").provisioning_uri()
    return Enrolment(totp_secret=secret, totp_address=address)


def activate(username: str, invitation: str, code: str, device: str | None = None) -> sessions.Tokens:
    """The invited person shows the first six digits: the invitation is used up, and a session is opened.

    Raises ``invitation_invalid`` or ``one_time_code_wrong``.
    """
    _invited(username, invitation)  # whoever has no invitation uses up nobody's tries
    _GUESSES.count(username)

    def attempt() -> StaffItem:
        member = _invited(username, invitation)
        step = staff.matching_step(store.unseal(member, "totp_secret"), code)
        refuse_if(step == 0, staff_rules.ONE_TIME_CODE_WRONG)
        activated = staff_rules.STAFF.move(member, "activate", "member")
        member.last_step = step
        member.invitation = ""
        staff.remember_device(member, device)
        actor = Actor(kind="staff", id=username, unit=member.unit)
        tables.write(changes.record(member, Event(activated, actor)))
        return member

    member = optimistic.repeat(attempt)
    return sessions.open_session(username, "staff", member.token_version, device)


def _invited(username: str, invitation: str) -> StaffItem:
    """The staff member who has this invitation; raises ``invitation_invalid``."""
    member = store.staff(username)
    expected = member.invitation if member is not None else ""
    is_right = hmac.compare_digest(expected.encode(), ids.fingerprint(invitation).encode())
    if member is None or not is_right or member.status != staff_rules.INVITED:
        raise staff_rules.INVITATION_INVALID()
    refuse_if(member.invited_until <= clock.seconds(clock.now()), staff_rules.INVITATION_INVALID)
    return member


def set_roles(actor: Actor, username: str, roles: list[str], known: tuple[str, ...], reason: str) -> StaffItem:
    """Give somebody these roles and no others; all sessions end.

    Only for who has joined: until then somebody else still has the invitation, and could come in by it. ``known``: the
    roles that there are. Raises ``roles_unknown``, ``roles_invalid``, ``staff_wrong_state`` or ``not_found``.
    """
    staff_rules.check_roles(roles, known)

    def alter(member: StaffItem) -> None:
        if member.status != staff_rules.ACTIVE:
            raise staff_rules.STAFF.refusal(member.status)
        member.roles = list(dict.fromkeys(roles))
        sessions.void_tokens(member)

    event = Event(events.STAFF_ROLES_CHANGED, actor, note=reason, data={"roles": roles})
    return _alter(username, alter, event)


def set_details(actor: Actor, username: str, details: Details) -> StaffItem:
    """Another name, unit, phone or ID number; all sessions end, because tasks are the unit's.

    Raises ``not_found`` or ``phone_invalid``.
    """

    def attempt() -> StaffItem:
        member = find(username)
        sessions.void_tokens(member)
        former_index = member.person_index
        happened = [Event(events.STAFF_CHANGED, actor, data={"unit": details.unit})]
        writes = _details_writes(member, details)
        # Whoever changes it decides what are own matters: it stands in the log by itself.
        if member.person_index != former_index:
            happened.append(Event(events.STAFF_PERSON_CHANGED, actor))
        tables.write(changes.record(member, *happened), *writes)
        return member

    return optimistic.repeat(attempt)


def _details_writes(member: StaffItem, details: Details) -> list[tables.Write]:
    """Give a member these details, which the caller records; the writes of what finds the member by them."""
    member.display_name = details.display_name
    member.unit = details.unit
    if details.person_index is not None:
        member.person_index = details.person_index
    place = tables.Put(store.UnitMemberItem(f"UNIT#{details.unit}", member.username))
    return [place, *_phone_writes(member, details.phone)]


def _phone_writes(member: StaffItem, phone: str | None) -> list[tables.Write]:
    """The writes that make the number lead to this courier; a former number leads to nobody, as its owner has another.

    A login by phone compares both sides, so a row that is left behind opens nothing.
    """
    if phone is None:
        return []
    if not phone:
        member.phone_index = None
        return []
    try:
        number = phones.parse(phone)
    except ValueError:
        raise staff_rules.PHONE_INVALID() from None
    member.phone_index = vault.blind_index("staff_phone", number)
    return [tables.Put(store.StaffPhoneItem(f"STAFFPHONE#{member.phone_index}", username=member.username))]


def find(username: str) -> StaffItem:
    """A staff member; raises ``not_found``."""
    member = store.staff(username)
    if member is None:
        raise errors.NOT_FOUND()
    return member


def of_unit(unit: str, cursor: str | None) -> tables.Page:
    """A page of the staff of a unit, those who have left too; a read for each."""
    page = store.members_of(unit, cursor)
    found = [store.staff(row.sk) for row in page.items]
    # who went to another unit keeps a row here
    return tables.Page([member for member in found if member is not None and member.unit == unit], page.cursor)


def known(username: str) -> StaffItem | None:
    """A staff member, if there is one with this name."""
    return store.staff(username)


def is_active(member: StaffItem) -> bool:
    """Whether a staff member is neither suspended nor gone."""
    return member.status == staff_rules.ACTIVE


def may_work(username: str) -> bool:
    """Whether there is such a staff member, neither suspended nor gone."""
    member = store.staff(username)
    return member is not None and is_active(member)


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
        moved = staff_rules.STAFF.move(member, action, "security_administrator")
        # every change of what somebody may do ends all their sessions
        sessions.void_tokens(member)
        member.invitation = ""
        tables.write(changes.record(member, Event(moved, actor, note=reason)))
        return member

    return optimistic.repeat(attempt)


def _alter(username: str, alter: Callable[[StaffItem], None], event: Event) -> StaffItem:
    def attempt() -> StaffItem:
        member = find(username)
        alter(member)
        tables.write(changes.record(member, event))
        return member

    return optimistic.repeat(attempt)


def end_sessions(actor: Actor, username: str) -> None:
    """End all sessions of a staff member; they can log in again. Raises ``not_found``."""
    _alter(username, sessions.void_tokens, Event(events.ACCESS_TOKENS_VOIDED, actor))
