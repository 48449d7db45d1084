"""Enterprises: registered by their legal representative, and who may act for them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import mandate_rules, rules, service, store
from chalicelib.identity.routes.shapes import Name, Number
from chalicelib.identity.store.enterprises import MandateItem, OrganizationItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import ListQuery, View, one_of
from chalicelib.kernel.storage import tables


class CreditCode(msgspec.Struct, forbid_unknown_fields=True):
    """The enterprise's unified social credit code."""

    credit_code: Number


ScopeEntry = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-z0-9_]{1,63})$")]
"""A service's code, or ``*`` for all."""


class Appointment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A handler to appoint: who, for which services (``*``: all), until which day."""

    name: Name
    id_number: Number
    scope: Annotated[list[ScopeEntry], Meta(min_length=1, max_length=50)]
    until: date


class MandateView(View, frozen=True, kw_only=True):
    """A mandate: which enterprise, which role, which services, until when."""

    id: str
    organization_id: str
    organization_name: str
    holder: str
    role: str
    scope: list[str]
    until: date
    status: Annotated[str, one_of(mandate_rules.MANDATES.states)]
    valid: bool


class MandateList(View, frozen=True):
    """A part of a list of mandates."""

    items: list[MandateView]
    cursor: str | None = None


@endpoint(
    "POST",
    "/v1/organizations",
    Access(person=Level.PROVEN),
    status=201,
    idempotent=True,
    errors=[
        mandate_rules.CREDIT_CODE_INVALID,
        mandate_rules.ENTERPRISE_UNKNOWN,
        mandate_rules.ENTERPRISE_NOT_ACTIVE,
        mandate_rules.NOT_LEGAL_REPRESENTATIVE,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def register_organization(actor: Actor, body: CreditCode) -> MandateView:
    """Register the enterprise whose legal representative the caller is."""
    return _mandate_view(service.enterprises.register_organization(actor, body.credit_code))


@endpoint("GET", "/v1/organizations", Access(person=Level.PROVEN))
def list_organizations(actor: Actor, query: ListQuery) -> MandateList:
    """The enterprises that the caller may act for."""
    return _mandate_list(service.enterprises.mandates_of(actor, query.cursor))


def _represents(actor: Actor, organization: OrganizationItem) -> bool:
    return service.enterprises.is_legal_representative(actor, organization.id)


def _find_mandate(organization_id: str, mandate_id: str) -> MandateItem | None:
    found = store.enterprises.mandate_of_id(mandate_id)
    return found if found is not None and found.organization_id == organization_id else None


OWN_ORGANIZATION = Access(
    person=Level.PROVEN, target=store.enterprises.organization, related=_represents, relation="legal representative"
)
OWN_MANDATE = Access(
    person=Level.PROVEN,
    target=_find_mandate,
    related=lambda actor, mandate: service.enterprises.is_legal_representative(actor, mandate.organization_id),
    relation="legal representative",
)


HELD_MANDATE = Access(
    person=Level.PROVEN,
    target=store.enterprises.mandate_of_id,
    related=service.enterprises.is_holder_of,
    relation="who is to act by the mandate",
)


@endpoint("POST", "/v1/mandates/{mandate_id}/accept", HELD_MANDATE, errors=[mandate_rules.MANDATE_STATE])
def accept_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """Agree to act for the enterprise: only then does the mandate count."""
    service.enterprises.accept_mandate(actor, target)
    return _mandate_view(target)


@endpoint("POST", "/v1/mandates/{mandate_id}/decline", HELD_MANDATE, errors=[mandate_rules.MANDATE_STATE])
def decline_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """Not to act for the enterprise, or not any more."""
    service.enterprises.decline_mandate(actor, target)
    return _mandate_view(target)


@endpoint("GET", "/v1/organizations/{organization_id}/mandates", OWN_ORGANIZATION)
def list_mandates(target: OrganizationItem, query: ListQuery) -> MandateList:
    """Who may act for the enterprise."""
    return _mandate_list(store.enterprises.mandates_of_organization(target.id, query.cursor))


@endpoint(
    "POST",
    "/v1/organizations/{organization_id}/mandates",
    OWN_ORGANIZATION,
    status=201,
    idempotent=True,
    errors=[
        rules.ID_NUMBER_INVALID,
        mandate_rules.MANDATE_PERIOD_INVALID,
        rules.FRESH_PROOF_REQUIRED,
        *mandate_rules.REPRESENTATION_ERRORS,
    ],
)
def appoint_handler(actor: Actor, target: OrganizationItem, body: Appointment) -> MandateView:
    """Offer somebody to act as handler, or renew and change a handler's mandate; it counts once it is accepted."""
    return _mandate_view(
        service.enterprises.appoint_handler(actor, target, body.name, body.id_number, body.scope, body.until)
    )


@endpoint(
    "DELETE",
    "/v1/organizations/{organization_id}/mandates/{mandate_id}",
    OWN_MANDATE,
    errors=[mandate_rules.MANDATE_STATE],
)
def revoke_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """End a mandate at once."""
    service.enterprises.revoke_mandate(actor, target)
    return _mandate_view(target)


def _mandate_view(mandate: MandateItem) -> MandateView:
    return MandateView(
        id=mandate.id,
        organization_id=mandate.organization_id,
        organization_name=mandate.organization_name,
        holder=service.enterprises.holder_name(mandate),
        role=mandate.role,
        scope=list(mandate.scope),
        until=mandate.until,
        status=mandate.status,
        valid=service.enterprises.mandate_holds(mandate),
    )


def _mandate_list(page: tables.Page) -> MandateList:
    return MandateList([_mandate_view(mandate) for mandate in page.items], page.cursor)
