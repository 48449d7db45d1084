"""What officers do with a task: each verb of ``verbs.py``, on the case as it is stored, written at once.

``version`` is the case's version that the officer has seen; with an older one the verb is refused. Without it the verb
is decided by the case as it is now. All raise ``task_done``, ``changed_meanwhile`` and what their guard raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from chalicelib.applications import answers, guards, refusals, rules, store, verbs
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import AFTER, BEFORE, OWN_STEPS, SIGN, Case, Officer
from chalicelib.applications.service import cases, deciding
from chalicelib.applications.service.cases import Task
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.store import ApplicationItem, CorrectionItem, StepRefusal, queues
from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel import log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem, refuse_if
from chalicelib.kernel.storage import cursors, tables

_LOOKED_THROUGH = 25
"""So many tasks at once: each one's case is read."""
Verb = Callable[[Case, TaskPlace, Officer], None]
Act = Callable[[cases.Update, TaskPlace, Officer], None]


def _do(actor: Actor, task: Task, version: int | None, act: Act) -> ApplicationItem:
    """Act on the case as it is stored, again if somebody else was first."""

    def attempt(item: ApplicationItem, place: TaskPlace) -> None:
        update = cases.Update.of(item)
        update.case.gone = cases.gone_officers(place, actor)
        try:
            act(update, place, cases.officer_of(actor, place))
        except Problem:
            # Perhaps because the queue shows something old, after a verb that died half-way.
            cases.show(update, task.id)
            raise

    return cases.repeat(task, version, attempt)


def run(actor: Actor, task: Task, version: int | None, verb: Verb, note: str = "") -> ApplicationItem:
    """Do a verb that needs nothing but its guard, and write what it has led to."""

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verb(update.case, place, who)
        if update.case.happened:
            deciding.conclude(update, actor, note)
        else:  # a repeat, which changes nothing
            cases.show(update, task.id)

    return _do(actor, task, version, act)


def claim(actor: Actor, task: Task, version: int | None = None) -> ApplicationItem:
    """Take a task; taking one's own again changes nothing. Raises ``task_taken``, ``two_persons_needed`` too."""
    return run(actor, task, version, verbs.claim)


def release(actor: Actor, task: Task, version: int | None = None) -> ApplicationItem:
    """Give a task back to the unit's queue."""
    return run(actor, task, version, verbs.release)


def approve(actor: Actor, task: Task, opinion: str, version: int | None = None) -> ApplicationItem:
    """Approve; the last approval decides, issues the certificate and completes. The rules are asked again before that.

    A repeat answers as the first time. Raises ``approval_blocked``, ``period_taken``, ``material_owed`` too.
    """
    if _has_voted(actor, task, answers.AGREED):
        return task.item
    if definition_of(task.item).item.result_kind == "answer":
        return _approve_with_answer(actor, task, opinion, version)
    return run(actor, task, version, verbs.approve, opinion)


def _approve_with_answer(actor: Actor, task: Task, answer: str, version: int | None) -> ApplicationItem:
    """Approve a case whose result is an answer: what the last one writes who approves, and not a note of another verb.

    It is kept before the head, and read only once the case is approved. Who was asked before the holder advises only.
    """

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verbs.approve(update.case, place, who)
        if place.seat.place == BEFORE:
            deciding.conclude(update, actor, answer)
            return
        stored = store.content_item(update.item)
        content = stored.opened()
        content.answer = answer
        if not update.case.outcome:
            cases.write_content(stored, content)
        deciding.conclude(update, actor, answer, filled=(stored, content))

    return _do(actor, task, version, act)


def refuse(actor: Actor, task: Task, reason: str, legal_basis: str = "", version: int | None = None) -> ApplicationItem:
    """Refuse, with a reason and the law that it rests on (the service's own without one). A repeat changes nothing.

    The reason is kept before the head says that somebody has refused, and is read only if the step is refused: the
    applicant learns the reasons of all units, whoever answers last.
    """
    if _has_voted(actor, task, answers.REJECTED):
        return task.item

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verbs.refuse(update.case, place, who)
        stored = store.content_item(update.item)
        content = stored.opened()
        own = StepRefusal(
            step=task.step,
            round=place.step.round,
            seat=task.seat,
            officer=actor.id,
            unit=task.unit,
            reason=reason,
            legal_basis=legal_basis,
        )
        # The same vote once more, after somebody else was first or the function died, has one reason.
        others = [one for one in content.step_refusals if _vote_of(one) != _vote_of(own)]
        content.step_refusals = [*others, own]
        if not update.case.outcome:
            cases.write_content(stored, content)
        deciding.conclude(update, actor, reason, filled=(stored, content))

    return _do(actor, task, version, act)


