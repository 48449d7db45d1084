"""Endpoints of applications: special procedures, extensions, owed materials, promises, absences, supervision."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.applications import answers, refusals, rules, service, verbs
from chalicelib.applications.routes.shapes import (
    DECISION_ERRORS,
    HANDLING,
    HEADING,
    OWN,
    OWN_TASK_ERRORS,
    SUPERVISING,
    CodeText,
    Opinion,
    ReasonInput,
    Seen,
    Username,
    Words,
    concerns,
)
from chalicelib.applications.routes.views.application import ApplicationView, application_view
from chalicelib.applications.routes.views.review import AbsenceView, JobView, VerbDone, verb_done
from chalicelib.applications.service.cases import Task
from chalicelib.applications.store import ApplicationItem
from chalicelib.applications.store import application as load_application
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog.definition import ProcedureKind
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Access, Actor, is_staff
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Done
from chalicelib.payments import rules as payment_rules

Document = Annotated[str, Meta(min_length=4, max_length=60)]
"""The number of the written notice by which the applicant is told (文书编号)."""


class ProcedureInput(Seen):
    """Which special procedure, by which written notice, for how many natural days, and why."""

    kind: ProcedureKind
    document: Document
    days: Annotated[int, Meta(ge=1, le=365)]
    reason: Opinion


class ProcedureResult(Seen):
    """Which special procedure is over, and with which result."""

    kind: ProcedureKind
    result: Opinion


class ExtensionInput(Seen):
    """By how many working days, by which written notice, and why."""

    days: Annotated[int, Meta(ge=1, le=60)]
    document: Document
    reason: Opinion


class MaterialInput(Seen):
    """The material that has come."""

    material: CodeText


class Promises(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``later``: the materials that are brought later (容缺); ``commitment``: a promise replaces proofs (告知承诺)."""

    later: Annotated[list[CodeText], Meta(max_length=20)] = msgspec.field(default_factory=list)
    commitment: bool = False


class Absence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """From when to when somebody is away, and who stands in."""

    substitute: Username
    first_day: date
    last_day: date


class DefinitionMove(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The version by which the case goes on, and for each step that it has begun its counterpart there."""

    version: Annotated[int, Meta(ge=1)]
    steps: Annotated[dict[str, CodeText], Meta(max_length=40)]
    reason: Opinion


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/open_procedure",
    HANDLING,
    errors=[
        *OWN_TASK_ERRORS,
        refusals.OTHER_KIND,
        refusals.PROCEDURE_NOT_ALLOWED,
        refusals.PROCEDURE_RUNNING,
        refusals.PROCEDURE_TOO_LONG,
    ],
)
def open_procedure(actor: Actor, target: Task, body: ProcedureInput) -> VerbDone:
    """Open a special procedure (特别程序) by a written notice; the clock stands where the law says so."""
    opened = service.tasks.open_procedure(
        actor, target, body.kind, body.document, body.days, body.reason, body.case_version
    )
    return verb_done(opened)


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/close_procedure",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.NO_PROCEDURE],
)
def close_procedure(actor: Actor, target: Task, body: ProcedureResult) -> VerbDone:
    """End a special procedure with its result; the clock goes on."""
    return verb_done(service.tasks.close_procedure(actor, target, body.kind, body.result, body.case_version))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/extend",
    HEADING,
    errors=[
        rules.TASK_DONE,
        rules.WRONG_STATE,
        answers.SEAT_NOT_OPEN,
        refusals.OTHER_KIND,
        refusals.ONLY_HEAD,
        refusals.EXTENDED_BEFORE,
        refusals.EXTENSION_NOT_ALLOWED,
        errors.CONFLICT,
    ],
)
def extend_limit(actor: Actor, target: Task, body: ExtensionInput) -> VerbDone:
    """Extend the case's limit, once, by the head of the unit (许可法 42)."""
    return verb_done(service.tasks.extend(actor, target, body.days, body.document, body.reason, body.case_version))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/receive_material",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.NOT_PROMISED],
)
def receive_material(actor: Actor, target: Task, body: MaterialInput) -> VerbDone:
    """Note that a material that was owed has come (容缺补交)."""
    return verb_done(service.tasks.receive_material(actor, target, body.material, body.case_version))


@endpoint("POST", "/v1/tasks/{task_id}/confirm_promise", HANDLING, errors=[*DECISION_ERRORS])
def confirm_promise(actor: Actor, target: Task, body: Words) -> VerbDone:
    """What was promised is true."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.confirm_promise, body.words))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/report_false_promise",
    HANDLING,
    errors=[*DECISION_ERRORS, payment_rules.ALREADY_PAID, payment_rules.OTHER_PAYMENT_OPEN],
)
def report_false_promise(actor: Actor, target: Task, body: ReasonInput) -> VerbDone:
    """What was promised is false: the decision is revoked, and no promise of the party is taken any more."""
    return verb_done(service.tasks.report_false_promise(actor, target, body.reason, body.case_version))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/answer_supervision",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.NO_SUPERVISION],
)
def answer_supervision(actor: Actor, target: Task, body: Words) -> VerbDone:
    """Answer the supervisor in writing (督办答复)."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.answer_supervision, body.words))


