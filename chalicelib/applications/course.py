"""The course of a case through its workflow: units are asked what they miss, steps open and close, the last decides.

Pure. ``verbs.py`` calls it after each vote.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from chalicelib.applications import answers, events, refusals, rules
from chalicelib.applications.answers import APPROVE, REFUSE
from chalicelib.applications.process import (
    CHECK,
    COMPLETE,
    GAPS,
    INTAKE,
    MISSING,
    OWN_STEPS,
    PROMISE_CHECK,
    SIGN,
    Case,
    OwedMaterial,
    StepState,
    TaskSeat,
)
from chalicelib.catalog.definition import Procedure, Step, paths
from chalicelib.kernel.errors import refuse_if

NEW_MARK = "new"
RETURNED = "returned"
CORRECTED = "corrected"
RECALLED = "recalled"
OVERDUE = "overdue"
GAPS_DUE = "gaps_due"
URGED = "urged"
SUPERVISED = "supervised"
MARKS = (NEW_MARK, RETURNED, CORRECTED, RECALLED, OVERDUE, GAPS_DUE, URGED, SUPERVISED)
"""Why a task is in its unit's queue."""


def begin(case: Case, skipped: Iterable[str]) -> None:
    """Open the first steps of a case that officers review, and ask every other unit what it misses (一次告知).

    ``skipped``: the steps whose condition does not hold.
    """
    process = case.process
    process.received = case.today
    process.skipped = sorted(skipped)
    runs = [step for step in case.workflow.steps if step.code not in process.skipped]
    process.gaps = {step.unit: "" for step in runs}
    open_ready(case, NEW_MARK)
    has_task = {case.workflow.step(step.code).unit for step in process.open_steps}
    asked = [unit for unit in process.gaps if unit not in has_task]
    if asked:
        _open_own_step(
            case, INTAKE, [TaskSeat(number=place, kind=GAPS, unit=unit) for place, unit in enumerate(asked, 1)]
        )


def _open_own_step(case: Case, code: str, seats: list[TaskSeat]) -> None:
    step = StepState(code=code, round=1, mark=NEW_MARK, opened=case.today, seats=seats)
    rules.STEPS.move(step, "open", "system")
    for seat in seats:
        answers.SEATS.move(seat, "open", "system")
    case.process.steps = [*case.process.steps, step]


def begin_again(case: Case, skipped: Iterable[str]) -> None:
    """The applicant has answered the one notice: the officers who had tasks keep them, and nobody asks again.

    The units that have found something missing look at the answer; the case is accepted when they have.
    ``skipped``: the steps whose condition does not hold by the corrected form. A step that is wanted now begins, and
    what was done behind it begins anew; one that is not wanted any more, and not answered, is cancelled.
    """
    process = case.process
    process.received = case.today
    process.told = [mark for mark in process.told if mark != "gaps"]
    asked = {unit for unit, said in process.gaps.items() if said == MISSING}
    dropped = _skip_anew(case, set(skipped))
    open_ready(case, NEW_MARK)
    if not any(step.code not in OWN_STEPS for step in process.open_steps):
        # Nothing would be left that ends the case. What officers have begun, officers end.
        process.skipped = [code for code in process.skipped if code not in dropped]
        open_ready(case, NEW_MARK)
    runs = [step for step in case.workflow.steps if step.code not in process.skipped]
    process.gaps = {step.unit: "" if step.unit in asked else COMPLETE for step in runs}
    _look_again(case)
    for step in process.open_steps:
        step.opened = case.today
        step.mark = CORRECTED
    if all(process.gaps.values()):
        accept(case, "system")


def _look_again(case: Case) -> None:
    """A unit that has found something missing looks at the answer: in its own task, or where it was asked."""
    intake = case.process.step(INTAKE)
    if intake is None:
        return
    has_task = {case.workflow.step(step.code).unit for step in case.process.open_steps if step.code != INTAKE}
    again = []
    for seat in intake.seats:
        if case.process.gaps.get(seat.unit) == "" and seat.unit not in has_task:
            again.append(TaskSeat(number=seat.number, kind=GAPS, unit=seat.unit, officer=seat.officer))
    close_intake(case)
    if not again:
        return
    rules.STEPS.move(intake, "reset", "system")
    rules.STEPS.move(intake, "open", "system")
    intake.round += 1
    intake.opened = case.today
    intake.mark = CORRECTED
    intake.seats = again
    for seat in again:
        answers.SEATS.move(seat, "open", "system")


