"""Acting for others: the mandates that somebody holds or has given, and guardians."""

from __future__ import annotations

from chalicelib.identity import mandate_rules, rules, service, store
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS, Appointment, MandateList, MandateView, RealName
from chalicelib.identity.routes.views import mandate_list, mandate_view
from chalicelib.identity.store.mandates import MandateItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery

HELD_MANDATE = Access(
    person=Level.PROVEN,
    target=store.mandates.mandate_of_id,
    related=service.mandates.is_holder_of,
    relation="who is to act by the mandate",
    stand_in=store.mandates.absent_mandate,
)


def _find_given(given_mandate_id: str) -> MandateItem | None:
    return store.mandates.mandate_of_id(given_mandate_id)


GIVEN_MANDATE = Access(
    person=Level.PROVEN,
    target=_find_given,
    related=service.wards.gave,
    relation="the person for whom somebody may act",
)
WARD_LIMIT = Limit(name="ward", times=10, seconds=86400)


@endpoint("GET", "/v1/mandates", Access(person=Level.PROVEN))
def list_held_mandates(actor: Actor, query: ListQuery) -> MandateList:
    """For whom the caller may act, or is asked to: enterprises and persons."""
    return mandate_list(service.mandates.held_by(actor, query.cursor))


@endpoint("POST", "/v1/mandates/{mandate_id}/accept", HELD_MANDATE, errors=[mandate_rules.MANDATE_STATE])
def accept_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """Agree to act for the enterprise or the person: only then does the mandate count."""
    service.mandates.accept(actor, target)
    return mandate_view(target)


@endpoint("POST", "/v1/mandates/{mandate_id}/decline", HELD_MANDATE, errors=[mandate_rules.MANDATE_STATE])
def decline_mandate(actor: Actor, target: MandateItem) -> MandateView:
    """Not to act for the enterprise or the person, or not any more."""
    service.mandates.decline(actor, target)
    return mandate_view(target)


@endpoint("GET", "/v1/me/mandates", Access(person=Level.PROVEN))
def list_given_mandates(actor: Actor, query: ListQuery) -> MandateList:
    """Who may act for the caller, or is asked to."""
    return mandate_list(store.mandates.mandates_given(actor.accounts, query.cursor))


@endpoint(
    "POST",
    "/v1/me/mandates",
    Access(person=Level.PROVEN),
    status=201,
    idempotent=True,
    errors=[
        *DOCUMENT_ERRORS,
        rules.FRESH_PROOF_REQUIRED,
        mandate_rules.MANDATE_PERIOD_INVALID,
        mandate_rules.MANDATE_TO_ONESELF,
    ],
)
def give_mandate(actor: Actor, body: Appointment) -> MandateView:
    """Offer somebody to apply, pay, book and receive for the caller; it counts once that person has accepted."""
    given = service.wards.give_mandate(actor, body, body.scope, body.until)
    return mandate_view(given)


@endpoint("DELETE", "/v1/me/mandates/{given_mandate_id}", GIVEN_MANDATE, errors=[mandate_rules.MANDATE_STATE])
def take_mandate_back(actor: Actor, target: MandateItem) -> MandateView:
    """Let somebody act for the caller no more, from now on."""
    service.mandates.revoke(actor, target)
    return mandate_view(target)


@endpoint(
    "POST",
    "/v1/wards",
    Access(person=Level.PROVEN),
    idempotent=True,
    status=201,
    limit=WARD_LIMIT,
    errors=[
        rules.ID_NUMBER_INVALID,
        rules.NAME_DOES_NOT_MATCH,
        rules.DECEASED,
        rules.FRESH_PROOF_REQUIRED,
        mandate_rules.NOT_GUARDIAN,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def become_guardian(actor: Actor, body: RealName) -> MandateView:
    """Act for a ward, as the register of guardians says; the ward needs no phone and no account."""
    return mandate_view(service.wards.become_guardian(actor, body.name, body.id_number))
