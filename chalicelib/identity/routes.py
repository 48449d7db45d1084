"""Endpoints of identity."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, service, store
from chalicelib.identity.store import AccountItem, MandateItem, OrganizationItem, RelativeItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE, STAFF_ROLES, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.storage import tables
from chalicelib.platforms import http, wechat

Code = Annotated[str, Meta(min_length=1, max_length=256)]
Name = Annotated[str, Meta(min_length=2, max_length=60)]
Number = Annotated[str, Meta(min_length=15, max_length=24)]
Reason = Annotated[str, Meta(min_length=4, max_length=500)]

LOGIN_LIMIT = Limit("login", 100, 300, failures_only=True)
STAFF_LOGIN_LIMIT = Limit("staff_login", 100, 900, failures_only=True)
VERIFICATION_LIMIT = Limit("verification", 10, 86400)

LOGIN_ERRORS = [http.CODE_INVALID, wechat.USER_BLOCKED, wechat.PLATFORM_QUOTA, errors.PLATFORM_UNAVAILABLE]


class CodeLogin(msgspec.Struct, forbid_unknown_fields=True):
    """The single-use code of wx.login or my.getAuthCode."""

    code: Code


class StaffLogin(msgspec.Struct, forbid_unknown_fields=True):
    """User name, password and the six digits of the authenticator."""

    username: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+$")]
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    code: Annotated[str, Meta(pattern=r"^\d{6}$")]


class CourierLogin(msgspec.Struct, forbid_unknown_fields=True):
    """The platform's login code, and the phone credential of the same user (as for binding a phone)."""

    platform: Literal["wechat", "alipay"]
    code: Code
    credential: Annotated[str, Meta(min_length=1, max_length=4096)]


class RefreshRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The refresh token, which is used up by this."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256)]


class PhoneCredential(msgspec.Struct, forbid_unknown_fields=True):
    """WeChat: the getPhoneNumber code; Alipay: the whole JSON text of my.getPhoneNumber."""

    credential: Annotated[str, Meta(min_length=1, max_length=4096)]


class RealName(msgspec.Struct, forbid_unknown_fields=True):
    """Name and resident's ID number."""

    name: Name
    id_number: Number


class CreditCode(msgspec.Struct, forbid_unknown_fields=True):
    """The enterprise's unified social credit code."""

    credit_code: Number


class Appointment(msgspec.Struct, forbid_unknown_fields=True):
    """A handler to appoint: who, for which services (``*``: all), until which day."""

    name: Name
    id_number: Number
    scope: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(min_length=1, max_length=50)]
    until: date


class Explanation(msgspec.Struct, forbid_unknown_fields=True):
    """Why staff do this; kept in the event log."""

    reason: Reason