def _skip_anew(case: Case, skipped: set[str]) -> list[str]:
    """Skip what is not wanted any more; the steps that were open until now."""
    process = case.process
    dropped = []
    for code in sorted(set(process.skipped) - skipped):
        reset_followers(case, code)
    done = {step.code for step in process.steps if step.status == rules.STEP_DONE}
    for step in process.open_steps:
        if step.code in skipped:
            answers.close(step)
            end_procedures(case, step)
            rules.STEPS.move(step, "reset", "system")
            dropped.append(step.code)
    process.skipped = sorted(skipped - done)
    return dropped


def mark_open_steps(case: Case, mark: str) -> None:
    """Let every unit that has an open task see what has happened."""
    for step in case.process.open_steps:
        step.mark = mark


def close_intake(case: Case) -> None:
    """Nobody is asked any more what is missing."""
    intake = case.process.step(INTAKE)
    if intake is not None and intake.status == rules.STEP_OPEN:
        answers.close(intake)
        rules.STEPS.move(intake, "approve", "system")


def state_gaps(case: Case, unit: str, said: str) -> None:
    """Note what a unit says, and go on once all have said it: accept, or let the notice be sent."""
    case.process.gaps = {**case.process.gaps, unit: said}
    is_last_hour = case.is_notice_due and MISSING in case.process.gaps.values()
    if not all(case.process.gaps.values()) and not is_last_hour:
        return
    if MISSING in case.process.gaps.values():
        case.sends_notice = True
        return
    accept(case, "officer")


def accept(case: Case, by: str) -> None:
    """受理: from today on the whole limit counts."""
    case.note(rules.GRAPH.move(case.item, "accept", by))
    case.process.accepted = case.today
    _after_acceptance(case)


def deem_accepted(case: Case) -> None:
    """Nothing was asked for in time: accepted from the day of receipt (许可法 32)."""
    case.note(rules.GRAPH.move(case.item, "deem", "system"))
    case.process.accepted = case.process.received
    _after_acceptance(case)


def _after_acceptance(case: Case) -> None:
    close_intake(case)
    if case.process.owed:
        # Not from ``accepted``: where the units were silent that is the day of receipt, and a part of it is over.
        case.process.owed_from = case.today
    set_owed_days(case)


def owed_until(case: Case, owed: OwedMaterial) -> date | None:
    """By when a material has to come, by the calendar of today; None before the acceptance."""
    if case.process.owed_from is None:
        return None
    return case.calendar.add_working_days(case.process.owed_from, owed.days)


def set_owed_days(case: Case) -> list[OwedMaterial]:
    """Note by when each owed material has to come; those whose day a new calendar has moved."""
    moved = []
    for owed in case.process.owed:
        before = owed.until
        owed.until = owed_until(case, owed)
        if owed.supplied is None and before is not None and before != owed.until:
            moved.append(owed)
    return moved


def procedure_to_open(case: Case, step: StepState, kind: str, days: int) -> Procedure:
    """The special procedure that a step opens for so many days; refused where the workflow does not say so.

    Its days count together: opened twice, it is no longer than told.
    """
    allowed = case.workflow.step(step.code).procedures
    definition = case.workflow.procedure(kind)
    if kind not in allowed or definition is None:
        raise refusals.PROCEDURE_NOT_ALLOWED(kinds=", ".join(allowed) or refusals.NONE)
    is_running = any(one.kind == kind for one in case.process.running_procedures)
    refuse_if(is_running, refusals.PROCEDURE_RUNNING)
    used = sum(one.days for one in case.process.procedures if one.kind == kind)
    too_long = refusals.PROCEDURE_TOO_LONG
    refuse_if(used + days > definition.days, too_long, kind=kind, days=str(definition.days), used=str(used))
    return definition


def finish_check(step: StepState, seat: TaskSeat) -> None:
    """A promise was checked, whatever was found."""
    answers.SEATS.move(seat, "agree", "officer")
    rules.STEPS.move(step, "approve", "system")


def before_deciding(case: Case) -> None:
    """A decision follows on an acceptance, also where somebody decides while another unit has said nothing yet."""
    if case.item.status == rules.RECEIVED:
        accept(case, "officer")


def open_ready(case: Case, mark: str) -> None:
    """Open every step that may begin now."""
    process = case.process
    steps = [(step.code, step.after) for step in case.workflow.steps]
    opened = []
    for code in paths.ready_steps(steps, passed_steps(case)):
        state = process.step(code)
        is_new = state is None or state.status == rules.STEP_RESET
        if is_new and code not in process.skipped:
            _open(case, case.workflow.step(code), mark)
            opened.append(code)
    if opened and len(opened) < len(process.steps):
        # One event, however many: a write carries twenty at most.
        case.note(events.STEP_OPENED, steps=opened)


