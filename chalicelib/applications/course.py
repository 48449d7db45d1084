"""The course of a case through its workflow: units are asked what they miss, steps open and close, the last decides.

Pure. ``verbs.py`` calls it after each vote.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.applications import answers, events, rules
from chalicelib.applications.answers import APPROVE, REFUSE
from chalicelib.applications.process import (
    CHECK,
    COMPLETE,
    GAPS,
    INTAKE,
    MISSING,
    OWN_STEPS,
    PROMISE_CHECK,
    Case,
    StepState,
    TaskSeat,
)
from chalicelib.catalog.definition import Step, paths

NEW_MARK = "new"
RETURNED = "returned"
CORRECTED = "corrected"
RECALLED = "recalled"
OVERDUE = "overdue"
MARKS = (NEW_MARK, RETURNED, CORRECTED, RECALLED, OVERDUE)
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


def begin_again(case: Case) -> None:
    """The applicant has answered the one notice: the officers who had tasks keep them, and nobody asks again."""
    process = case.process
    process.received = case.today
    process.gaps = dict.fromkeys(process.gaps, COMPLETE)
    close_intake(case)
    for step in process.open_steps:
        step.opened = case.today
        step.mark = CORRECTED


def close_intake(case: Case) -> None:
    """Nobody is asked any more what is missing."""
    intake = case.process.step(INTAKE)
    if intake is not None and intake.status == rules.STEP_OPEN:
        answers.close(intake)
        rules.STEPS.move(intake, "approve", "system")


def state_gaps(case: Case, unit: str, said: str) -> None:
    """Note what a unit says, and go on once all have said it: accept, or let the notice be sent."""
    case.process.gaps = {**case.process.gaps, unit: said}
    if not all(case.process.gaps.values()):
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
    for owed in case.process.owed:
        if owed.until is None:
            owed.until = case.calendar.add_working_days(case.today, case.tolerance_days.get(owed.material, 0))


def before_deciding(case: Case) -> None:
    """A decision follows on an acceptance, also where somebody decides while another unit has said nothing yet."""
    if case.item.status == rules.RECEIVED:
        accept(case, "officer")


def open_ready(case: Case, mark: str) -> None:
    """Open every step that may begin now."""
    process = case.process
    passed = [step.code for step in process.steps if step.status == rules.STEP_DONE] + process.skipped
    waiting = []
    for step in case.workflow.steps:
        state = process.step(step.code)
        is_new = state is None or state.status == rules.STEP_RESET
        if is_new and step.code not in process.skipped:
            waiting.append(step.code)
    steps = [(step.code, step.after) for step in case.workflow.steps]
    for code in paths.ready_steps(steps, passed):
        if code in waiting:
            _open(case, case.workflow.step(code), mark)


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
        seat.officer = former.get(seat.number, "")
    case.process.told = [one for one in case.process.told if one != f"overdue:{definition.code}"]
    if state.round > 1 or definition.after:
        case.note(events.STEP_OPENED, step=definition.code)
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
    for step in case.process.open_steps:
        answers.close(step)
    case.process.decided = case.today
    case.outcome = outcome
    case.sends_notice = False


def open_promise_check(case: Case, unit: str) -> None:
    """After a decision that rests on a promise: a unit checks it, within its limit (告知承诺, 事后核查)."""
    _open_own_step(case, PROMISE_CHECK, [TaskSeat(number=1, kind=CHECK, unit=unit)])


def reset(case: Case, code: str) -> None:
    """Reset a step and everything after it; the next round begins when it opens again."""
    for other in [code, *sorted(paths.followers(case.workflow, code))]:
        state = case.process.step(other)
        if state is not None and state.status != rules.STEP_RESET:
            answers.close(state)
            rules.STEPS.move(state, "reset", "system")
