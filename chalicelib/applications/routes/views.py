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


class DeliveryView(msgspec.Struct, frozen=True):
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


class ApplicationView(msgspec.Struct, frozen=True):
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


class ApplicationRow(msgspec.Struct, frozen=True):
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


class TaskRow(msgspec.Struct, frozen=True):
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
    definition, content = service.definition_of(item), store.content(item)
    return ApplicationView(
        item.id,
        item.service,
        item.service_version,
        item.status,
        _receipt(item),
        content.form,
        content.facts if for_staff else {},
        forms.options(definition.form, content.facts),
        item.findings,
        content.corrections if item.status == rules.CORRECTION else [],
        str(item.correct_by or ""),
        str(item.due_on or ""),
        item.certificate_id or "",
        item.bills,
        delivery_view(definition, store.delivery_of(item)),
        delivery.shipment_of(item.id) if item.delivery and item.status == rules.COMPLETED else "",
        catalog.calendar_warnings(item.correct_by, item.due_on),
    )


def delivery_view(definition: ServiceDefinition, choice: delivery.Choice) -> DeliveryView:
    address = choice.address
    recipient, phone = (vault.mask_name(address.recipient), vault.mask_phone(address.phone)) if address else ("", "")
    return DeliveryView(choice.mode, definition.item.modes, choice.hall, recipient, phone, choice.postage)


def _receipt(item: ApplicationItem) -> str:
    return "" if item.status in (rules.DRAFT, rules.DISCARDED) else item.receipt


def application_row(item: ApplicationItem) -> ApplicationRow:
    name = service.definition_of(item).item.name
    due_on = str(item.due_on or "")
    warnings = catalog.calendar_warnings(item.due_on)
    return ApplicationRow(item.id, item.service, name, item.status, _receipt(item), due_on, warnings)


def task_row(task: TaskItem) -> TaskRow:
    return TaskRow(
        task.id,
        task.application_id,
        task.step,
        task.service,
        catalog.definition(task.service, task.service_version).item.name,
        task.receipt,
        task.officer,
        str(task.due_on),
        rules.light(catalog.calendar(), clock.today(), task.due_on),
        catalog.calendar_warnings(task.due_on),
    )


def task_view(task: TaskItem) -> TaskView:
    item = store.application(task.application_id)
    assert item is not None
    return TaskView(task_row(task), application_view(item, for_staff=True))
