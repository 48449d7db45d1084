"""What officers do with a case, each with its guard and its event. Pure: they change the ``Case`` in memory.

Semantics and law: docs/deciding.md. A verb raises what its guard raises, and changes nothing then.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.applications import answers, course, events, guards, limits, refusals, rules
from chalicelib.applications.answers import APPROVE, REFUSE
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import (
    BEFORE,
    COMPLETE,
    CONSULT,
    COPY,
    GAPS,
    MISSING,
    Case,
    Officer,
    ProcedureRun,
    StepState,
    TaskSeat,
)
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.event_types import EventType

MOST_SEATS = 40
"""So many people and units take part in one step at most, with those who were removed again."""


# Who has a task


def claim(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.claim(case, place, who)
    if place.seat.officer == who.id:
        return
    place.seat.officer = who.id
    place.seat.delegate = ""
    _note(case, place, events.TASK_CLAIMED)


def release(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.release(case, place, who)
    place.seat.officer = ""
    _note(case, place, events.TASK_RELEASED)


def give_back(case: Case, unit: str, leaver: str) -> None:
    """Put all that a leaver has in a unit back into its pool, also what waits; the caller is the head of the unit."""
    for step in case.process.open_steps:
        for seat in step.seats:
            is_live = seat.status in answers.LIVE and not answers.has_voted(step, seat)  # a vote stays its voter's
            if is_live and case.unit_of(step, seat) == unit:
                _give_back_seat(case, TaskPlace(step, seat), leaver)


def _give_back_seat(case: Case, place: TaskPlace, leaver: str) -> None:
    seat = place.seat
    if seat.delegate == leaver:
        seat.delegate = ""
        _note(case, place, events.DELEGATION_TAKEN_BACK)
    if seat.officer != leaver:
        return
    if not seat.added_by:
        seat.officer = ""
        seat.delegate = ""
        _note(case, place, events.TASK_RELEASED)
    elif limits.is_running(case) and not case.process.is_paused:
        # An added signer is a person, not a post. It may decide the case, so it waits while the clock stands.
        course.settle(case, place.step, _remove(case, place))


def assign(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    """指派: the head of the unit gives a free task to somebody."""
    if place.seat.officer == to.id:
        return
    guards.assign(case, place, who)
    _give(case, place, to, events.TASK_ASSIGNED)


def reassign(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    """改派: the head of the unit, or an administrator, gives a task to somebody else."""
    if place.seat.officer == to.id:
        return
    guards.reassign(case, place, who)
    _give(case, place, to, events.TASK_REASSIGNED)


def transfer(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    """转办: who has the task hands it on to a colleague; the clock runs on."""
    if place.seat.officer == to.id:
        return
    guards.transfer(case, place, who)
    _give(case, place, to, events.TASK_TRANSFERRED)


def _give(case: Case, place: TaskPlace, to: Officer, event: EventType) -> None:
    _check_colleague(case, place, to)
    guards.check_post(place, to)
    place.seat.officer = to.id
    place.seat.delegate = ""
    _note(case, place, event, to=to.id)


def _check_colleague(case: Case, place: TaskPlace, to: Officer) -> None:
    """Somebody of the same unit, who works, whose own matter it is not, and who has no other part in the step."""
    refuse_if(to.unit != case.unit_of(place.step, place.seat) or not to.works, refusals.NO_SUCH_COLLEAGUE)
    refuse_if(to.is_own, refusals.OWN_MATTER_OF_COLLEAGUE)
    refuse_if(guards.has_other_seat(place, to.id), refusals.SEAT_TWICE)


def delegate(case: Case, place: TaskPlace, who: Officer, to: Officer) -> None:
    """委派: a colleague gives an opinion first; the decision stays where it is."""
    guards.delegate(case, place, who)
    _check_colleague(case, place, to)
    refuse_if(to.id == place.seat.officer, refusals.SEAT_TWICE)
    place.seat.delegate = to.id
    _note(case, place, events.TASK_DELEGATED, to=to.id)


def answer_delegation(case: Case, place: TaskPlace, who: Officer) -> None:
    """The colleague has given the opinion; the task goes back."""
    guards.answer_delegation(case, place, who)
    place.seat.delegate = ""
    _note(case, place, events.DELEGATE_ANSWERED)


def take_back(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.take_back(case, place, who)
    place.seat.delegate = ""
    _note(case, place, events.DELEGATION_TAKEN_BACK)


# Votes


def approve(case: Case, place: TaskPlace, who: Officer) -> None:
    """同意. With the last vote ``case.outcome`` says what is decided."""
    guards.approve(case, place, who)
    _vote(case, place, who, APPROVE)


def refuse(case: Case, place: TaskPlace, who: Officer) -> None:
    """不同意."""
    guards.refuse(case, place, who)
    _vote(case, place, who, REFUSE)


def _vote(case: Case, place: TaskPlace, who: Officer, verdict: str) -> None:
    if place.seat.officer != who.id:
        place.seat.voter = who.id
    unit = case.unit_of(place.step, place.seat)
    if case.item.status == rules.RECEIVED:
        # Who votes finds nothing missing.
        course.state_gaps(case, unit, COMPLETE)
    definition = case.workflow.step(place.step.code)
    answered = answers.cast(place.step, definition.answer, place.seat, verdict)
    if not answered:
        _note(case, place, events.VOTE_CAST, verdict=verdict)
    course.settle(case, place.step, answered)


# Further signers


def add_signer(case: Case, place: TaskPlace, who: Officer, to: Officer, where: str) -> None:
    """加签, ``before`` or ``after`` the own vote."""
    guard = guards.add_signer_before if where == BEFORE else guards.add_signer_after
    guard(case, place, who)
    _check_colleague(case, place, to)
    refuse_if(to.id == place.seat.officer, refusals.SEAT_TWICE)
    _check_room(place)
    answers.add_signer(place.step, place.seat, to, where)
    _note(case, place, events.SIGNER_ADDED, to=to.id, where=where)


def remove_signer(case: Case, place: TaskPlace, who: Officer) -> None:
    """减签; ``place`` is the added signer's."""
    guards.remove_signer(case, place, who)
    course.settle(case, place.step, _remove(case, place))