def passed_steps(case: Case) -> list[str]:
    """The steps that are behind the case: done, or skipped and all before them is passed too."""
    passed = [step.code for step in case.process.steps if step.status == rules.STEP_DONE]
    steps = [(step.code, step.after) for step in case.workflow.steps]
    while True:
        skipped = [code for code in paths.ready_steps(steps, passed) if code in case.process.skipped]
        if not skipped:
            return passed
        passed += skipped


def _open(case: Case, definition: Step, mark: str) -> None:
    state = case.process.step(definition.code)
    if state is None:
        state = StepState(code=definition.code)
        case.process.steps = [*case.process.steps, state]
    former = {seat.number: seat.officer for seat in state.signers}
    rules.STEPS.move(state, "open", "system")
    state.round += 1
    state.mark = mark
    state.opened = case.today
    state.escalated = False
    state.seats = answers.seats_of(definition.answer, definition.consulted)
    for seat in state.signers:
        # Who waits for somebody else's vote takes the task when it is open: only then has somebody acted on that vote.
        if seat.status == answers.OPEN:
            seat.officer = former.get(seat.number, "")
    case.process.told = [one for one in case.process.told if one != f"overdue:{definition.code}"]
    _take_over_intake(case, definition.unit)


def _take_over_intake(case: Case, unit: str) -> None:
    """A unit whose own step begins says there what it misses; nobody is asked twice."""
    intake = case.process.step(INTAKE)
    if intake is None or intake.status != rules.STEP_OPEN:
        return
    for seat in intake.seats:
        if seat.unit == unit:
            answers.skip(intake, seat)
    if not any(seat.status in answers.LIVE for seat in intake.seats):
        rules.STEPS.move(intake, "approve", "system")


def settle(case: Case, step: StepState, answered: str) -> None:
    """Go on after a step is answered: ``approve``, ``refuse``, or not yet (empty)."""
    if not answered:
        return
    answers.close(step)
    end_procedures(case, step)
    action = "approve" if answered == APPROVE else "refuse"
    case.note(rules.STEPS.move(step, action, "officer"), step=step.code)
    refused = [one for one in case.process.steps if one.status == rules.STEP_REFUSED]
    if refused and case.workflow.on_refusal == "fail_fast":
        finish(case, REFUSE)
        return
    open_ready(case, NEW_MARK)
    if any(one.code not in OWN_STEPS for one in case.process.open_steps):
        return
    finish(case, REFUSE if refused else APPROVE)


def finish(case: Case, outcome: str) -> None:
    """The case is decided: whatever is still open is cancelled."""
    before_deciding(case)
    owed = [one.material for one in case.process.owed if one.supplied is None]
    # Also where an added signer's vote is the last one: no approval while a material is owed.
    refuse_if(outcome == APPROVE and owed, refusals.OWED, materials=", ".join(owed))
    cancel_open_steps(case)
    case.process.decided = case.today
    case.outcome = outcome
    case.sends_notice = False


def cancel_open_steps(case: Case) -> None:
    """Nobody works on the case any more: what is open is cancelled."""
    for step in case.process.open_steps:
        answers.close(step)
        end_procedures(case, step)
        rules.STEPS.move(step, "cancel", "system")


def open_promise_check(case: Case, unit: str) -> None:
    """After a decision that rests on a promise: a unit checks it, within its limit (告知承诺, 事后核查)."""
    _open_own_step(case, PROMISE_CHECK, [TaskSeat(number=1, kind=CHECK, unit=unit)])


def working_units(case: Case) -> set[str]:
    """The units that have an open task to decide."""
    found = set()
    for step in case.process.open_steps:
        for seat in step.seats:
            if seat.kind == SIGN and seat.status in answers.LIVE:
                found.add(case.unit_of(step, seat))
    return found


def units_to_answer(case: Case) -> set[str]:
    """The units that a supervisor has asked, and that still can answer: a unit whose part is done has decided."""
    return set(case.process.supervised) & working_units(case)


def reset(case: Case, code: str) -> None:
    """Reset a step and everything after it; the next round begins when it opens again."""
    _reset_one(case, code)
    reset_followers(case, code)


def reset_followers(case: Case, code: str) -> None:
    """Reset everything that comes after a step."""
    for other in sorted(paths.followers(case.workflow, code)):
        _reset_one(case, other)


def _reset_one(case: Case, code: str) -> None:
    state = case.process.step(code)
    if state is None or state.status in (rules.STEP_RESET, rules.STEP_CANCELLED):
        return
    answers.close(state)
    end_procedures(case, state)
    rules.STEPS.move(state, "reset", "system")


def end_procedures(case: Case, step: StepState) -> None:
    """A step that is not open any more holds no clock."""
    for running in case.process.running_procedures:
        if running.step == step.code:
            running.closed = case.today
