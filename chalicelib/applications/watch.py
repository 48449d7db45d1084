"""What time does to a case: reminders, the notice on the last day, deemed acceptance, lights, what came too late. Pure.

Nothing is approved or refused because nobody answered.
"""

from __future__ import annotations

from datetime import datetime, time

from chalicelib.applications import course, events, limits, rules
from chalicelib.applications.process import MISSING, PROMISE_CHECK, Case

NOTICE_HOUR = time(16)
"""On the last day the notice is sent at this hour of Shanghai, with what the units have said by then."""
UNDELIVERED = "undelivered"
"""The mark of a case whose result was told to be late."""


def look(case: Case, now: datetime) -> None:
    """Do what is due by now (the time in Shanghai); called again, it does nothing more."""
    if case.item.status == rules.RECEIVED:
        _watch_acceptance(case, now)
    if case.item.status == rules.ACCEPTED:
        _watch_owed(case)
    if limits.is_running(case):
        _watch_limits(case)
    _watch_steps(case)
    _watch_delivery(case)


def _watch_acceptance(case: Case, now: datetime) -> None:
    """许可法 32: everything is told within five working days, or the case is accepted from the day of receipt."""
    last_day = limits.acceptance_due(case)
    if case.today > last_day:
        course.deem_accepted(case)
        return
    silent = [unit for unit, said in case.process.gaps.items() if not said]
    if case.today >= limits.acceptance_due(case, limits.ACCEPTANCE_ALARM_DAY) and _once(case, "gaps"):
        case.note(events.GAP_CHECK_DUE, units=silent)
        _mark_silent(case, silent)
    is_last_hour = not case.corrected and case.today == last_day and now.time() >= NOTICE_HOUR
    if is_last_hour and MISSING in case.process.gaps.values():
        case.sends_notice = True


def _mark_silent(case: Case, silent: list[str]) -> None:
    """Units that have said nothing yet see it in their queues."""
    for step in case.process.open_steps:
        if any(case.unit_of(step, seat) in silent for seat in step.seats):
            step.mark = course.GAPS_DUE


def _watch_owed(case: Case) -> None:
    """容缺: what does not come in time ends the case."""
    for owed in case.process.owed:
        until = course.owed_until(case, owed)
        is_late = owed.supplied is None and until is not None and case.today > until
        if is_late:
            case.note(rules.GRAPH.move(case.item, "terminate", "system"), material=owed.material)
            course.cancel_open_steps(case)
            return


def _watch_limits(case: Case) -> None:
    due_on = limits.whole_due(case)
    if due_on is not None and case.today > due_on and _once(case, "overdue"):
        case.note(events.APPLICATION_OVERDUE, due_on=str(due_on))
    for running in case.process.running_procedures:
        if case.today > running.until and _once(case, f"procedure:{running.kind}:{running.opened}"):
            case.note(events.PROCEDURE_OVERDUE, step=running.step, kind=running.kind, document=running.document)


def _watch_steps(case: Case) -> None:
    """A step whose limit has passed: its unit is told, and its head may act too where the definition says so."""
    overdue = []
    for step in case.process.open_steps:
        if not limits.is_running(case) and step.code != PROMISE_CHECK:
            continue
        due_on = limits.step_due(case, step)
        if due_on is None or case.today <= due_on or not _once(case, f"overdue:{step.code}"):
            continue
        step.mark = course.OVERDUE
        definition = case.definition(step.code)
        step.escalated = definition is not None and definition.unanswered == "escalate"
        overdue.append(step.code)
    if overdue:
        # One event, however many: a write carries twenty at most.
        case.note(events.STEP_OVERDUE, steps=overdue)


def _watch_delivery(case: Case) -> None:
    """许可法 44: the result is with the applicant within ten working days."""
    if case.undelivered and _once(case, UNDELIVERED):
        due_on = limits.delivery_due(case.calendar, case.process)
        case.note(events.RESULT_UNDELIVERED, due_on=str(due_on))


def _once(case: Case, mark: str) -> bool:
    """Whether this was not told yet; it is from now on."""
    if mark in case.process.told:
        return False
    case.process.told = [*case.process.told, mark]
    return True