class Cursor(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of a list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class MandateView(msgspec.Struct, frozen=True):
    """A mandate: which enterprise, which role, which services, until when."""

    id: str
    organization_id: str
    organization_name: str
    holder: str
    role: str
    scope: list[str]
    until: str
    valid: bool


class MandateList(msgspec.Struct, frozen=True):
    """A part of a list of mandates."""

    items: list[MandateView]
    cursor: str | None


class RelativeView(msgspec.Struct, frozen=True):
    """Who may book for whom, masked; ``consented``: the relative (or the guardian of a child) has agreed."""

    id: str
    holder: str
    relative: str
    consented: bool


class RelativeList(msgspec.Struct, frozen=True):
    """The caller's relatives, and those who ask to book for the caller."""

    mine: list[RelativeView]
    asking: list[RelativeView]


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    done: bool = True


@endpoint("POST", "/v1/auth/wechat", ANYONE, errors=LOGIN_ERRORS, limit=LOGIN_LIMIT)
def log_in_with_wechat(body: CodeLogin) -> service.Tokens:
    """Log in with a WeChat mini-program's code."""
    return service.log_in_with_wechat(body.code)


@endpoint("POST", "/v1/auth/alipay", ANYONE, errors=LOGIN_ERRORS, limit=LOGIN_LIMIT)
def log_in_with_alipay(body: CodeLogin) -> service.Tokens:
    """Log in with an Alipay mini-program's code."""
    return service.log_in_with_alipay(body.code)


@endpoint(
    "POST", "/v1/auth/staff", ANYONE, errors=[rules.LOGIN_REFUSED, rules.ONE_TIME_CODE_USED], limit=STAFF_LOGIN_LIMIT
)
def log_in_staff(body: StaffLogin, request: Request) -> service.Tokens:
    """Log in as staff with two factors."""
    return service.log_in_staff(body.username, body.password, body.code, request.source_ip)


@endpoint("POST", "/v1/auth/courier", ANYONE, errors=[*LOGIN_ERRORS, rules.COURIER_UNKNOWN], limit=STAFF_LOGIN_LIMIT)
def log_in_courier(body: CourierLogin) -> service.Tokens:
    """Log in as a courier: the platform vouches for the phone number that the courier's company registered."""
    return service.log_in_courier(body.platform, body.code, body.credential)


@endpoint(
    "POST",
    "/v1/auth/refresh",
    ANYONE,
    errors=[rules.REFRESH_INVALID, rules.REFRESH_REUSED],
)
def refresh_session(body: RefreshRequest) -> service.Tokens:
    """Exchange the refresh token; a second use ends the session everywhere."""
    return service.refresh(body.refresh_token)


@endpoint("POST", "/v1/auth/logout", Access(person=Level.LOGGED_IN, staff=STAFF_ROLES))
def log_out(actor: Actor) -> Done:
    """End this session."""
    service.log_out(actor)
    return Done()


@endpoint("GET", "/v1/me", Access(person=Level.LOGGED_IN))
def read_me(actor: Actor) -> service.Person:
    """What is known of the caller, masked."""
    return service.describe(actor.id)


@endpoint(
    "PUT", "/v1/me/phone", Access(person=Level.LOGGED_IN), errors=[http.CODE_INVALID, errors.PLATFORM_UNAVAILABLE]
)
def bind_phone(actor: Actor, body: PhoneCredential) -> service.Person:
    """Bind the phone number that the platform vouches for."""
    service.bind_phone(actor, body.credential)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/me/verification",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.ID_NUMBER_INVALID,
        rules.NAME_DOES_NOT_MATCH,
        rules.ALREADY_VERIFIED,
        rules.SAME_PERSON_NOT_PROVEN,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=VERIFICATION_LIMIT,
)
def verify_real_name(actor: Actor, body: RealName) -> service.VerificationResult:
    """Verify name and ID number; on Alipay a face check follows, then confirmation."""
    return service.verify_real_name(actor, body.name, body.id_number)


