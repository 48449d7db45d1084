"""What officers do: take a task, ask for correction, approve or refuse with an opinion."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.applications import decisions, events, rules, store
from chalicelib.applications.service.drafts import Case, completed, definition_of, findings_of, problems_of
from chalicelib.applications.service.submissions import (
    advance,
    approve,
    close_task_writes,
    new_step,
    stop_for_correction,
)
from chalicelib.applications.store import ApplicationItem, Content, CorrectionItem, StepState, TaskItem
from chalicelib.catalog.definition import ServiceDefinition
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import FieldError
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Delete, Put, Write


def _open_step(task: TaskItem) -> tuple[ApplicationItem, list[StepState], StepState]:
    """The application with its steps as they are now, and the task's step; raises ``task_done``."""
    item = store.application(task.application_id)
    assert item is not None
    states = item.steps
    state = next((state for state in states if state.code == task.step), None)
    if state is None or state.status != rules.STEP_OPEN or item.status not in (rules.RECEIVED, rules.ACCEPTED):
        raise rules.TASK_DONE()
    return item, states, state


def _own_step(actor: Actor, task: TaskItem) -> tuple[ApplicationItem, list[StepState], StepState]:
    item, states, state = _open_step(task)
    if state.officer != actor.id:
        raise rules.TASK_TAKEN() if state.officer else rules.TASK_NOT_YOURS()
    return item, states, state


def claim(actor: Actor, task: TaskItem) -> TaskItem:
    """Take a task; taking one's own again changes nothing. Raises ``task_taken`` or ``task_done``.

    What somebody had taken who is suspended or has left is in the unit's queue like the rest.
    """
    item, states, state = _open_step(task)
    if state.officer == actor.id:
        return _show(item, task, actor.id)
    if state.officer and identity.members.may_work(state.officer):
        raise rules.TASK_TAKEN()
    return _assign(actor, item, states, state, task, actor.id, events.TASK_CLAIMED)


def release(actor: Actor, task: TaskItem) -> TaskItem:
    """Give a task back to the unit's queue."""
    item, states, state = _own_step(actor, task)
    return _assign(actor, item, states, state, task, "", events.TASK_RELEASED)


def _assign(
    actor: Actor,
    item: ApplicationItem,
    states: list[StepState],
    state: StepState,
    task: TaskItem,
    officer: str,
    event: EventType,
) -> TaskItem:
    state.officer = officer
    item.steps = states
    try:
        tables.write(changes.record(item, Event(event, actor, data={"step": task.step})))
    except tables.ConditionFailed:
        raise rules.TASK_TAKEN() from None
    return _show(item, task, officer)


def _show(item: ApplicationItem, task: TaskItem, officer: str) -> TaskItem:
    """Let the row of the unit's queue show who has the task.

    A write of its own after the head's, which decides: together they would cost twice as much. Who dies in between
    leaves a row that shows nobody; whoever claims it is told ``task_taken``, and a repeat of the claim mends the row.
    """
    row = store.task_item(item, task.step, task.unit, officer)
    with suppress(tables.ConditionFailed):
        tables.write(store.newer_row_write(row))
    return row


def request_correction(actor: Actor, task: TaskItem, corrections: list[CorrectionItem], note: str) -> None:
    """Send the application back with a one-time list. Raises ``task_not_yours``, ``wrong_state``, ..."""
    item, _, _ = _own_step(actor, task)
    stop_for_correction(actor, item, corrections, note)


def approve_task(actor: Actor, task: TaskItem, opinion: str) -> None:
    """Approve this unit's step; the last approval decides, issues the certificate and completes.

    The rules are asked again before
    the decision. Raises ``task_not_yours``, ``task_taken``, ``task_done``, ``approval_blocked``,
    ``period_taken`` or ``changed_meanwhile``.
    """
    item, states, state = _own_step(actor, task)
    definition = definition_of(item)
    step_approved = rules.STEPS.move(state, "approve", "officer")
    happened = [advance(item, "accept", actor, [])] if item.status == rules.RECEIVED else []
    happened.append(Event(step_approved, actor, note=opinion, data={"step": task.step}))
    writes: list[Write] = [Delete(task)]
    writes += _following_task_writes(item, definition, states)
    item.steps = states
    if all(one.status == rules.STEP_DONE for one in states) and len(states) == len(definition.workflow.steps):
        happened.append(advance(item, "review", actor, []))
        stored = store.content_item(item)
        case = _checked_again(item, stored.opened())
        writes.append(store.content_write(stored, case.content))
        approval, issuing = approve(case, actor)
        happened += approval
        writes += issuing
    _decide(item, happened, writes)


def _checked_again(item: ApplicationItem, before: Content) -> Case:
    """The case with what the registers say now; raises ``approval_blocked`` if the rules forbid approval by now."""
    case = completed(item, before.form, before.corrections)
    problems = problems_of(case)
    if problems:
        raise rules.APPROVAL_BLOCKED(fields=problems)
    blocking = [
        finding for finding in findings_of(case) if finding.effect != "review" or finding == decisions.FEES_UNCLEAR
    ]
    if blocking:
        reasons = [FieldError("", finding.code, zh=finding.reason.zh, en=finding.reason.en) for finding in blocking]
        raise rules.APPROVAL_BLOCKED(fields=reasons)
    return case


def _following_task_writes(
    item: ApplicationItem, definition: ServiceDefinition, states: list[StepState]
) -> list[Write]:
    """Open the steps that waited for the ones done now."""
    done = [state.code for state in states if state.status == rules.STEP_DONE]
    known = {state.code for state in states}
    ready = rules.ready_steps([(step.code, step.after) for step in definition.workflow.steps], done)
    writes: list[Write] = []
    for step in definition.workflow.steps:
        if step.code in ready and step.code not in known:
            states.append(new_step(step.code))
            writes.append(Put(store.task_item(item, step.code, step.unit)))
    return writes


def refuse_task(actor: Actor, task: TaskItem, opinion: str) -> None:
    """Refuse: one unit's refusal decides the application. Raises as ``approve_task``."""
    item, _, _ = _own_step(actor, task)
    happened = [advance(item, "accept", actor, [])] if item.status == rules.RECEIVED else []
    removals = close_task_writes(item, definition_of(item))
    happened += [advance(item, "review", actor, []), advance(item, "refuse", actor, [], opinion)]
    item.due_on = None
    _decide(item, happened, removals)


def _decide(item: ApplicationItem, happened: list[Event], writes: list[Write]) -> None:
    tables.write_or_conflict(changes.record(item, *happened), *writes)
