"""What applications show: cases, rows of lists, tasks."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.applications import decisions, forms, rules, service, store
from chalicelib.applications.store import ApplicationItem, CorrectionItem, TaskItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.delivery import service as delivery
from chalicelib.kernel import clock
from chalicelib.kernel.security import vault


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """How the result is wanted, among the ``modes`` that the service offers; the address masked."""

    mode: str
    modes: list[str]
    hall: str
    recipient: str
    phone: str
    postage: str


class ShipmentLink(msgspec.Struct, frozen=True):
    """The parcel that was made."""

    shipment: str
    status: str


class ApplicationView(msgspec.Struct, frozen=True, kw_only=True):
    """An application. ``receipt`` is given on submission; ``options`` are values on record to choose from.

    ``facts``: what the registers said, for staff only. ``bills``: what has to be paid before the certificate is issued.
    ``warnings``: what is uncertain about its days.
    """

    id: str
    service: str
    service_version: int
    status: str
    receipt: str
    form: dict[str, Any]
    facts: dict[str, Any]
    options: dict[str, list[Any]]
    findings: list[decisions.Finding]
    corrections: list[CorrectionItem]
    correct_by: str
    due_on: str
    certificate_id: str
    bills: list[str]
    delivery: DeliveryView
    shipment: str
    warnings: list[Text]


class ApplicationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An application in a list."""

    id: str
    service: str
    service_name: Text
    status: str
    receipt: str
    due_on: str
    warnings: list[Text]


class ApplicationList(msgspec.Struct, frozen=True):
    """A part of the applications, newest first."""

    items: list[ApplicationRow]
    cursor: str | None


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """A task in the unit's queue; ``light`` is green, yellow or red."""

    id: str
    application_id: str
    step: str
    service: str
    service_name: Text
    receipt: str
    officer: str
    due_on: str
    light: str
    warnings: list[Text]


class TaskList(msgspec.Struct, frozen=True):
    """A part of the unit's queue, the most urgent first."""

    items: list[TaskRow]
    cursor: str | None


class TaskView(msgspec.Struct, frozen=True):
    """A task with the application that it is about."""

    task: TaskRow
    application: ApplicationView


def application_view(item: ApplicationItem, *, for_staff: bool = False) -> ApplicationView:
    definition = service.definition_of(item)
    content = store.content(item)
    return ApplicationView(
        id=item.id,
        service=item.service,
        service_version=item.service_version,
        status=item.status,
        receipt=_receipt(item),
        form=content.form,
        facts=content.facts if for_staff else {},
        options=forms.options(definition.form, content.facts),
        findings=item.findings,
        corrections=content.corrections if item.status == rules.CORRECTION else [],
        correct_by=str(item.correct_by or ""),
        due_on=str(item.due_on or ""),
        certificate_id=item.certificate_id or "",
        bills=item.bills,
        delivery=delivery_view(definition, store.delivery_of(item)),
        shipment=delivery.shipment_of(item.id) if item.delivery and item.status == rules.COMPLETED else "",
        warnings=catalog.calendar_warnings(item.correct_by, item.due_on),
    )


def delivery_view(definition: ServiceDefinition, choice: delivery.Choice) -> DeliveryView:
    address = choice.address
    recipient, phone = (vault.mask_name(address.recipient), vault.mask_phone(address.phone)) if address else ("", "")
    return DeliveryView(
        mode=choice.mode,
        modes=definition.item.modes,
        hall=choice.hall,
        recipient=recipient,
        phone=phone,
        postage=choice.postage,
    )


def _receipt(item: ApplicationItem) -> str:
    return "" if item.status in (rules.DRAFT, rules.DISCARDED) else item.receipt


def application_row(item: ApplicationItem) -> ApplicationRow:
    name = service.definition_of(item).item.name
    due_on = str(item.due_on or "")
    warnings = catalog.calendar_warnings(item.due_on)
    return ApplicationRow(
        id=item.id,
        service=item.service,
        service_name=name,
        status=item.status,
        receipt=_receipt(item),
        due_on=due_on,
        warnings=warnings,
    )


def task_row(task: TaskItem) -> TaskRow:
    return TaskRow(
        id=task.id,
        application_id=task.application_id,
        step=task.step,
        service=task.service,
        service_name=catalog.definition(task.service, task.service_version).item.name,
        receipt=task.receipt,
        officer=task.officer,
        due_on=str(task.due_on),
        light=rules.light(catalog.calendar(), clock.today(), task.due_on),
        warnings=catalog.calendar_warnings(task.due_on),
    )


def task_view(task: TaskItem) -> TaskView:
    item = store.application(task.application_id)
    assert item is not None
    return TaskView(task_row(task), application_view(item, for_staff=True))
