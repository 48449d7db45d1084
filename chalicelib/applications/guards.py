"""Which verb is possible now, and for whom: one guard for each verb. Pure.

A verb asks its guard first. What an officer is shown beside a task (``possible``) asks the same guards, so that both
always agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.applications import answers, limits, refusals, rules
from chalicelib.applications.process import (
    AFTER,
    BEFORE,
    CHECK,
    CONSULT,
    COPY,
    GAPS,
    INTAKE,
    MISSING,
    SIGN,
    Case,
    Officer,
    StepState,
    TaskSeat,
)
from chalicelib.catalog.definition import paths
from chalicelib.kernel.errors import Problem, refuse_if


@dataclass(frozen=True)
class TaskPlace:
    """A seat of a step: what a task is."""

    step: StepState
    seat: TaskSeat


"""In a list of what is possible."""
Guard = Callable[[Case, TaskPlace, Officer], None]


def require_running(case: Case) -> None:
    """Raise ``wrong_state`` unless the units work on the case now."""
    if not limits.is_running(case):
        raise rules.GRAPH.refusal(case.item.status)


def _require_open(case: Case, place: TaskPlace) -> None:
    """The task can be acted on: the case runs, the step is open, and it is this seat's turn."""
    is_open = place.step.status == rules.STEP_OPEN and place.seat.status in answers.LIVE
    refuse_if(not is_open, rules.TASK_DONE)
    if place.seat.kind != CHECK:
        require_running(case)
    if place.seat.status != answers.OPEN:
        raise answers.SEATS.refusal(place.seat.status)


def acts_for(seat: TaskSeat, who: Officer) -> bool:
    """Whether somebody has this seat, or stands in for who has it."""
    return seat.officer != "" and (seat.officer == who.id or seat.officer in who.stands_in_for)