@endpoint(
    "POST",
    "/v1/me/verification/confirm",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.VERIFICATION_NOT_STARTED,
        rules.VERIFICATION_NOT_PASSED,
        rules.ALREADY_VERIFIED,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def confirm_verification(actor: Actor) -> service.Person:
    """Finish the face check after the user did it."""
    service.confirm_verification(actor)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/organizations",
    Access(person=Level.REAL_NAME),
    status=201,
    idempotent=True,
    errors=[
        rules.CREDIT_CODE_INVALID,
        rules.ENTERPRISE_UNKNOWN,
        rules.ENTERPRISE_NOT_ACTIVE,
        rules.NOT_LEGAL_REPRESENTATIVE,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def register_organization(actor: Actor, body: CreditCode) -> MandateView:
    """Register the enterprise whose legal representative the caller is."""
    return _mandate_view(service.register_organization(actor, body.credit_code))


@endpoint("GET", "/v1/organizations", Access(person=Level.REAL_NAME))
def list_organizations(actor: Actor, query: Cursor) -> MandateList:
    """The enterprises that the caller may act for."""
    return _mandate_list(service.mandates_of(actor, query.cursor))


def _represents(actor: Actor, organization: OrganizationItem) -> bool:
    return service.is_legal_representative(actor, organization.id)


def _find_mandate(organization_id: str, mandate_id: str) -> MandateItem | None:
    return store.mandate(organization_id, mandate_id)


OWN_ORGANIZATION = Access(
    person=Level.REAL_NAME, target=store.organization, related=_represents, relation="legal representative"
)
OWN_MANDATE = Access(
    person=Level.REAL_NAME,
    target=_find_mandate,
    related=lambda actor, mandate: service.is_legal_representative(actor, mandate.organization_id),
    relation="legal representative",
)


@endpoint("GET", "/v1/organizations/{organization_id}/mandates", OWN_ORGANIZATION)
def list_mandates(target: OrganizationItem, query: Cursor) -> MandateList:
    """Who may act for the enterprise."""
    return _mandate_list(store.mandates_of_organization(target.id, query.cursor))


@endpoint(
    "POST",
    "/v1/organizations/{organization_id}/mandates",
    OWN_ORGANIZATION,
    status=201,
    idempotent=True,
    errors=[rules.ID_NUMBER_INVALID, rules.MANDATE_PERIOD_INVALID],
)
def appoint_handler(actor: Actor, target: OrganizationItem, body: Appointment) -> MandateView:
    """Appoint a handler, or renew and change a handler's mandate."""
    return _mandate_view(service.appoint_handler(actor, target, body.name, body.id_number, body.scope, body.until))


@endpoint("DELETE", "/v1/organizations/{organization_id}/mandates/{mandate_id}", OWN_MANDATE)
def revoke_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """End a mandate at once."""
    service.revoke_mandate(actor, target)
    return _mandate_view(target)


OWN_RELATION = Access(
    person=Level.REAL_NAME,
    target=store.relative,
    related=lambda actor, item: service.is_holder(actor, item) or service.is_relative(actor, item),
    relation="one of the two relatives",
)
ASKED = Access(
    person=Level.REAL_NAME, target=store.relative, related=service.is_relative, relation="the relative who is asked"
)
RELATIVE_LIMIT = Limit("relative", 10, 86400)


@endpoint("GET", "/v1/relatives", Access(person=Level.REAL_NAME))
def list_relatives(actor: Actor) -> RelativeList:
    """For whom the caller may book, and who may book for the caller."""
    mine, asking = service.relatives_of(actor)
    return RelativeList([_relative_view(item) for item in mine], [_relative_view(item) for item in asking])


@endpoint(
    "POST",
    "/v1/relatives",
    Access(person=Level.REAL_NAME),
    status=201,
    idempotent=True,
    limit=RELATIVE_LIMIT,
    errors=[rules.ID_NUMBER_INVALID, rules.NAME_DOES_NOT_MATCH, errors.PLATFORM_UNAVAILABLE],
)
def add_relative(actor: Actor, body: RealName) -> RelativeView:
    """Ask a relative for consent to book for them; for one's child under 14 the register of guardians suffices."""
    return _relative_view(service.add_relative(actor, body.name, body.id_number))


@endpoint("POST", "/v1/relatives/{relative_id}/consent", ASKED, errors=[rules.GUARDIAN_CONSENTS])
def give_consent(actor: Actor, target: RelativeItem) -> RelativeView:
    """Let the relative who asked book for the caller."""
    service.give_consent(actor, target)
    return _relative_view(target)


@endpoint("DELETE", "/v1/relatives/{relative_id}", OWN_RELATION)
def end_relation(actor: Actor, target: RelativeItem) -> RelativeView:
    """End it, from either side."""
    service.end_relation(actor, target)
    return _relative_view(target)


def _relative_view(item: RelativeItem) -> RelativeView:
    return RelativeView(
        item.id, service.masked_name(item, "holder_name"), service.masked_name(item, "name"), bool(item.consented)
    )


def _is_staff(actor: Actor, _: AccountItem) -> bool:
    return actor.kind == "staff"


@endpoint(
    "POST",
    "/v1/accounts/{account_id}/undo_merge",
    Access(
        staff=("administrator",),
        target=store.account,
        related=_is_staff,
        relation="any account",
    ),
    errors=[rules.NOT_MERGED],
)
def undo_merge(actor: Actor, target: AccountItem, body: Explanation) -> Done:
    """Take back the merge of an account into another."""
    service.undo_merge(actor, target, body.reason)
    return Done()


def _mandate_view(mandate: MandateItem) -> MandateView:
    return MandateView(
        mandate.id,
        mandate.organization_id,
        str(mandate.organization_name),
        service.holder_name(mandate),
        str(mandate.role),
        list(mandate.scope),
        str(mandate.until),
        service.mandate_holds(mandate),
    )


def _mandate_list(page: tables.Page) -> MandateList:
    return MandateList([_mandate_view(mandate) for mandate in page.items], page.cursor)
