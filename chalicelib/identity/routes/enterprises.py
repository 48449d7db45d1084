"""Enterprises: registered by their legal representative, and who may act for them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import mandate_rules, rules, service, store
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS, Appointment, MandateList, MandateView
from chalicelib.identity.routes.views import mandate_list, mandate_view
from chalicelib.identity.service.identities import Number
from chalicelib.identity.store.mandates import ORGANIZATION, MandateItem, OrganizationItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery

REGISTRATION_LIMIT = Limit(name="enterprises", times=20, seconds=86400)
"""Each asks the register of enterprises."""


class CreditCode(msgspec.Struct, forbid_unknown_fields=True):
    """The enterprise's unified social credit code."""

    credit_code: Number


class LicenceToken(msgspec.Struct, forbid_unknown_fields=True):
    """What the scan of the electronic business licence gave the mini-program; it works once."""

    token: Annotated[str, Meta(min_length=8, max_length=512)]


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
        rules.FRESH_PROOF_REQUIRED,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=REGISTRATION_LIMIT,
)
def register_organization(actor: Actor, body: CreditCode) -> MandateView:
    """Register the enterprise whose legal representative the caller is."""
    return mandate_view(service.enterprises.register_organization(actor, body.credit_code))


@endpoint(
    "POST",
    "/v1/organizations/by_licence",
    Access(person=Level.PROVEN),
    errors=[
        mandate_rules.LICENCE_REFUSED,
        rules.FRESH_PROOF_REQUIRED,
        mandate_rules.ENTERPRISE_UNKNOWN,
        mandate_rules.ENTERPRISE_NOT_ACTIVE,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=REGISTRATION_LIMIT,
)
def register_by_licence(actor: Actor, body: LicenceToken) -> MandateView:
    """Act for the enterprise whose electronic business licence (电子营业执照) was shown by the caller."""
    return mandate_view(service.enterprises.register_by_licence(actor, body.token))


def _represents(actor: Actor, organization: OrganizationItem) -> bool:
    return service.enterprises.is_legal_representative(actor, organization.id)


def _find_mandate(organization_id: str, mandate_id: str) -> MandateItem | None:
    found = store.mandates.mandate_of_id(mandate_id)
    return found if found is not None and found.principal_id == organization_id else None


OWN_ORGANIZATION = Access(
    person=Level.PROVEN,
    target=store.mandates.organization,
    related=_represents,
    relation="legal representative",
    stand_in=store.mandates.absent_organization,
)
OWN_MANDATE = Access(
    person=Level.PROVEN,
    target=_find_mandate,
    related=lambda actor, mandate: service.enterprises.is_legal_representative(actor, mandate.principal_id),
    relation="legal representative",
    stand_in=store.mandates.absent_mandate,
)


@endpoint("GET", "/v1/organizations/{organization_id}/mandates", OWN_ORGANIZATION)
def list_mandates(target: OrganizationItem, query: ListQuery) -> MandateList:
    """Who may act for the enterprise."""
    return mandate_list(store.mandates.mandates_of(ORGANIZATION, target.id, query.cursor))


@endpoint(
    "POST",
    "/v1/organizations/{organization_id}/mandates",
    OWN_ORGANIZATION,
    status=201,
    idempotent=True,
    errors=[
        *DOCUMENT_ERRORS,
        mandate_rules.MANDATE_PERIOD_INVALID,
        rules.FRESH_PROOF_REQUIRED,
        *mandate_rules.REPRESENTATION_ERRORS,
    ],
)
def appoint_handler(actor: Actor, target: OrganizationItem, body: Appointment) -> MandateView:
    """Offer somebody to act as handler, or renew and change a handler's mandate; it counts once it is accepted."""
    return mandate_view(service.enterprises.appoint_handler(actor, target, body, body.scope, body.until))


@endpoint(
    "DELETE",
    "/v1/organizations/{organization_id}/mandates/{mandate_id}",
    OWN_MANDATE,
    errors=[mandate_rules.MANDATE_STATE],
)
def revoke_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """End a mandate at once."""
    service.mandates.revoke(actor, target)
    return mandate_view(target)