def _require_mine(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_open(case, place)
    if acts_for(place.seat, who):
        return
    raise rules.TASK_TAKEN() if place.seat.officer else rules.TASK_NOT_YOURS()


def _require_decidable(case: Case, place: TaskPlace, who: Officer) -> None:
    """The seat's holder may answer now: nothing is asked of a delegate, and the clock runs.

    A substitute has no other part in the step: two seats are two persons.
    """
    _require_mine(case, place, who)
    is_substitute = place.seat.officer != who.id
    refuse_if(is_substitute and has_other_seat(place, who.id), refusals.SEAT_TWICE)
    refuse_if(not is_substitute and not _fits_post(place, who), refusals.NOT_FOR_YOUR_POST)
    refuse_if(place.seat.delegate, refusals.WITH_DELEGATE)
    refuse_if(case.process.is_paused, refusals.CASE_PAUSED)


def _require_kind(place: TaskPlace, *kinds: str) -> None:
    refuse_if(place.seat.kind not in kinds, refusals.OTHER_KIND)


def has_other_seat(place: TaskPlace, who: str) -> bool:
    """Whether somebody has another part in the step: nobody answers for two."""
    others = [seat for seat in place.step.seats if seat.number != place.seat.number and seat.kind == SIGN]
    return any(who in (seat.officer, seat.voter) and seat.status != answers.SKIPPED for seat in others)


def _fits_post(place: TaskPlace, who: Officer) -> bool:
    if place.seat.kind != SIGN or place.seat.post in who.posts:
        return True
    return place.step.escalated and "unit_head" in who.posts


def check_post(place: TaskPlace, who: Officer) -> None:
    """Raise ``not_for_your_post`` for somebody whose post does not fit the seat."""
    refuse_if(not _fits_post(place, who), refusals.NOT_FOR_YOUR_POST)


def _is_head(who: Officer) -> bool:
    return "unit_head" in who.posts


def claim(case: Case, place: TaskPlace, who: Officer) -> None:
    """Nobody has it, or who has it does not work here any more; the post fits; no other seat of the step is theirs.

    The head of the unit may take what an officer has let become overdue, where the definition says so. A copy is only
    read, by anybody of the unit.
    """
    _require_kind(place, SIGN, CONSULT, GAPS, CHECK)
    _require_open(case, place)
    is_free = not place.seat.officer or place.seat.officer in case.gone
    takes_over = place.step.escalated and _is_head(who)
    refuse_if(place.seat.officer != who.id and not is_free and not takes_over, rules.TASK_TAKEN)
    check_post(place, who)
    refuse_if(has_other_seat(place, who.id), refusals.SEAT_TWICE)


def release(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_mine(case, place, who)
    refuse_if(place.seat.delegate, refusals.WITH_DELEGATE)


def _require_vote(case: Case, place: TaskPlace, who: Officer) -> None:
    """A vote is possible; not while the applicant is still to be told what the unit misses."""
    _require_kind(place, SIGN)
    _require_decidable(case, place, who)
    said = case.process.gaps.get(case.unit_of(place.step, place.seat))
    waits_for_notice = case.item.status == rules.RECEIVED and said == MISSING
    refuse_if(waits_for_notice, refusals.GAPS_STATED_BEFORE)


def approve(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_vote(case, place, who)
    until = limits.public_until(case, place.step)
    refuse_if(until is not None and case.today <= until, refusals.PUBLICITY_NOT_OVER, until=str(until))


def refuse(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_vote(case, place, who)


def assign(case: Case, place: TaskPlace, who: Officer) -> None:
    """The head gives a task that nobody has."""
    _require_kind(place, SIGN, CONSULT, GAPS, CHECK)
    _require_open(case, place)
    refuse_if(not _is_head(who), refusals.ONLY_HEAD)
    refuse_if(place.seat.officer and place.seat.officer not in case.gone, rules.TASK_TAKEN)


def reassign(case: Case, place: TaskPlace, who: Officer) -> None:
    """The head moves a task from one officer to another."""
    _require_kind(place, SIGN, CONSULT, GAPS, CHECK)
    _require_open(case, place)
    refuse_if(not _is_head(who), refusals.ONLY_HEAD)


def transfer(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_mine(case, place, who)
    refuse_if(place.seat.delegate, refusals.WITH_DELEGATE)


def delegate(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)
    refuse_if(place.seat.delegate, refusals.WITH_DELEGATE)


def answer_delegation(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_open(case, place)
    is_asked = place.seat.delegate == who.id or place.seat.delegate in who.stands_in_for
    refuse_if(not place.seat.delegate or not is_asked, refusals.NOT_DELEGATED)


def take_back(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_mine(case, place, who)
    refuse_if(not place.seat.delegate, refusals.NO_DELEGATION)


def add_signer_before(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_decidable(case, place, who)
    refuse_if(answers.has_added(place.step, place.seat, AFTER), refusals.SIGNERS_BOTH_WAYS)


def add_signer_after(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_decidable(case, place, who)
    refuse_if(answers.has_added(place.step, place.seat, BEFORE), refusals.SIGNERS_BOTH_WAYS)


def remove_signer(case: Case, place: TaskPlace, who: Officer) -> None:
    """``place`` is the added signer's; who added them removes them."""
    require_running(case)
    refuse_if(case.process.is_paused, refusals.CASE_PAUSED)
    parent = place.step.seat(place.seat.added_by) if place.seat.added_by else None
    refuse_if(parent is None or not acts_for(parent, who), refusals.NOT_ADDED)
    refuse_if(place.step.status != rules.STEP_OPEN or place.seat.status not in answers.LIVE, rules.TASK_DONE)


def consult(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)


def give_opinion(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, CONSULT)
    _require_mine(case, place, who)


def comment(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_mine(case, place, who)


def send_copy(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)


def mark_read(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, COPY)
    refuse_if(who.unit != case.unit_of(place.step, place.seat), rules.TASK_NOT_YOURS)
    refuse_if(place.seat.status != answers.OPEN, rules.TASK_DONE)


def return_to(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_decidable(case, place, who)
    refuse_if(not return_targets(case, place), refusals.RETURN_NOT_POSSIBLE, targets=refusals.NONE)


def return_targets(case: Case, place: TaskPlace) -> list[str]:
    """Where the case may be sent back to from here."""
    process = case.process
    open_steps = [step.code for step in process.open_steps if step.code != INTAKE]
    done = [step.code for step in process.steps if step.status == rules.STEP_DONE]
    return paths.return_targets(case.workflow, place.step.code, open_steps, done)


def recall(case: Case, place: TaskPlace, who: Officer) -> None:
    """The own vote, while nobody has acted on what it opened."""
    require_running(case)
    refuse_if(place.seat.kind != SIGN or not acts_for(place.seat, who), rules.TASK_NOT_YOURS)
    definition = case.workflow.step(place.step.code)
    refuse_if(case.process.is_paused, refusals.CASE_PAUSED)
    is_agreed = place.seat.status == answers.AGREED and not place.seat.added_by
    # Who has signed after this vote has acted on it.
    refuse_if(answers.has_signed_after(place.step, place.seat), refusals.NOT_RECALLABLE)
    is_standing = place.step.status in (rules.STEP_OPEN, rules.STEP_DONE)
    refuse_if(not (is_agreed and is_standing and definition.recallable), refusals.NOT_RECALLABLE)
    in_sequence = definition.answer.method == "sequence"
    refuse_if(in_sequence and answers.has_acted(place.step, place.seat), refusals.NOT_RECALLABLE)
    is_done = place.step.status == rules.STEP_DONE
    # What the vote has opened has taken the place of what its units were asked: they would be asked nothing any more.
    refuse_if(is_done and case.item.status == rules.RECEIVED, refusals.NOT_RECALLABLE)
    refuse_if(is_done and _has_touched_successor(case, place.step), refusals.NOT_RECALLABLE)


def _has_touched_successor(case: Case, step: StepState) -> bool:
    for code in paths.followers(case.workflow, step.code):
        successor = case.process.step(code)
        if successor is None or successor.status in (rules.STEP_RESET,):
            continue
        if successor.status != rules.STEP_OPEN or any(seat.officer for seat in successor.seats):
            return True
    return False


def _require_telling(case: Case, place: TaskPlace, who: Officer) -> None:
    """The unit may say now whether something is missing."""
    refuse_if(case.item.status == rules.ACCEPTED, refusals.CORRECTION_TOO_LATE)
    _require_kind(place, GAPS, SIGN)
    _require_mine(case, place, who)
    refuse_if(case.process.gaps.get(case.unit_of(place.step, place.seat)), refusals.GAPS_STATED_BEFORE)


def request_correction(case: Case, place: TaskPlace, who: Officer) -> None:
    refuse_if(case.corrected and case.item.status == rules.RECEIVED, rules.CORRECTION_ONCE)
    _require_telling(case, place, who)


def confirm_papers(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_telling(case, place, who)


def not_accept(case: Case, place: TaskPlace, who: Officer) -> None:
    """The responsible unit refuses to accept: the matter is none of its business (许可法 32)."""
    if case.item.status == rules.ACCEPTED:
        raise rules.GRAPH.refusal(case.item.status)
    _require_kind(place, GAPS, SIGN)
    _require_mine(case, place, who)
    refuse_if(case.unit_of(place.step, place.seat) != case.lead, refusals.NOT_LEAD)


def open_procedure(case: Case, place: TaskPlace, who: Officer) -> None:
    """After the acceptance: before it no limit runs that could stand."""
    _require_kind(place, SIGN)
    _require_mine(case, place, who)
    if case.item.status != rules.ACCEPTED:
        raise rules.GRAPH.refusal(case.item.status)
    refuse_if(not case.workflow.step(place.step.code).procedures, refusals.PROCEDURE_NOT_ALLOWED, kinds=refusals.NONE)


def close_procedure(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)
    refuse_if(not any(one.step == place.step.code for one in case.process.running_procedures), refusals.NO_PROCEDURE)


def extend(case: Case, place: TaskPlace, who: Officer) -> None:
    """The head of the unit, once, before the limit has ended (许可法 42)."""
    _require_kind(place, SIGN)
    _require_open(case, place)
    refuse_if(not _is_head(who), refusals.ONLY_HEAD)
    refuse_if(case.process.extension, refusals.EXTENDED_BEFORE)
    due = limits.whole_due(case)
    days = case.workflow.step(place.step.code).extension_days
    is_late = due is not None and case.today > due
    refuse_if(not days or is_late, refusals.EXTENSION_NOT_ALLOWED, days=str(days))


def answer_supervision(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)
    refuse_if(case.unit_of(place.step, place.seat) not in case.process.supervised, refusals.NO_SUPERVISION)


def receive_material(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, SIGN)
    _require_mine(case, place, who)
    refuse_if(not any(owed.supplied is None for owed in case.process.owed), refusals.NOT_PROMISED)


def confirm_promise(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, CHECK)
    _require_mine(case, place, who)


def report_false_promise(case: Case, place: TaskPlace, who: Officer) -> None:
    _require_kind(place, CHECK)
    _require_mine(case, place, who)


GUARDS: dict[str, Guard] = {
    "claim": claim,
    "release": release,
    "approve": approve,
    "refuse": refuse,
    "request_correction": request_correction,
    "confirm_papers": confirm_papers,
    "not_accept": not_accept,
    "assign": assign,
    "reassign": reassign,
    "transfer": transfer,
    "delegate": delegate,
    "answer_delegation": answer_delegation,
    "take_back": take_back,
    "add_signer_before": add_signer_before,
    "add_signer_after": add_signer_after,
    "remove_signer": remove_signer,
    "consult": consult,
    "give_opinion": give_opinion,
    "comment": comment,
    "send_copy": send_copy,
    "mark_read": mark_read,
    "return_to": return_to,
    "recall": recall,
    "open_procedure": open_procedure,
    "close_procedure": close_procedure,
    "extend": extend,
    "answer_supervision": answer_supervision,
    "receive_material": receive_material,
    "confirm_promise": confirm_promise,
    "report_false_promise": report_false_promise,
}


def possible(case: Case, place: TaskPlace, who: Officer) -> dict[str, Problem | None]:
    """Every verb, and why it is not possible now; None for one that is."""
    found: dict[str, Problem | None] = {}
    for verb, guard in GUARDS.items():
        try:
            guard(case, place, who)
        except Problem as problem:
            found[verb] = problem
        else:
            found[verb] = None
    return found
