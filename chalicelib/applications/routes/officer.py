"""Endpoints of applications: the tasks of a department's officers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.applications import rules, service, store
from chalicelib.applications.routes.shapes import concerns
from chalicelib.applications.routes.views import (
    ApplicationView,
    TaskList,
    TaskView,
    application_view,
    task_row,
    task_view,
)
from chalicelib.applications.store import CorrectionItem, TaskItem
from chalicelib.certificates import rules as certificate_rules
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import ListQuery

Opinion = Annotated[str, Meta(min_length=2, max_length=1000)]


def _handles(actor: Actor, task: TaskItem) -> bool:
    return actor.unit == task.unit


def _concerns(actor: Actor, task: TaskItem) -> bool:
    item = store.application(task.application_id, consistent=False)
    return item is not None and concerns(actor, item)


HANDLING = Access(
    staff=("officer",),
    target=store.task,
    related=_handles,
    relation="officer of the task's unit",
    own=_concerns,
)


# Also where it has become an own matter after it was claimed: then somebody else takes it.
RELEASING = Access(
    staff=("officer",), target=store.task, related=_handles, relation="officer who gives a task back to the unit"
)


class OpinionInput(msgspec.Struct, forbid_unknown_fields=True):
    """The officer's opinion; the applicant reads it."""

    opinion: Opinion


class CorrectionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that is missing or wrong, told once."""

    items: Annotated[list[CorrectionItem], Meta(min_length=1, max_length=30)]
    note: Annotated[str, Meta(max_length=500)] = ""


@endpoint("GET", "/v1/tasks", Access(staff=("officer",)))
def list_tasks(actor: Actor, query: ListQuery) -> TaskList:
    """The queue of the officer's unit, the most urgent first."""
    page = store.queue(actor.unit, query.cursor)
    return TaskList([task_row(task) for task in page.items], page.cursor)


@endpoint("GET", "/v1/tasks/{task_id}", HANDLING)
def read_task(actor: Actor, target: TaskItem) -> TaskView:
    """A task and its application; the reading is recorded first."""
    item = store.application(target.application_id)
    assert item is not None
    store.record_reading(item, actor)
    return TaskView(task_row(target), application_view(item, for_staff=True))


@endpoint("POST", "/v1/tasks/{task_id}/claim", HANDLING, errors=[rules.TASK_TAKEN, rules.TASK_DONE])
def claim_task(actor: Actor, target: TaskItem) -> TaskView:
    """Take a task; only one officer can."""
    return task_view(service.claim(actor, target))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/release",
    RELEASING,
    errors=[rules.TASK_TAKEN, rules.TASK_NOT_YOURS, rules.TASK_DONE],
)
def release_task(actor: Actor, target: TaskItem) -> TaskView:
    """Give a task back to the queue."""
    return task_view(service.release(actor, target))


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
    return application_view(item)
