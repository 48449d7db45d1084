"""Endpoints of applications: who has a task, who else signs, whose opinion is asked, and the way back."""

from __future__ import annotations

import msgspec

from chalicelib.applications import answers, refusals, rules, service, verbs
from chalicelib.applications.routes.shapes import (
    DECISION_ERRORS,
    HANDLING,
    HEADING,
    MOVING,
    OWN_TASK_ERRORS,
    CodeText,
    Opinion,
    ReasonInput,
    Seen,
    Username,
    Words,
)
from chalicelib.applications.routes.views.review import VerbDone, verb_done
from chalicelib.applications.service.cases import Task
from chalicelib.certificates import rules as certificate_rules
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import CursorText, View


class Naming(Seen):
    """A colleague of the unit, and why."""

    to: Username
    reason: Opinion


class UnitQuestion(Seen):
    """Another unit, and what it is asked or told."""

    unit: CodeText
    words: Opinion


class ReturnInput(Seen):
    """The step to which the case goes back, and why."""

    step: CodeText
    reason: Opinion


NAMING_ERRORS = [
    refusals.NO_SUCH_COLLEAGUE,
    refusals.OWN_MATTER_OF_COLLEAGUE,
    refusals.SEAT_TWICE,
    refusals.NOT_FOR_YOUR_POST,
]
HEAD_ERRORS = [
    rules.TASK_TAKEN,
    rules.TASK_DONE,
    rules.WRONG_STATE,
    answers.SEAT_NOT_OPEN,
    refusals.ONLY_HEAD,
    refusals.OTHER_KIND,
    errors.CONFLICT,
    *NAMING_ERRORS,
]
SIGNER_ERRORS = [*DECISION_ERRORS, refusals.SIGNERS_BOTH_WAYS, refusals.STEP_FULL, *NAMING_ERRORS]


@endpoint("POST", "/v1/tasks/{task_id}/assign", HEADING, errors=HEAD_ERRORS)
def assign_task(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """The head of the unit gives a free task to an officer (指派)."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "assign", body.to, body.reason))


@endpoint("POST", "/v1/tasks/{task_id}/reassign", MOVING, errors=HEAD_ERRORS)
def reassign_task(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """The head of the unit or an administrator gives a task to another officer (改派)."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "reassign", body.to, body.reason))


@endpoint("POST", "/v1/tasks/{task_id}/transfer", HANDLING, errors=[*OWN_TASK_ERRORS, *NAMING_ERRORS])
def transfer_task(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """Hand one's task on to a colleague (转办); the clock runs on."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "transfer", body.to, body.reason))


@endpoint(
    "POST", "/v1/tasks/{task_id}/delegate", HANDLING, errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, *NAMING_ERRORS]
)
def delegate_task(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """Let a colleague give an opinion first (委派); the decision stays one's own."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "delegate", body.to, body.reason))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/answer_delegation",
    HANDLING,
    errors=[rules.TASK_DONE, rules.WRONG_STATE, answers.SEAT_NOT_OPEN, refusals.NOT_DELEGATED, errors.CONFLICT],
)
def answer_delegation(actor: Actor, target: Task, body: Words) -> VerbDone:
    """Give the opinion that a colleague has asked for; the task goes back."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.answer_delegation, body.words))


@endpoint("POST", "/v1/tasks/{task_id}/take_back", HANDLING, errors=[*OWN_TASK_ERRORS, refusals.NO_DELEGATION])
def take_back_task(actor: Actor, target: Task, body: Seen) -> VerbDone:
    """Ask the colleague no more."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.take_back))


@endpoint("POST", "/v1/tasks/{task_id}/add_signer_before", HANDLING, errors=SIGNER_ERRORS)
def add_signer_before(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """Let a colleague sign before oneself (前加签)."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "add_signer_before", body.to, body.reason))


@endpoint("POST", "/v1/tasks/{task_id}/add_signer_after", HANDLING, errors=SIGNER_ERRORS)
def add_signer_after(actor: Actor, target: Task, body: Naming) -> VerbDone:
    """Let a colleague sign after oneself (后加签): only then the own vote counts."""
    return verb_done(service.tasks.name(actor, target, body.case_version, "add_signer_after", body.to, body.reason))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/remove_signer",
    HANDLING,
    errors=[
        rules.TASK_DONE,
        rules.WRONG_STATE,
        refusals.NOT_ADDED,
        refusals.CASE_PAUSED,
        refusals.OWED,
        rules.APPROVAL_BLOCKED,
        certificate_rules.PERIOD_TAKEN,
        errors.CONFLICT,
    ],
)
def remove_signer(actor: Actor, target: Task, body: ReasonInput) -> VerbDone:
    """Remove a signer whom one has added (减签); the path names the added signer's task."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.remove_signer, body.reason))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/consult",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.UNIT_NOT_POSSIBLE, refusals.STEP_FULL],
)
def consult_unit(actor: Actor, target: Task, body: UnitQuestion) -> VerbDone:
    """Ask another unit for its opinion (征求意见); it does not decide."""
    return verb_done(service.tasks.ask_unit(actor, target, body.case_version, "consult", body.unit, body.words))


@endpoint("POST", "/v1/tasks/{task_id}/give_opinion", HANDLING, errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND])
def give_opinion(actor: Actor, target: Task, body: Words) -> VerbDone:
    """Give the opinion that another unit has asked for."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.give_opinion, body.words))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/send_copy",
    HANDLING,
    errors=[*OWN_TASK_ERRORS, refusals.OTHER_KIND, refusals.UNIT_NOT_POSSIBLE, refusals.STEP_FULL],
)
def send_copy(actor: Actor, target: Task, body: UnitQuestion) -> VerbDone:
    """Inform another unit (抄送); it sees how the case stands, and nothing of what was filled in."""
    return verb_done(service.tasks.ask_unit(actor, target, body.case_version, "send_copy", body.unit, body.words))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/mark_read",
    HANDLING,
    errors=[rules.TASK_DONE, rules.TASK_NOT_YOURS, refusals.OTHER_KIND, errors.CONFLICT],
)
def mark_copy_read(actor: Actor, target: Task, body: Seen) -> VerbDone:
    """Note that a copy was read."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.mark_read))


