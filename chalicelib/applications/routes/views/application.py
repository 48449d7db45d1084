"""What applications show: cases, rows of lists, tasks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, get_args

import msgspec

from chalicelib.applications import decisions, forms, limits, rules, service, store
from chalicelib.applications.store import ApplicationItem, CorrectionItem, Refusal
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ResultKind, ServiceDefinition, Text
from chalicelib.delivery import service as delivery
from chalicelib.kernel.edge.shapes import Money, View, given, one_of
from chalicelib.kernel.security import vault

Status = Annotated[str, one_of(rules.GRAPH.states)]
Light = Annotated[str, one_of(limits.LIGHTS)]


class DeliveryView(View, frozen=True, kw_only=True):
    """How the result is wanted, among the ``modes`` that the service offers; the address masked."""

    mode: str
    modes: list[str]
    hall: str | None = None
    recipient: str | None = None
    phone: str | None = None
    postage: str | None = None


class ShipmentLink(View, frozen=True):
    """The parcel that was made."""

    shipment: str
    status: Annotated[str, one_of(delivery.SHIPMENTS.states)]


class OwedView(View, frozen=True, kw_only=True):
    """A material that comes later, by when, and whether it has come."""

    material: str
    until: date | None = None
    supplied_on: date | None = None


class OutcomeView(View, frozen=True, kw_only=True):
    """What came of it: its kind and name, the day; a benefit's amount and the end of the account; an answer's words."""

    kind: Annotated[str, one_of(get_args(ResultKind))]
    name: Text
    decided_on: date | None = None
    amount: Money | None = None
    account: str | None = None
    answer: str | None = None


class ApplicationView(View, frozen=True, kw_only=True):
    """An application. ``receipt`` is given on submission; ``options`` are values on record to choose from.

    ``facts``: what the registers said, for staff only. ``bills``: what has to be paid before the certificate is issued.
    ``warnings``: what is uncertain about its days. ``refusal``: why it was refused or not accepted, by which law, and
    what can be done against it. ``later``: what is brought later; ``commitment``: whether a promise replaces proofs;
    ``promise_broken_on``: since when a false promise of this case counts against the party.
    """

    id: str
    service: str
    service_version: int
    status: Status
    form: dict[str, Any]
    facts: dict[str, Any]
    options: dict[str, list[Any]]
    findings: list[decisions.Finding]
    corrections: list[CorrectionItem]
    bills: list[str]
    delivery: DeliveryView
    later: list[OwedView]
    commitment: bool
    warnings: list[Text]
    refusal: Refusal | None = None
    receipt: str | None = None
    correct_by: date | None = None
    due_on: date | None = None
    certificate_id: str | None = None
    shipment: str | None = None
    deliver_by: date | None = None
    promise_broken_on: date | None = None
    result: OutcomeView | None = None


class ApplicationRow(View, frozen=True, kw_only=True):
    """An application in a list."""

    id: str
    service: str
    service_name: Text
    status: Status
    warnings: list[Text]
    receipt: str | None = None
    due_on: date | None = None


class ApplicationList(View, frozen=True):
    """A part of the applications, newest first."""

    items: list[ApplicationRow]
    cursor: str | None = None


def application_view(item: ApplicationItem, *, for_staff: bool = False, with_content: bool = True) -> ApplicationView:
    """An application; without its content for who is only informed of it."""
    definition = service.definition_of(item)
    content = store.content(item) if with_content else store.Content()
    choice = store.delivery_of(item)
    if not with_content:
        choice = msgspec.structs.replace(choice, address=None)
    return ApplicationView(
        id=item.id,
        service=item.service,
        service_version=item.service_version,
        status=item.status,
        receipt=_receipt(item),
        form=content.form,
        facts=content.facts if for_staff else {},
        options=forms.options(definition.form, content.facts),
        findings=content.findings,
        corrections=content.corrections if for_staff or item.status == rules.CORRECTION else [],
        correct_by=item.correct_by,
        due_on=item.due_on,
        certificate_id=item.certificate_id,
        bills=item.bills,
        later=[OwedView(material=one.material, until=one.until, supplied_on=one.supplied) for one in item.process.owed],
        deliver_by=limits.delivery_due(catalog.calendar(), item.process),
        commitment=item.process.committed,
        promise_broken_on=service.promises.broken_on(item),
        result=_result_view(item, definition, content),
        refusal=content.refusal,
        delivery=delivery_view(definition, choice),
        shipment=_shipment(item),
        warnings=catalog.calendar_warnings(item.correct_by, item.due_on),
    )


def _result_view(item: ApplicationItem, definition: ServiceDefinition, content: store.Content) -> OutcomeView | None:
    if item.status not in (rules.APPROVED, rules.COMPLETED):
        return None
    paid = content.benefit
    return OutcomeView(
        kind=definition.item.result_kind,
        name=definition.item.result,
        decided_on=item.process.decided,
        amount=Money(paid.amount) if paid else None,
        account=vault.mask_account(paid.account) if paid else None,
        answer=given(content.answer),
    )


def delivery_view(definition: ServiceDefinition, choice: delivery.Choice) -> DeliveryView:
    address = choice.address
    return DeliveryView(
        mode=choice.mode,
        modes=definition.item.modes,
        hall=given(choice.hall),
        recipient=vault.mask_name(address.recipient) if address else None,
        phone=vault.mask_phone(address.phone) if address else None,
        postage=given(choice.postage),
    )


def _receipt(item: ApplicationItem) -> str | None:
    """The receipt number, which an application has from its submission on."""
    return None if item.status in (rules.DRAFT, rules.DISCARDED) else item.receipt


def _shipment(item: ApplicationItem) -> str | None:
    """The parcel that the result of a completed application comes in."""
    is_sent = bool(item.delivery) and item.status == rules.COMPLETED
    return delivery.shipment_of(item.id) or None if is_sent else None


def application_row(item: ApplicationItem) -> ApplicationRow:
    name = service.definition_of(item).item.name
    warnings = catalog.calendar_warnings(item.due_on)
    return ApplicationRow(
        id=item.id,
        service=item.service,
        service_name=name,
        status=item.status,
        receipt=_receipt(item),
        due_on=item.due_on,
        warnings=warnings,
    )
