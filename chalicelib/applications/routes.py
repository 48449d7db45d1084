"""Endpoints of applications: the applicant's, the officers', and progress by receipt number."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.applications import decisions, forms, rules, service, store
from chalicelib.applications.store import ApplicationItem, CorrectionItem, TaskItem
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.certificates import rules as certificate_rules
from chalicelib.delivery import rules as delivery_rules
from chalicelib.delivery import service as delivery
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.security import vault
from chalicelib.payments import rules as payment_rules

Opinion = Annotated[str, Meta(min_length=2, max_length=1000)]


def _is_applicant(actor: Actor, item: ApplicationItem) -> bool:
    return actor.kind == "person" and actor.holds(item.applicant) and actor.covers(item.service)


def _is_party(actor: Actor, item: ApplicationItem) -> bool:
    if actor.kind == "staff":
        units = {step.unit for step in service.definition_of(item).workflow.steps}
        return actor.unit in units and item.status not in (rules.DRAFT, rules.DISCARDED)
    return _is_applicant(actor, item)


def _handles(actor: Actor, task: TaskItem) -> bool:
    return actor.unit == task.unit


OWN = Access(person=Level.REAL_NAME, target=store.application, related=_is_applicant, relation="applicant")
PARTY = Access(
    person=Level.REAL_NAME,
    staff=("officer", "supervisor"),
    target=store.application,
    related=_is_party,
    relation="applicant, or staff of a handling unit",
)
HANDLING = Access(staff=("officer",), target=store.task, related=_handles, relation="officer of the task's unit")

PROGRESS_LIMIT = Limit("progress", 60, 300, failures_only=True)


class NewApplication(msgspec.Struct, forbid_unknown_fields=True):
    """The service applied for. With an Acting-For header, the application is the enterprise's."""

    service: Annotated[str, Meta(min_length=3, max_length=40)]


class FormInput(msgspec.Struct, forbid_unknown_fields=True):
    """The form as filled in so far."""

    form: dict[str, Any]


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is withdrawn, if the applicant wants to say."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class OpinionInput(msgspec.Struct, forbid_unknown_fields=True):
    """The officer's opinion; the applicant reads it."""

    opinion: Opinion


class CorrectionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that is missing or wrong, told once."""

    items: Annotated[list[CorrectionItem], Meta(min_length=1, max_length=30)]
    note: Annotated[str, Meta(max_length=500)] = ""


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of the list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class ReceiptQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A receipt number with its check character, as printed or typed."""

    receipt: Annotated[str, Meta(min_length=1, max_length=40)]


class DeliveryWish(msgspec.Struct, forbid_unknown_fields=True):
    """``electronic``; ``pick_up`` at a hall; ``courier`` to an address of the book, paid before or at the door."""

    mode: Literal["electronic", "pick_up", "courier"]
    hall: Annotated[str, Meta(max_length=40)] = ""
    address: Annotated[str, Meta(max_length=40)] = ""
    postage: Literal["prepaid", "on_delivery"] = "prepaid"


class OriginalsWish(msgspec.Struct, forbid_unknown_fields=True):
    """The address of the book where the courier fetches the originals."""

    address: Annotated[str, Meta(min_length=10, max_length=40)]


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


