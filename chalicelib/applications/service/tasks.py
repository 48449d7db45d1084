"""What officers do with a task: each verb of ``verbs.py``, on the case as it is stored, written at once.

``version`` is the case's version that the officer has seen; with an older one the verb is refused. Without it the verb
is decided by the case as it is now. All raise ``task_done``, ``changed_meanwhile`` and what their guard raises.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.applications import answers, guards, refusals, rules, store, verbs
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import AFTER, BEFORE, OWN_STEPS, SIGN, Case, Officer
from chalicelib.applications.service import cases, deciding
from chalicelib.applications.service.cases import Task
from chalicelib.applications.store import ApplicationItem, CorrectionItem
from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem, refuse_if
from chalicelib.kernel.storage.tables import Page

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


def run(
    actor: Actor, task: Task, version: int | None, verb: Verb, note: str = "", *, legal_basis: str = ""
) -> ApplicationItem:
    """Do a verb that needs nothing but its guard, and write what it has led to."""

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        verb(update.case, place, who)
        if update.case.happened:
            deciding.conclude(update, actor, note, legal_basis=legal_basis)
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
    return run(actor, task, version, verbs.approve, opinion)


def refuse(actor: Actor, task: Task, reason: str, legal_basis: str = "", version: int | None = None) -> ApplicationItem:
    """Refuse, with a reason and the law that it rests on (the service's own without one). A repeat changes nothing."""
    if _has_voted(actor, task, answers.REJECTED):
        return task.item
    return run(actor, task, version, verbs.refuse, reason, legal_basis=legal_basis)


def _has_voted(actor: Actor, task: Task, status: str) -> bool:
    """Whether the caller has answered so before, as when the answer to the first request was lost."""
    seat = task.place(task.item).seat
    return seat.kind == SIGN and seat.status == status and seat.officer == actor.id


def name(actor: Actor, task: Task, version: int | None, verb: str, username: str, note: str) -> ApplicationItem:
    """A verb that names a colleague: ``assign``, ``reassign``, ``transfer``, ``delegate``, ``add_signer_before`` or
    ``add_signer_after``. Raises ``no_such_colleague``, ``own_matter_of_colleague`` too.
    """

    def act(update: cases.Update, place: TaskPlace, who: Officer) -> None:
        to = cases.colleague(username, update.item)
        _NAMING[verb](update.case, place, who, to)
        if update.case.happened:
            deciding.conclude(update, actor, note)

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


def hand_over(actor: Actor, username: str, reason: str, cursor: str | None) -> tuple[int, str | None]:
    """Give a page of a leaver's tasks back to the pool of the head's unit; how many, and where the next page begins.

    A task that somebody changes meanwhile is left for the next call.
    """
    page: Page = store.queue(actor.unit, "officer", cursor, limit=50)
    moved = 0
    for row in page.items:
        if row.officer == username:
            moved += _give_back(actor, row.id, reason)
    return moved, page.cursor


def _give_back(actor: Actor, task_id: str, reason: str) -> bool:
    task = cases.find_task(task_id)
    if task is None or task.unit != actor.unit or identity.own_matters.is_own(actor, task.item.applicant):
        return False
    try:
        run(actor, task, None, verbs.give_back, reason)
    except Problem as problem:
        if problem.error is errors.UNAVAILABLE:
            raise
        return False
    return True
