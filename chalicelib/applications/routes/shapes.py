"""What several of the endpoints of applications take, and whose applications are whose."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.applications import answers, refusals, rules, service
from chalicelib.applications.process import CONSULT
from chalicelib.applications.service.cases import Task
from chalicelib.applications.store import ApplicationItem
from chalicelib.applications.store import application as load_application
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level

Opinion = Annotated[str, Meta(min_length=2, max_length=1000)]
Username = Annotated[str, Meta(min_length=1, max_length=60)]
CodeText = Annotated[str, Meta(min_length=1, max_length=40)]


class Seen(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``case_version``: the case's version that the officer has read; with an older one the verb is refused."""

    case_version: Annotated[int, Meta(ge=1)] | None = None


class Words(Seen):
    """What is said; it is kept with the case."""

    words: Opinion


class ReasonInput(Seen):
    """Why."""

    reason: Opinion


OWN_TASK_ERRORS = [
    rules.TASK_TAKEN,
    rules.TASK_NOT_YOURS,
    rules.TASK_DONE,
    rules.WRONG_STATE,
    answers.SEAT_NOT_OPEN,
    refusals.WITH_DELEGATE,
    errors.CONFLICT,
]
DECISION_ERRORS = [
    *OWN_TASK_ERRORS,
    refusals.CASE_PAUSED,
    refusals.OTHER_KIND,
    refusals.SEAT_TWICE,
    refusals.NOT_FOR_YOUR_POST,
]


def _is_applicant(actor: Actor, item: ApplicationItem) -> bool:
    return actor.kind == "person" and actor.holds(item.applicant) and actor.covers(item.service)


def _is_party(actor: Actor, item: ApplicationItem) -> bool:
    if actor.kind != "staff":
        return _is_applicant(actor, item)
    if item.status in (rules.DRAFT, rules.DISCARDED):
        return False
    consulted = {seat.unit for step in item.process.steps for seat in step.seats if seat.kind == CONSULT}
    return actor.unit in service.definition_of(item).workflow.all_units() | consulted


OWN = Access(person=Level.CLAIMED, target=load_application, related=_is_applicant, relation="applicant")


def concerns(actor: Actor, item: ApplicationItem) -> bool:
    """Whether an application is a staff member's own matter."""
    return identity.own_matters.is_own(actor, item.applicant, item.handler)


PARTY = Access(
    person=Level.CLAIMED,
    staff=("officer", "unit_head", "supervisor"),
    target=load_application,
    related=_is_party,
    relation="applicant, or staff of a handling unit",
    own=concerns,
)
SUPERVISING = Access(
    staff=("supervisor",),
    target=load_application,
    related=_is_party,
    relation="supervisor of a handling unit",
    own=concerns,
)


def _handles(actor: Actor, task: Task) -> bool:
    return actor.unit == task.unit


def _concerns_task(actor: Actor, task: Task) -> bool:
    return concerns(actor, task.item)


HANDLING = Access(
    staff=("officer", "unit_head"),
    target=service.find_task,
    related=_handles,
    relation="officer of the task's unit",
    own=_concerns_task,
)
# Also where it has become an own matter after it was claimed: then somebody else takes it.
RELEASING = Access(
    staff=("officer", "unit_head"),
    target=service.find_task,
    related=_handles,
    relation="officer who gives a task back to the unit",
)
HEADING = Access(
    staff=("unit_head",),
    target=service.find_task,
    related=_handles,
    relation="head of the task's unit",
    own=_concerns_task,
)


def _heads_or_administers(actor: Actor, task: Task) -> bool:
    return actor.unit == task.unit or "system_administrator" in actor.roles


MOVING = Access(
    staff=("unit_head", "system_administrator"),
    target=service.find_task,
    related=_heads_or_administers,
    relation="head of the task's unit, or an administrator",
    own=_concerns_task,
)