@endpoint(
    "POST",
    "/v1/applications",
    Access(person=Level.REAL_NAME),
    status=201,
    idempotent=True,
    errors=[
        catalog_rules.SERVICE_UNKNOWN,
        rules.SERVICE_NOT_FOR_YOU,
        errors.MANDATE_DOES_NOT_COVER,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def create_application(actor: Actor, body: NewApplication, request: Request) -> ApplicationView:
    """Begin an application, prefilled from what the city already holds."""
    return _view(service.create(actor, body.service, request.key))


@endpoint("GET", "/v1/applications", Access(person=Level.REAL_NAME))
def list_applications(actor: Actor, query: ListQuery) -> ApplicationList:
    """The caller's applications, or the enterprise's that the caller acts for."""
    page = store.of_applicants(actor.parties, query.cursor)
    rows = [_row(item) for item in page.items if actor.covers(item.service)]
    return ApplicationList(rows, page.cursor)


@endpoint("GET", "/v1/applications/{application_id}", PARTY)
def read_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """One application with its form; staff's reading is recorded first."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    return _view(target, for_staff=actor.kind == "staff")


@endpoint(
    "PUT",
    "/v1/applications/{application_id}/form",
    OWN,
    errors=[rules.WRONG_STATE, errors.PLATFORM_UNAVAILABLE],
)
def save_form(actor: Actor, target: ApplicationItem, body: FormInput) -> service.Check:
    """Save the form as it is, and learn what is wrong and what the rules would say."""
    return service.check(service.save_form(actor, target, body.form))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/submit",
    OWN,
    errors=[rules.FORM_INVALID, rules.WRONG_STATE, errors.PLATFORM_UNAVAILABLE],
)
def submit_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """Submit; rules decide at once where they can. A repeat answers as the first time."""
    return _view(service.submit(actor, target))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/corrections",
    OWN,
    errors=[rules.FORM_INVALID, rules.WRONG_STATE, errors.PLATFORM_UNAVAILABLE],
)
def correct_application(actor: Actor, target: ApplicationItem, body: FormInput) -> ApplicationView:
    """Answer a correction list with the whole form; the clock runs on. A wrong form changes nothing."""
    return _view(service.correct(actor, target, body.form))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/withdraw",
    OWN,
    errors=[rules.WRONG_STATE, payment_rules.ALREADY_PAID, payment_rules.OTHER_PAYMENT_OPEN, errors.CONFLICT],
)
def withdraw_application(actor: Actor, target: ApplicationItem, body: Withdrawal) -> ApplicationView:
    """Withdraw an application that is not decided yet, or approved and not paid."""
    service.withdraw(actor, target, body.reason)
    return _view(target)


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
    wish = delivery.Wish(body.mode, body.hall, body.address, body.postage)
    return _delivery(service.definition_of(target), service.choose_delivery(actor, target, wish))


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
    return ShipmentLink(made.id, str(made.status))


@endpoint("DELETE", "/v1/applications/{application_id}", OWN, errors=[rules.WRONG_STATE])
def discard_application(actor: Actor, target: ApplicationItem) -> ApplicationView:
    """Throw a draft away."""
    service.discard(actor, target)
    return _view(target)


@endpoint("GET", "/v1/applications/{application_id}/timeline", PARTY)
def read_timeline(target: ApplicationItem) -> service.Timeline:
    """Who did what when, what is next and by when."""
    return service.timeline(target)


@endpoint("GET", "/v1/progress", ANYONE, errors=[rules.RECEIPT_UNKNOWN], limit=PROGRESS_LIMIT)
def read_progress(query: ReceiptQuery) -> service.PublicStatus:
    """The status of an application by its receipt number."""
    return service.public_status(query.receipt)


@endpoint("GET", "/v1/tasks", Access(staff=("officer",)))
def list_tasks(actor: Actor, query: ListQuery) -> TaskList:
    """The queue of the officer's unit, the most urgent first."""
    page = store.queue(actor.unit, query.cursor)
    return TaskList([_task_row(task) for task in page.items], page.cursor)


@endpoint("GET", "/v1/tasks/{task_id}", HANDLING)
def read_task(actor: Actor, target: TaskItem) -> TaskView:
    """A task and its application; the reading is recorded first."""
    item = store.application(target.application_id)
    assert item is not None
    store.record_reading(item, actor)
    return TaskView(_task_row(target), _view(item, for_staff=True))


@endpoint("POST", "/v1/tasks/{task_id}/claim", HANDLING, errors=[rules.TASK_TAKEN, rules.TASK_DONE])
def claim_task(actor: Actor, target: TaskItem) -> TaskView:
    """Take a task; only one officer can."""
    return _task_view(service.claim(actor, target))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/release",
    HANDLING,
    errors=[rules.TASK_TAKEN, rules.TASK_NOT_YOURS, rules.TASK_DONE],
)
def release_task(actor: Actor, target: TaskItem) -> TaskView:
    """Give a task back to the queue."""
    return _task_view(service.release(actor, target))


DECISION_ERRORS = [rules.TASK_TAKEN, rules.TASK_NOT_YOURS, rules.TASK_DONE, rules.WRONG_STATE, errors.CONFLICT]
APPROVAL_ERRORS = [*DECISION_ERRORS, rules.APPROVAL_BLOCKED, certificate_rules.PERIOD_TAKEN]


@endpoint("POST", "/v1/tasks/{task_id}/approve", HANDLING, errors=APPROVAL_ERRORS)
def approve_task(actor: Actor, target: TaskItem, body: OpinionInput) -> ApplicationView:
    """Approve one's step; the last approval issues the certificate."""
    service.approve_task(actor, target, body.opinion)
    return _reloaded(target)


@endpoint("POST", "/v1/tasks/{task_id}/refuse", HANDLING, errors=DECISION_ERRORS)
def refuse_task(actor: Actor, target: TaskItem, body: OpinionInput) -> ApplicationView:
    """Refuse the application, with the reason that the applicant reads."""
    service.refuse_task(actor, target, body.opinion)
    return _reloaded(target)


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/request_correction",
    HANDLING,
    errors=[*DECISION_ERRORS, rules.CORRECTION_ONCE],
)
def request_correction(actor: Actor, target: TaskItem, body: CorrectionRequest) -> ApplicationView:
    """Ask once for everything that is missing; the clock stops."""
    service.request_correction(actor, target, body.items, body.note)
    return _reloaded(target)


