"""A staff member's own factors: set by an invitation, changed, and security keys beside the one-time code."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.identity import service, staff_rules
from chalicelib.identity.routes.shapes import STAFF_LOGIN_SLOWDOWN, Device, Username
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANY_STAFF, ANYONE, Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Done, View

Password = Annotated[str, Meta(min_length=1, max_length=256)]
SixDigits = Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
InvitationText = Annotated[str, Meta(min_length=16, max_length=64)]
STAFF = Access(staff=ANY_STAFF)


class Acceptance(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The invitation as it was handed over, and the password that the person chose."""

    username: Username
    invitation: InvitationText
    password: Password


class Activation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The invitation, and the first six digits of the authenticator."""

    username: Username
    invitation: InvitationText
    code: SixDigits
    device: Device | None = None


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Both factors of today, and the new password."""

    password: Password
    code: SixDigits
    new_password: Password


class KeyRegistration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the browser made (``credential.toJSON()``), a name for the key, and both factors of today."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    credential: dict[str, Any]
    password: Password
    code: SixDigits


class BothFactors(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Both factors of today."""

    password: Password
    code: SixDigits


class KeyLoginStart(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """User name and password of somebody who has a security key."""

    username: Username
    password: Password
    device: Device | None = None


class KeyLogin(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """User name, password, and what the browser signed (``credential.toJSON()``)."""

    username: Username
    password: Password
    credential: dict[str, Any]
    device: Device | None = None


class SecurityKeyList(View, frozen=True):
    """The caller's security keys."""

    items: list[service.security_keys.SecurityKeyView]


@endpoint(
    "POST",
    "/v1/auth/staff/invitation",
    ANYONE,
    errors=[staff_rules.INVITATION_INVALID, staff_rules.PASSWORD_TOO_WEAK],
    limit=STAFF_LOGIN_SLOWDOWN,
)
def accept_invitation(body: Acceptance) -> service.members.Enrolment:
    """Set the own password; the secret of the second factor is shown. Nothing is open before the first six digits."""
    return service.members.accept(body.username, body.invitation, body.password)


@endpoint(
    "POST",
    "/v1/auth/staff/activation",
    ANYONE,
    errors=[staff_rules.INVITATION_INVALID, staff_rules.ONE_TIME_CODE_WRONG],
    limit=STAFF_LOGIN_SLOWDOWN,
)
def activate_staff(body: Activation) -> service.sessions.Tokens:
    """Show that the authenticator works: the invitation is used up, and the person is logged in."""
    return service.members.activate(body.username, body.invitation, body.code, body.device)


@endpoint(
    "PUT",
    "/v1/me/password",
    STAFF,
    errors=[staff_rules.FACTORS_WRONG, staff_rules.ONE_TIME_CODE_USED, staff_rules.PASSWORD_TOO_WEAK],
)
def change_password(actor: Actor, body: PasswordChange) -> Done:
    """Set another password; all sessions of the caller end, this one too."""

    def attempt() -> None:
        service.staff.change_password(actor, body.password, body.code, body.new_password)

    service.staff.confirm(actor, attempt)
    return Done()


@endpoint("GET", "/v1/me/security_keys", STAFF)
def list_security_keys(actor: Actor) -> SecurityKeyList:
    """With which security keys the caller may log in."""
    return SecurityKeyList(service.security_keys.keys_of(actor))


@endpoint("POST", "/v1/me/security_keys/options", STAFF, errors=[staff_rules.TOO_MANY_KEYS, errors.CONFLICT])
def begin_key_registration(actor: Actor) -> service.security_keys.KeyOptions:
    """What the browser needs to make a key (``navigator.credentials.create``), good for five minutes."""
    return service.security_keys.begin_registration(actor)


@endpoint(
    "POST",
    "/v1/me/security_keys",
    STAFF,
    errors=[
        staff_rules.FACTORS_WRONG,
        staff_rules.ONE_TIME_CODE_USED,
        staff_rules.SECURITY_KEY_REFUSED,
        staff_rules.TOO_MANY_KEYS,
    ],
)
def register_security_key(actor: Actor, body: KeyRegistration) -> service.security_keys.SecurityKeyView:
    """Let the caller log in with this key instead of the six digits; all sessions end, this one too."""

    def attempt() -> service.security_keys.SecurityKeyView:
        return service.security_keys.register(actor, body.name, body.credential, body.password, body.code)

    return service.staff.confirm(actor, attempt)


@endpoint(
    "POST",
    "/v1/me/security_keys/{key_id}/remove",
    STAFF,
    errors=[staff_rules.FACTORS_WRONG, staff_rules.ONE_TIME_CODE_USED],
)
def remove_security_key(actor: Actor, key_id: str, body: BothFactors) -> Done:
    """Forget a key; all sessions of the caller end, this one too. Nothing is forgotten if there is no such key."""

    def attempt() -> None:
        service.security_keys.remove(actor, key_id, body.password, body.code)

    service.staff.confirm(actor, attempt)
    return Done()


@endpoint(
    "POST",
    "/v1/auth/staff/key/options",
    ANYONE,
    errors=[staff_rules.LOGIN_REFUSED, errors.CONFLICT],
    limit=STAFF_LOGIN_SLOWDOWN,
)
def begin_key_login(body: KeyLoginStart) -> service.security_keys.KeyOptions:
    """What the browser needs to log in with a key (``navigator.credentials.get``), good for five minutes."""

    def attempt() -> service.security_keys.KeyOptions:
        return service.security_keys.begin_login(body.username, body.password)

    return service.staff.limit_guesses("key", body.username, body.device, attempt)


@endpoint("POST", "/v1/auth/staff/key", ANYONE, errors=[staff_rules.LOGIN_REFUSED], limit=STAFF_LOGIN_SLOWDOWN)
def log_in_with_key(body: KeyLogin) -> service.sessions.Tokens:
    """Log in as staff with password and security key."""

    def attempt() -> service.sessions.Tokens:
        return service.security_keys.log_in(body.username, body.password, body.credential, body.device)

    return service.staff.limit_guesses("key", body.username, body.device, attempt)