def _remove(case: Case, place: TaskPlace) -> str:
    """Remove an added signer; what the step's answer is by it."""
    rule = case.workflow.step(place.step.code).answer
    removed = place.seat.officer
    answered = answers.remove_signer(place.step, rule, place.seat)
    _note(case, place, events.SIGNER_REMOVED, to=removed)
    return answered


def consult(case: Case, place: TaskPlace, who: Officer, unit: str) -> None:
    """征求意见: another unit is asked; its opinion does not decide, and the decision does not wait for it."""
    guards.consult(case, place, who)
    _add_seat(case, place, unit, CONSULT)
    _note(case, place, events.OPINION_REQUESTED, to_unit=unit)


def send_copy(case: Case, place: TaskPlace, who: Officer, unit: str) -> None:
    """抄送: another unit is informed; it sees how the case stands, and nothing that is in it."""
    guards.send_copy(case, place, who)
    _add_seat(case, place, unit, COPY)
    _note(case, place, events.COPY_SENT, to_unit=unit)


def _add_seat(case: Case, place: TaskPlace, unit: str, kind: str) -> None:
    for seat in place.step.seats:
        if seat.unit == unit and seat.kind == kind and seat.status in answers.LIVE:
            raise refusals.UNIT_NOT_POSSIBLE()
    refuse_if(unit == case.unit_of(place.step, place.seat), refusals.UNIT_NOT_POSSIBLE)
    _check_room(place)
    added = TaskSeat(number=len(place.step.seats) + 1, kind=kind, unit=unit)
    answers.SEATS.move(added, "open", "system")
    place.step.seats = [*place.step.seats, added]


def _check_room(place: TaskPlace) -> None:
    refuse_if(len(place.step.seats) >= MOST_SEATS, refusals.STEP_FULL, most=str(MOST_SEATS))


