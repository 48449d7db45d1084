"""Endpoints of applications: the applicant's drafts and cases."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.applications import rules, service, store
from chalicelib.applications.routes.shapes import OWN, PARTY
from chalicelib.applications.routes.views.application import (
    ApplicationList,
    ApplicationView,
    DeliveryView,
    ShipmentLink,
    application_row,
    application_view,
    delivery_view,
)
from chalicelib.applications.store import ApplicationItem
from chalicelib.catalog import rules as catalog_rules
from chalicelib.delivery import rules as delivery_rules
from chalicelib.delivery import service as delivery
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery
from chalicelib.payments import rules as payment_rules

DRAFT_LIMIT = Limit(name="drafts", times=30, seconds=600, one_in=4)
"""Each draft asks registers of other departments. About so many: a write unit for each would be a tenth of a case's."""
SAVING_LIMIT = Limit(name="form_savings", times=120, seconds=600, one_in=4)
"""So does each saving: once every five seconds."""
SUBMISSION_LIMIT = Limit(name="submissions", times=60, seconds=600, one_in=4)
"""And each submission, also one that is refused."""


class NewApplication(msgspec.Struct, forbid_unknown_fields=True):
    """The service applied for. With an Acting-For header, the application is the enterprise's.

    ``like``: a former application for this service, from which the form is filled in.
    """

    service: Annotated[str, Meta(min_length=3, max_length=40)]
    like: Annotated[str, Meta(max_length=40)] = ""


class FormInput(msgspec.Struct, forbid_unknown_fields=True):
    """The form as filled in so far."""

    form: dict[str, Any]


class FormView(msgspec.Struct, frozen=True):
    """A form as far as it is filled in."""

    form: dict[str, Any]


class SavedForm(service.Check, frozen=True, kw_only=True):
    """What a form that was saved would lead to, and its tag, for the next saving with ``If-Match``."""

    form_tag: str


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is withdrawn, if the applicant wants to say."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class DeliveryWish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``electronic``; ``pick_up`` at a hall; ``courier`` to an address of the book, paid before or at the door."""

    mode: Literal["electronic", "pick_up", "courier"]
    hall: Annotated[str, Meta(max_length=40)] = ""
    address: Annotated[str, Meta(max_length=40)] = ""
    postage: Literal["prepaid", "on_delivery"] = "prepaid"


class OriginalsWish(msgspec.Struct, forbid_unknown_fields=True):
    """The address of the book where the courier fetches the originals."""

    address: Annotated[str, Meta(min_length=10, max_length=40)]


