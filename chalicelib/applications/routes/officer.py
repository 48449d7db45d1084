"""Endpoints of applications: a unit's queue, and the first and the last that officers do with a task."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.applications import answers, refusals, rules, service, store, verbs
from chalicelib.applications.routes.shapes import (
    DECISION_ERRORS,
    HANDLING,
    OWN_TASK_ERRORS,
    RELEASING,
    Opinion,
    Seen,
)
from chalicelib.applications.routes.views.application import ApplicationView, application_view
from chalicelib.applications.routes.views.review import TaskList, TaskView, VerbDone, row_view, task_view, verb_done
from chalicelib.applications.service.cases import Task
from chalicelib.applications.store import CorrectionItem, queues
from chalicelib.certificates import rules as certificate_rules
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import CursorText
from chalicelib.kernel.errors import FieldError


class QueueQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose tasks: those of the unit's officers, or those of its head."""

    post: Literal["officer", "unit_head"] = "officer"
    cursor: CursorText | None = None


class OpinionInput(Seen):
    """The officer's opinion; the applicant reads it."""

    opinion: Opinion


class RefusalInput(Seen):
    """Why it is refused, and by which law; without one, it is the service's own. The applicant reads both."""

    opinion: Opinion
    legal_basis: Annotated[str, Meta(max_length=500)] = ""


class CorrectionPoint(msgspec.Struct, forbid_unknown_fields=True):
    """One thing that is missing or wrong, and the field of the form that it is about."""

    field: Annotated[str, Meta(max_length=200)]
    what: Annotated[str, Meta(min_length=1, max_length=500)]


class CorrectionRequest(Seen):
    """Everything that is missing or wrong, told once."""

    items: Annotated[list[CorrectionPoint], Meta(min_length=1, max_length=30)]
    note: Annotated[str, Meta(max_length=500)] = ""


@endpoint("GET", "/v1/tasks", Access(staff=("officer", "unit_head")))
def list_tasks(actor: Actor, query: QueueQuery) -> TaskList:
    """The queue of the officer's unit, the most urgent first; tasks whose clock stands are last."""
    page = queues.queue(actor.unit, query.post, query.cursor)
    return TaskList([row_view(row) for row in page.items], page.cursor)


@endpoint("GET", "/v1/tasks/{task_id}", HANDLING, errors=[rules.TASK_DONE])
def read_task(actor: Actor, target: Task) -> TaskView:
    """A task, its case, and which verbs are possible now and why another is not; the reading is recorded first."""
    store.record_reading(target.item, actor)
    return task_view(actor, target)


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/claim",
    HANDLING,
    errors=[
        rules.TASK_TAKEN,
        rules.TASK_DONE,
        rules.WRONG_STATE,
        refusals.NOT_FOR_YOUR_POST,
        refusals.SEAT_TWICE,
        refusals.OTHER_KIND,
        answers.SEAT_NOT_OPEN,
        errors.CONFLICT,
    ],
)
def claim_task(actor: Actor, target: Task, body: Seen) -> TaskView:
    """Take a task; only one officer can. That somebody has taken it says that they have read it."""
    service.tasks.claim(actor, target, body.case_version)
    return task_view(actor, _reloaded(target))


def _reloaded(task: Task) -> Task:
    found = service.find_task(task.id)
    assert found is not None
    return found


@endpoint("POST", "/v1/tasks/{task_id}/release", RELEASING, errors=OWN_TASK_ERRORS)
def release_task(actor: Actor, target: Task, body: Seen) -> TaskView:
    """Give a task back to the queue."""
    service.tasks.release(actor, target, body.case_version)
    return task_view(actor, _reloaded(target), with_content=False)


APPROVAL_ERRORS = [
    *DECISION_ERRORS,
    refusals.GAPS_STATED_BEFORE,
    rules.APPROVAL_BLOCKED,
    refusals.PUBLICITY_NOT_OVER,
    refusals.OWED,
    certificate_rules.PERIOD_TAKEN,
]


@endpoint("POST", "/v1/tasks/{task_id}/approve", HANDLING, errors=APPROVAL_ERRORS)
def approve_task(actor: Actor, target: Task, body: OpinionInput) -> ApplicationView:
    """Approve one's step; the last approval issues the certificate."""
    return application_view(service.tasks.approve(actor, target, body.opinion, body.case_version))


@endpoint("POST", "/v1/tasks/{task_id}/refuse", HANDLING, errors=[*DECISION_ERRORS, refusals.GAPS_STATED_BEFORE])
def refuse_task(actor: Actor, target: Task, body: RefusalInput) -> ApplicationView:
    """Refuse, with the reason and the law that the applicant reads."""
    decided = service.tasks.refuse(actor, target, body.opinion, body.legal_basis, body.case_version)
    return application_view(decided)


TELLING_ERRORS = [
    *OWN_TASK_ERRORS,
    refusals.OTHER_KIND,
    refusals.CORRECTION_TOO_LATE,
    refusals.GAPS_STATED_BEFORE,
    rules.CORRECTION_ONCE,
]


@endpoint("POST", "/v1/tasks/{task_id}/request_correction", HANDLING, errors=TELLING_ERRORS)
def request_correction(actor: Actor, target: Task, body: CorrectionRequest) -> ApplicationView:
    """Say everything that this unit misses; the applicant gets one list of all units, and the clock stops."""
    _check_fields(target, body.items)
    points = [CorrectionItem(point.field, point.what) for point in body.items]
    return application_view(service.tasks.request_correction(actor, target, points, body.note, body.case_version))


def _check_fields(task: Task, points: list[CorrectionPoint]) -> None:
    """Raise ``invalid_request`` for a point about a field that the form does not have: nobody could correct it."""
    known = service.definition_of(task.item).form["properties"]
    unknown = []
    for place, point in enumerate(points):
        root, _, rest = point.field.removeprefix("/").partition("/")
        if root == "form" and rest.partition("/")[0] not in known:
            wrong = FieldError(
                f"/items/{place}/field", "unknown_field", zh="申请表没有此项", en="The form has no such field"
            )
            unknown.append(wrong)
    if unknown:
        raise errors.INVALID_REQUEST(fields=unknown)


@endpoint("POST", "/v1/tasks/{task_id}/confirm_papers", HANDLING, errors=TELLING_ERRORS)
def confirm_papers(actor: Actor, target: Task, body: Seen) -> VerbDone:
    """Say that this unit misses nothing."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.confirm_papers))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/not_accept",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.NOT_LEAD],
)
def refuse_acceptance(actor: Actor, target: Task, body: RefusalInput) -> VerbDone:
    """Refuse to accept the application, with the reason and the law that the applicant reads (不予受理)."""
    refused = service.tasks.not_accept(actor, target, body.opinion, body.legal_basis, body.case_version)
    return verb_done(refused)