@endpoint(
    "POST",
    "/v1/applications/{application_id}/supervise",
    SUPERVISING,
    errors=[refusals.SUPERVISION_OPEN, rules.WRONG_STATE, errors.CONFLICT],
)
def supervise_application(actor: Actor, target: ApplicationItem, body: Words) -> VerbDone:
    """Ask the units in writing what the matter is (督办); nothing else changes."""
    service.oversight.supervise(actor, target, body.words)
    return verb_done(target)


@endpoint(
    "POST",
    "/v1/applications/{application_id}/urge",
    OWN,
    errors=[refusals.URGED_TODAY, rules.WRONG_STATE, errors.CONFLICT],
)
def urge_application(actor: Actor, target: ApplicationItem) -> Done:
    """Ask the units to hurry (催办), once per working day."""
    service.oversight.urge(actor, target)
    return Done()


@endpoint(
    "PUT",
    "/v1/applications/{application_id}/promises",
    OWN,
    errors=[
        rules.WRONG_STATE,
        rules.PROMISE_NOT_OFFERED,
        rules.PROMISE_NOT_POSSIBLE,
        rules.PROMISE_STANDS,
        errors.CONFLICT,
    ],
)
def choose_promises(actor: Actor, target: ApplicationItem, body: Promises) -> ApplicationView:
    """Say what is brought later (容缺), or promised in the place of proofs (告知承诺); none is the ordinary way."""
    service.promises.choose(actor, target, body.later, committed=body.commitment)
    return application_view(target)


def _heads_responsible_unit(actor: Actor, item: ApplicationItem) -> bool:
    return actor.unit == service.definition_of(item).item.unit


RESPONSIBLE = Access(
    staff=("unit_head",),
    target=load_application,
    related=_heads_responsible_unit,
    relation="head of the unit that is responsible for the service",
    own=concerns,
)


@endpoint(
    "POST",
    "/v1/applications/{application_id}/restore_credit",
    RESPONSIBLE,
    errors=[rules.NO_CREDIT_RECORD, errors.CONFLICT],
)
def restore_credit(actor: Actor, target: ApplicationItem, body: ReasonInput) -> ApplicationView:
    """End the record of a false promise (信用修复), so that promises of the party are taken again."""
    service.promises.restore_credit(actor, target, body.reason)
    return application_view(target, for_staff=True, with_content=False)


ADMINISTERING = Access(
    staff=("system_administrator",), target=load_application, related=is_staff, relation="administrator"
)


@endpoint(
    "POST",
    "/v1/applications/{application_id}/move_definition",
    ADMINISTERING,
    errors=[rules.WRONG_STATE, rules.MAPPING_INVALID, catalog_rules.SERVICE_UNKNOWN, errors.CONFLICT],
)
def move_definition(actor: Actor, target: ApplicationItem, body: DefinitionMove) -> VerbDone:
    """Let a running case go on by another version of its service, by an explicit mapping of its steps."""
    service.oversight.move_definition(actor, target, body.version, body.steps, body.reason)
    return verb_done(target)


ABSENCE_ERRORS = [
    errors.NOT_FOUND,
    refusals.ONLY_HEAD,
    rules.ABSENCE_INVALID,
    rules.SUBSTITUTE_NOT_POSSIBLE,
    errors.CONFLICT,
]


@endpoint("PUT", "/v1/absences/{officer}", Access(staff=("officer", "unit_head")), errors=ABSENCE_ERRORS)
def set_absence(actor: Actor, officer: str, body: Absence) -> AbsenceView:
    """Say when one is away and who stands in; the head of the unit says it of everybody."""
    absence = service.absences.set_absence(actor, officer, body.substitute, body.first_day, body.last_day)
    return AbsenceView(absence.substitute, absence.first_day, absence.last_day)


@endpoint(
    "GET",
    "/v1/absences/{officer}",
    Access(staff=("officer", "unit_head")),
    errors=[errors.NOT_FOUND, refusals.ONLY_HEAD],
)
def read_absence(actor: Actor, officer: str) -> AbsenceView:
    """When somebody is away, and who stands in."""
    absence = service.absences.read(actor, officer)
    return AbsenceView(absence.substitute, absence.first_day, absence.last_day) if absence else AbsenceView()


@endpoint("GET", "/v1/jobs/limits", Access(staff=("system_administrator",)))
def read_limits_job() -> JobView:
    """How far the limits are computed anew after a calendar was published."""
    job = service.jobs.progress()
    return JobView(
        seen=job.seen,
        altered=job.altered,
        failed=job.failed,
        part=job.part,
        parts=service.jobs.PARTS,
        began_at=clock.local_or_none(job.began_at),
        ended_at=clock.local_or_none(job.ended_at),
    )