def _vote_of(refusal: StepRefusal) -> tuple[str, int, int, str]:
    return refusal.step, refusal.round, refusal.seat, refusal.officer


def _has_voted(actor: Actor, task: Task, status: str) -> bool:
    """Whether the caller has answered so before, as when the answer to the first request was lost."""
    seat = task.place(task.item).seat
    return seat.kind == SIGN and seat.status == status and actor.id in (seat.officer, seat.voter)


def name(actor: Actor, task: Task, version: int | None, verb: str, username: str, note: str) -> ApplicationItem:
    """A verb that names a colleague: ``assign``, ``reassign``, ``transfer``, ``delegate``, ``add_signer_before`` or
    ``add_signer_after``. Raises ``no_such_colleague``, ``own_matter_of_colleague`` too.
    """

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        to = cases.colleague(username, update.item)
        _NAMING[verb](update.case, place, who, to)
        if update.case.happened:
            deciding.conclude(update, actor, note)
        else:  # a repeat, which changes nothing
            cases.show(update, task.id)

    return _do(actor, task, version, act)


def _add_before(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    verbs.add_signer(case, place, who, to, BEFORE)


def _add_after(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    verbs.add_signer(case, place, who, to, AFTER)


_NAMING: dict[str, Callable[[Case, TaskPlace, Officer, Officer], None]] = {
    "assign": verbs.assign,
    "reassign": verbs.reassign,
    "transfer": verbs.transfer,
    "delegate": verbs.delegate,
    "add_signer_before": _add_before,
    "add_signer_after": _add_after,
}


def ask_unit(actor: Actor, task: Task, version: int | None, verb: str, unit: str, note: str) -> ApplicationItem:
    """``consult`` another unit, or ``send_copy`` to it. Raises ``unit_not_possible`` too."""
    refuse_if(unit not in {known.code for known in catalog.release().city.units}, refusals.UNIT_NOT_POSSIBLE)
    ask = verbs.consult if verb == "consult" else verbs.send_copy
    return run(actor, task, version, lambda case, place, who: ask(case, place, who, unit), note)


def return_to(actor: Actor, task: Task, target: str, reason: str, version: int | None = None) -> ApplicationItem:
    """Send the case back to an earlier step. Raises ``return_not_possible`` with the possible steps."""
    return run(actor, task, version, lambda case, place, who: verbs.return_to(case, place, who, target), reason)


def request_correction(
    actor: Actor, task: Task, items: list[CorrectionItem], note: str, version: int | None = None
) -> ApplicationItem:
    """Say what this unit misses. The applicant gets one list, when every unit has said what it misses.

    What is missing is kept before the head says that the unit misses something; who dies in between is asked again.
    """

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verbs.request_correction(update.case, place, who)
        stored = store.content_item(update.item)
        content = stored.opened()
        points = [msgspec.structs.replace(point, unit=task.unit) for point in items]
        content.missing = {**content.missing, task.unit: points}
        if not update.case.sends_notice:
            cases.write_content(stored, content)
        deciding.conclude(update, actor, note, filled=(stored, content))

    return _do(actor, task, version, act)


def not_accept(
    actor: Actor, task: Task, reason: str, legal_basis: str = "", version: int | None = None
) -> ApplicationItem:
    """Refuse to accept the application (不予受理). Raises ``only_lead_unit`` too."""

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        guards.not_accept(update.case, place, who)
        deciding.not_accept(update, actor, reason, legal_basis)

    return _do(actor, task, version, act)


def open_procedure(
    actor: Actor, task: Task, kind: str, document: str, days: int, reason: str, version: int | None = None
) -> ApplicationItem:
    """Open a special procedure by a written notice. Raises ``procedure_not_allowed``, ``procedure_running`` too."""
    return run(
        actor,
        task,
        version,
        lambda case, place, who: verbs.open_procedure(case, place, who, kind, document, days),
        reason,
    )


def close_procedure(actor: Actor, task: Task, kind: str, result: str, version: int | None = None) -> ApplicationItem:
    """End a special procedure with its result."""
    return run(actor, task, version, lambda case, place, who: verbs.close_procedure(case, place, who, kind), result)


def extend(
    actor: Actor, task: Task, days: int, document: str, reason: str, version: int | None = None
) -> ApplicationItem:
    """Extend the limit, once. Raises ``extended_before``, ``extension_not_allowed`` too."""
    return run(actor, task, version, lambda case, place, who: verbs.extend(case, place, who, days, document), reason)


def receive_material(actor: Actor, task: Task, material: str, version: int | None = None) -> ApplicationItem:
    """What the applicant owed has come. Raises ``nothing_owed``."""
    return run(actor, task, version, lambda case, place, who: verbs.receive_material(case, place, who, material))


def report_false_promise(actor: Actor, task: Task, reason: str, version: int | None = None) -> ApplicationItem:
    """The promise was false: the decision is revoked, and no promise of the party is taken any more."""

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verbs.report_false_promise(update.case, place, who)
        deciding.revoke(update, actor, reason)

    return _do(actor, task, version, act)


def possible(actor: Actor, task: Task) -> dict[str, Problem | None]:
    """Every verb, and why it is not possible for this officer now."""
    place = task.place(task.item)
    case = cases.case_of(task.item)
    case.gone = cases.gone_officers(place, actor)
    return guards.possible(case, place, cases.officer_of(actor, place))


def targets(task: Task) -> list[str]:
    """The steps to which the case can be sent back from here."""
    place = task.place(task.item)
    if place.step.status != rules.STEP_OPEN or place.step.code in OWN_STEPS:
        return []
    return guards.return_targets(cases.case_of(task.item), place)


GIVEN_BACK = "given_back"
NOTHING = "nothing"
LEFT = "left"


@dataclass(kw_only=True)
class HandOverReport:
    """What became of a page of tasks: how many cases were changed, the receipts of those that could not be, and where
    the next page begins.
    """

    moved: int = 0
    left: list[str] = field(default_factory=list)
    cursor: str | None = None


def hand_over(actor: Actor, username: str, reason: str, cursor: str | None) -> HandOverReport:
    """Look at a page of the tasks of the head's unit, and give what a leaver has in their cases back to its pool.

    First the officers' queue, then the head's. Left are a case that somebody changes meanwhile, an own matter of the
    head, and one where the leaver's going would decide what cannot be decided now.
    """
    post, separator, inner = (cursor or "officer:").partition(":")
    if post not in cases.POSTS or not separator:
        raise cursors.problem()
    page = queues.queue(actor.unit, post, inner or None, limit=_LOOKED_THROUGH)
    report = HandOverReport()
    receipts = {row.application_id: row.receipt for row in page.items}
    for application_id, receipt in receipts.items():
        outcome = give_back(actor, application_id, username, reason)
        if outcome == GIVEN_BACK:
            report.moved += 1
        elif outcome == LEFT:
            report.left.append(receipt)
    if page.cursor is not None:
        report.cursor = f"{post}:{page.cursor}"
    elif post == "officer":
        report.cursor = "unit_head:"
    return report


def give_back(actor: Actor, application_id: str, leaver: str, reason: str) -> str:
    """Give what a leaver has in a case back to the unit's pool: ``GIVEN_BACK``, ``NOTHING``, or ``LEFT`` as it is."""
    item = store.application(application_id)
    if item is None:
        return NOTHING
    update = cases.Update.of(item)
    try:
        verbs.give_back(update.case, actor.unit, leaver)
        if not update.case.happened:
            return NOTHING
        if identity.own_matters.is_own(actor, item.applicant, item.handler):
            return LEFT
        deciding.conclude(update, actor, reason)
    except tables.ConditionFailed:
        return LEFT
    except Problem as problem:
        # As where the leaver was the last signer and a material is owed: it holds up none of the others.
        log.failure("hand_over_failed", problem, subject=application_id)
        return LEFT
    return GIVEN_BACK