@endpoint(
    "POST",
    "/v1/applications",
    Access(person=Level.CLAIMED),
    status=201,
    idempotent=True,
    recorded=False,
    errors=[
        catalog_rules.SERVICE_UNKNOWN,
        catalog_rules.SERVICE_NOT_YET,
        rules.SERVICE_NOT_FOR_YOU,
        rules.NO_SUCH_MODEL,
        errors.MANDATE_DOES_NOT_COVER,
        errors.PROOF_REQUIRED,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=DRAFT_LIMIT,
)
def create_application(actor: Actor, body: NewApplication, request: Request) -> ApplicationView:
    """Begin an application, prefilled from what the city already holds."""
    return application_view(service.create(actor, body.service, request.record, body.like))


@endpoint("GET", "/v1/applications", Access(person=Level.CLAIMED))
def list_applications(actor: Actor, query: ListQuery) -> ApplicationList:
    """The caller's applications, or the enterprise's that the caller acts for."""
    page = store.of_applicants(actor.parties, query.cursor)
    rows = [application_row(item) for item in page.items if actor.covers(item.service)]
    return ApplicationList(rows, page.cursor)


@endpoint("GET", "/v1/applications/{application_id}", PARTY)
def read_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """One application with its form; staff's reading is recorded first."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    return application_view(target, for_staff=actor.kind == "staff")


@endpoint("GET", "/v1/applications/{application_id}/form", OWN)
def read_form(target: ApplicationItem) -> FormView:
    """What is filled in so far, with its tag; who saves with the tag overwrites nothing that they have not seen."""
    return FormView(store.content(target).form)


@endpoint(
    "PUT",
    "/v1/applications/{application_id}/form",
    OWN,
    errors=[rules.WRONG_STATE, rules.FORM_CHANGED, errors.PLATFORM_UNAVAILABLE],
    limit=SAVING_LIMIT,
)
def save_form(target: ApplicationItem, body: FormInput, if_match: str) -> SavedForm:
    """Save the form as it is, and learn what is wrong and what the rules would say.

    With ``If-Match`` (the tag that reading or saving has answered) only if no other device has changed it since.
    """
    dossier = service.save_form(target, body.form, if_match)
    found = service.check(dossier)
    return SavedForm(
        problems=found.problems,
        findings=found.findings,
        outcome=found.outcome,
        form_tag=service.tag_of_form(dossier.content.form),
    )


@endpoint(
    "POST",
    "/v1/applications/{application_id}/submit",
    OWN,
    errors=[rules.FORM_INVALID, rules.ALREADY_RUNNING, rules.WRONG_STATE, *identity.representation.ERRORS],
    limit=SUBMISSION_LIMIT,
)
def submit_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """Submit; rules decide at once where they can. A repeat answers as the first time."""
    return application_view(service.submit(actor, target))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/corrections",
    OWN,
    errors=[rules.FORM_INVALID, rules.ALREADY_RUNNING, rules.WRONG_STATE, *identity.representation.ERRORS],
    limit=SUBMISSION_LIMIT,
)
def correct_application(actor: Actor, target: ApplicationItem, body: FormInput) -> ApplicationView:
    """Answer a correction list with the whole form; the clock runs on. A wrong form changes nothing."""
    return application_view(service.correct(actor, target, body.form))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/withdraw",
    OWN,
    errors=[rules.WRONG_STATE, payment_rules.ALREADY_PAID, payment_rules.OTHER_PAYMENT_OPEN, errors.CONFLICT],
)
def withdraw_application(actor: Actor, target: ApplicationItem, body: Withdrawal) -> ApplicationView:
    """Withdraw an application that is not decided yet, or approved and not paid."""
    service.withdraw(actor, target, body.reason)
    return application_view(target)


@endpoint(
    "PUT",
    "/v1/applications/{application_id}/delivery",
    OWN,
    errors=[
        rules.WRONG_STATE,
        delivery_rules.MODE_NOT_OFFERED,
        delivery_rules.HALL_NOT_POSSIBLE,
        delivery_rules.ADDRESS_UNKNOWN,
        delivery_rules.NO_CARRIER,
        delivery_rules.NOT_ON_DELIVERY,
        errors.CONFLICT,
    ],
)
def choose_delivery(actor: Actor, target: ApplicationItem, body: DeliveryWish) -> DeliveryView:
    """Choose how the result is wanted, until the application is completed."""
    wish = delivery.Wish(mode=body.mode, hall=body.hall, address=body.address, postage=body.postage)
    return delivery_view(service.definition_of(target), service.choose_delivery(actor, target, wish))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/originals",
    OWN,
    status=201,
    idempotent=True,
    errors=[
        rules.WRONG_STATE,
        delivery_rules.MODE_NOT_OFFERED,
        delivery_rules.ADDRESS_UNKNOWN,
        delivery_rules.NO_CARRIER,
    ],
)
def request_originals(actor: Actor, target: ApplicationItem, body: OriginalsWish, request: Request) -> ShipmentLink:
    """Let a courier fetch originals and bring them to the hall."""
    made = service.request_originals(actor, target, body.address, request.key)
    return ShipmentLink(made.id, made.status)


@endpoint("DELETE", "/v1/applications/{application_id}", OWN, errors=[rules.WRONG_STATE])
def discard_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """Throw a draft away."""
    service.discard(actor, target)
    return application_view(target)