@endpoint("POST", "/v1/tasks/{task_id}/comment", HANDLING, errors=OWN_TASK_ERRORS)
def comment_on_task(actor: Actor, target: Task, body: Words) -> VerbDone:
    """Keep a note of one's own with the case."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.comment, body.words))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/return_to",
    HANDLING,
    errors=[*DECISION_ERRORS, refusals.RETURN_NOT_POSSIBLE],
)
def return_to_step(actor: Actor, target: Task, body: ReturnInput) -> VerbDone:
    """Send the case back to an earlier step (退回); it and what follows begin anew, and the clock runs on."""
    return verb_done(service.tasks.return_to(actor, target, body.step, body.reason, body.case_version))


@endpoint(
    "POST",
    "/v1/tasks/{task_id}/recall",
    HANDLING,
    errors=[
        rules.TASK_DONE,
        rules.TASK_NOT_YOURS,
        rules.WRONG_STATE,
        refusals.NOT_RECALLABLE,
        refusals.CASE_PAUSED,
        errors.CONFLICT,
    ],
)
def recall_vote(actor: Actor, target: Task, body: ReasonInput) -> VerbDone:
    """Take one's own vote back (撤回) while nobody has acted on it."""
    return verb_done(service.tasks.run(actor, target, body.case_version, verbs.recall, body.reason))


class HandOver(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose tasks go back to the unit's pool, and why; ``cursor`` is where the last answer has stopped."""

    officer: Username
    reason: Opinion
    cursor: CursorText | None = None


class HandedOver(View, frozen=True):
    """In how many cases tasks were given back; with a ``cursor`` there are more to look through.

    ``left``: the receipts of cases whose tasks could not be given back; give those to somebody by ``reassign``.
    """

    moved: int
    left: list[str]
    cursor: str | None = None


@endpoint("POST", "/v1/tasks/hand_over", Access(staff=("unit_head",)))
def hand_over_tasks(actor: Actor, body: HandOver) -> HandedOver:
    """Give a leaver's tasks back to the unit's pool, a page at a time."""
    report = service.tasks.hand_over(actor, body.officer, body.reason, body.cursor)
    return HandedOver(report.moved, report.left, report.cursor)
