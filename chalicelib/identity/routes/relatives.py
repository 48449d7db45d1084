"""Relatives: for whom one may book, and who consents."""

from __future__ import annotations

from chalicelib.identity import rules, service, store
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.identity.store import RelativeItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import View


class RelativeView(View, frozen=True, kw_only=True):
    """Who may book for whom, masked; ``consented``: the relative (or the guardian of a child) has agreed."""

    id: str
    holder: str
    relative: str
    consented: bool


class RelativeList(View, frozen=True):
    """The caller's relatives, and those who ask to book for the caller."""

    mine: list[RelativeView]
    asking: list[RelativeView]


def _absent_relation() -> RelativeItem:
    return store.new_relative("", "", "")


OWN_RELATION = Access(
    person=Level.PROVEN,
    target=store.relative,
    related=lambda actor, item: service.relatives.is_holder(actor, item) or service.relatives.is_relative(actor, item),
    relation="one of the two relatives",
    stand_in=_absent_relation,
)
ASKED = Access(
    person=Level.PROVEN,
    target=store.relative,
    related=service.relatives.is_relative,
    relation="the relative who is asked",
    stand_in=_absent_relation,
)
RELATIVE_LIMIT = Limit(name="relative", times=10, seconds=86400)


@endpoint("GET", "/v1/relatives", Access(person=Level.PROVEN))
def list_relatives(actor: Actor) -> RelativeList:
    """For whom the caller may book, and who may book for the caller."""
    mine, asking = service.relatives.relatives_of(actor)
    return RelativeList([_relative_view(item) for item in mine], [_relative_view(item) for item in asking])


@endpoint(
    "POST",
    "/v1/relatives",
    Access(person=Level.PROVEN),
    status=201,
    idempotent=True,
    limit=RELATIVE_LIMIT,
    errors=[
        *DOCUMENT_ERRORS,
        rules.DOCUMENT_NEEDS_WINDOW,
        rules.NAME_DOES_NOT_MATCH,
        rules.DECEASED,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def add_relative(actor: Actor, body: ShownDocument) -> RelativeView:
    """Ask a relative for consent to book for them; for one's child under 14 the register of guardians suffices."""
    return _relative_view(service.relatives.add_relative(actor, body))


@endpoint("POST", "/v1/relatives/{relative_id}/consent", ASKED, errors=[rules.GUARDIAN_CONSENTS])
def give_consent(actor: Actor, target: RelativeItem) -> RelativeView:
    """Let the relative who asked book for the caller."""
    service.relatives.give_consent(actor, target)
    return _relative_view(target)


@endpoint("DELETE", "/v1/relatives/{relative_id}", OWN_RELATION)
def end_relation(actor: Actor, target: RelativeItem) -> RelativeView:
    """End it, from either side."""
    service.relatives.end_relation(actor, target)
    return _relative_view(target)


def _relative_view(item: RelativeItem) -> RelativeView:
    return RelativeView(
        id=item.id,
        holder=service.relatives.masked_name(item, "holder_name"),
        relative=service.relatives.masked_name(item, "name"),
        consented=item.consented,
    )