def give_opinion(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.give_opinion(case, place, who)
    answers.SEATS.move(place.seat, "agree", "officer")
    _note(case, place, events.OPINION_GIVEN)


def mark_read(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.mark_read(case, place, who)
    place.seat.officer = who.id
    answers.SEATS.move(place.seat, "agree", "officer")
    _note(case, place, events.COPY_READ)


def comment(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.comment(case, place, who)
    _note(case, place, events.COMMENT_ADDED)


# Back


def return_to(case: Case, place: TaskPlace, who: Officer, target: str) -> None:
    """退回: the target and everything after it begin anew, in their next round; the clock runs on."""
    guards.return_to(case, place, who)
    targets = guards.return_targets(case, place)
    refuse_if(target not in targets, refusals.RETURN_NOT_POSSIBLE, targets=", ".join(targets))
    _note(case, place, events.STEP_RETURNED, to_step=target)
    course.reset(case, target)
    course.open_ready(case, course.RETURNED)


def recall(case: Case, place: TaskPlace, who: Officer) -> None:
    """撤回: the own vote is taken back; what it opened, and nobody has touched, is closed again."""
    guards.recall(case, place, who)
    definition = case.workflow.step(place.step.code)
    if place.step.status == rules.STEP_DONE:
        for code in sorted(_opened_after(case, place.step)):
            course.reset(case, code)
        case.note(rules.STEPS.move(place.step, "recall", "officer"), step=place.step.code)
    else:
        _note(case, place, events.STEP_RECALLED)
    answers.recall(place.step, definition.answer, place.seat)
    place.seat.voter = ""
    place.step.mark = course.RECALLED


def _opened_after(case: Case, step: StepState) -> list[str]:
    return [other.code for other in case.workflow.steps if step.code in other.after]


# What is missing


def request_correction(case: Case, place: TaskPlace, who: Officer) -> None:
    """This unit misses something; the one notice is sent when every unit has said what it misses."""
    guards.request_correction(case, place, who)
    _tell_gaps(case, place, MISSING, events.GAPS_STATED)


def confirm_papers(case: Case, place: TaskPlace, who: Officer) -> None:
    """This unit misses nothing."""
    guards.confirm_papers(case, place, who)
    _tell_gaps(case, place, COMPLETE, events.PAPERS_CONFIRMED)


def _tell_gaps(case: Case, place: TaskPlace, said: str, event: EventType) -> None:
    unit = case.unit_of(place.step, place.seat)
    _note(case, place, event)
    if place.seat.kind == GAPS:
        answers.SEATS.move(place.seat, "agree", "officer")
    course.state_gaps(case, unit, said)


# Clocks


def open_procedure(case: Case, place: TaskPlace, who: Officer, kind: str, document: str, days: int) -> None:
    """Open a special procedure by a written notice, for so many natural days; the clock stands where the law says."""
    guards.open_procedure(case, place, who)
    definition = course.procedure_to_open(case, place.step, kind, days)
    opened = ProcedureRun(
        kind=kind,
        document=document,
        step=place.step.code,
        opened=case.today,
        until=case.today + timedelta(days=days),
        pauses=definition.pauses,
    )
    case.process.procedures = [*case.process.procedures, opened]
    _note(
        case,
        place,
        events.PROCEDURE_OPENED,
        kind=kind,
        document=document,
        until=str(opened.until),
        stops_clock=int(opened.pauses),
    )


def close_procedure(case: Case, place: TaskPlace, who: Officer, kind: str) -> None:
    """It is over: the clock goes on."""
    guards.close_procedure(case, place, who)
    running = [one for one in case.process.running_procedures if one.kind == kind and one.step == place.step.code]
    refuse_if(not running, refusals.NO_PROCEDURE)
    running[0].closed = case.today
    _note(case, place, events.PROCEDURE_CLOSED, kind=kind)


def extend(case: Case, place: TaskPlace, who: Officer, days: int, document: str) -> None:
    """延长: by the head of the unit, once, told in writing."""
    guards.extend(case, place, who)
    most = case.workflow.step(place.step.code).extension_days
    refuse_if(days > most, refusals.EXTENSION_NOT_ALLOWED, days=str(most))
    case.process.extension = days
    case.process.extended_by = place.step.code
    _note(case, place, events.LIMIT_EXTENDED, days=days, document=document)


# Others


def urge(case: Case) -> None:
    """催办: the applicant asks to hurry, once per working day."""
    guards.require_running(case)
    last = case.process.urged
    is_too_soon = last is not None and case.calendar.working_days_between(last, case.today) == 0
    refuse_if(is_too_soon, refusals.URGED_TODAY)
    case.process.urged = case.today
    course.mark_open_steps(case, course.URGED)
    case.note(events.APPLICATION_URGED)


def supervise(case: Case) -> None:
    """督办: a supervisor asks in writing; each unit that has the case answers in writing."""
    guards.require_running(case)
    refuse_if(course.units_to_answer(case), refusals.SUPERVISION_OPEN)
    case.process.supervised = sorted(course.working_units(case))
    course.mark_open_steps(case, course.SUPERVISED)
    case.note(events.APPLICATION_SUPERVISED)


def answer_supervision(case: Case, place: TaskPlace, who: Officer) -> None:
    guards.answer_supervision(case, place, who)
    unit = case.unit_of(place.step, place.seat)
    case.process.supervised = [other for other in case.process.supervised if other != unit]
    _note(case, place, events.SUPERVISION_ANSWERED)


def receive_material(case: Case, place: TaskPlace, who: Officer, material: str) -> None:
    """What the applicant owed has come (容缺补交)."""
    guards.receive_material(case, place, who)
    for owed in case.process.owed:
        if owed.material == material and owed.supplied is None:
            owed.supplied = case.today
            _note(case, place, events.MATERIAL_SUPPLIED, material=material)
            return
    raise refusals.NOT_PROMISED()


def confirm_promise(case: Case, place: TaskPlace, who: Officer) -> None:
    """The promise was checked and is true."""
    guards.confirm_promise(case, place, who)
    course.finish_check(place.step, place.seat)
    _note(case, place, events.PROMISE_KEPT)


def report_false_promise(case: Case, place: TaskPlace, who: Officer) -> None:
    """The promise was false: the caller revokes what was decided."""
    guards.report_false_promise(case, place, who)
    course.finish_check(place.step, place.seat)
    _note(case, place, rules.GRAPH.move(case.item, "revoke", "officer"))


def _note(case: Case, place: TaskPlace, event: EventType, **data: str | int | list[str]) -> None:
    case.note(event, step=place.step.code, seat=place.seat.number, **data)