def _reloaded(task: TaskItem) -> ApplicationView:
    item = store.application(task.application_id)
    assert item is not None
    return _view(item)


def _view(item: ApplicationItem, *, for_staff: bool = False) -> ApplicationView:
    definition, content = service.definition_of(item), store.content(item)
    return ApplicationView(
        item.id,
        str(item.service),
        int(item.service_version),
        str(item.status),
        _receipt(item),
        content.form,
        content.facts if for_staff else {},
        forms.options(definition.form, content.facts),
        item.found(),
        content.corrections if item.status == rules.CORRECTION else [],
        item.correct_by or "",
        item.due_on or "",
        item.certificate_id or "",
        item.bill_ids(),
        _delivery(definition, store.delivery_of(item)),
        delivery.shipment_of(item.id) if item.delivery and item.status == rules.COMPLETED else "",
        catalog.calendar_warnings(item.correct_by or "", item.due_on or ""),
    )


def _delivery(definition: ServiceDefinition, choice: delivery.Choice) -> DeliveryView:
    address = choice.address
    recipient, phone = (vault.mask_name(address.recipient), vault.mask_phone(address.phone)) if address else ("", "")
    return DeliveryView(choice.mode, definition.item.modes, choice.hall, recipient, phone, choice.postage)


def _receipt(item: ApplicationItem) -> str:
    return "" if item.status in (rules.DRAFT, rules.DISCARDED) else str(item.receipt)


def _row(item: ApplicationItem) -> ApplicationRow:
    name = service.definition_of(item).item.name
    due_on = item.due_on or ""
    warnings = catalog.calendar_warnings(due_on)
    return ApplicationRow(item.id, str(item.service), name, str(item.status), _receipt(item), due_on, warnings)


def _task_row(task: TaskItem) -> TaskRow:
    due = date.fromisoformat(task.due_on)
    return TaskRow(
        task.id,
        str(task.application_id),
        str(task.step),
        str(task.service),
        catalog.definition(task.service, int(task.service_version)).item.name,
        str(task.receipt),
        str(task.officer),
        str(task.due_on),
        rules.light(catalog.calendar(), clock.today(), due),
        catalog.calendar_warnings(due),
    )


def _task_view(task: TaskItem) -> TaskView:
    item = store.application(task.application_id)
    assert item is not None
    return TaskView(_task_row(task), _view(item, for_staff=True))
