"""Limits of a case: acceptance, each step, the whole, delivery of the result. Pure.

Source: 行政许可法 art. 32, 42, 44, 45, 82; 民法典 art. 201, 203. Days are working days of the published calendar in
Asia/Shanghai; the first day is not counted. What is kept are the inputs (``process.py``); a due day always follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from chalicelib.applications import rules
from chalicelib.applications.process import INTAKE, PROMISE_CHECK, Case, Process, StepState
from chalicelib.kernel.clock import Calendar

ACCEPTANCE_DAYS = 5
"""So many days to tell everything that is missing; otherwise accepted from the day of receipt (art. 32)."""
ACCEPTANCE_ALARM_DAY = 4
DELIVERY_DAYS = 10
"""So many days to deliver the result after the decision (art. 44)."""
UNPAID_DAYS = 15
"""So many days after its bill has expired an approved case ends; until then the bill can be had issued anew."""
LAWFUL_DAYS = 20
LAWFUL_JOINT_DAYS = 45
LAWFUL_EXTENSION = 10
LAWFUL_JOINT_EXTENSION = 15
"""The statutory limits and extensions of a permit, by one unit and by several (art. 42)."""
LIGHTS = ("green", "yellow", "red", "grey")


def due(calendar: Calendar, start: date, days: int, pauses: Iterable[tuple[date, date | None]] = ()) -> date | None:
    """The last day of a limit of ``days`` working days after ``start``; None while the clock stands.

    A pause's first day counts as used, its last day does not. A pause that begins after the limit has ended changes
    nothing: what was missed stays missed.
    """
    left = days
    counted_from = start
    ends = calendar.add_working_days(start, days)
    for begins, over in sorted(pauses, key=_by_beginning):
        was_over_before = over is not None and over <= counted_from
        if was_over_before:
            continue
        if begins > ends:
            break
        left -= calendar.working_days_between(counted_from, begins)
        if over is None:
            return None
        counted_from = over
        ends = calendar.add_working_days(over, max(0, left))
    return ends


def _by_beginning(pause: tuple[date, date | None]) -> tuple[date, date]:
    begins, over = pause
    return begins, over or date.max


def light(calendar: Calendar, today: date, due_on: date | None) -> str:
    """The supervision light: ``grey`` while the clock stands, ``red`` when overdue, ``yellow`` on the last days."""
    if due_on is None:
        return "grey"
    if today > due_on:
        return "red"
    return "yellow" if calendar.working_days_between(today, due_on) <= 1 else "green"


def whole_due(case: Case) -> date | None:
    """The last day of the case's limit: counted from its acceptance, or from its receipt while it is not accepted."""
    start = case.process.accepted or case.process.received
    if start is None:
        return None
    return due(case.calendar, start, case.promised_days + case.process.extension, case.process.pauses(case.today))


def acceptance_due(case: Case, days: int = ACCEPTANCE_DAYS) -> date:
    """The last day on which it can be told what is missing."""
    assert case.process.received is not None
    return case.calendar.add_working_days(case.process.received, days)


def delivery_due(calendar: Calendar, process: Process) -> date | None:
    """The last day on which a certificate reaches the applicant (art. 44); None while none is issued."""
    if process.issued is None:
        return None
    return calendar.add_working_days(process.issued, DELIVERY_DAYS)


def step_due(case: Case, step: StepState) -> date | None:
    """The last day of a step's own limit, which begins with the acceptance; None while the clock stands."""
    assert step.opened is not None
    if step.code == INTAKE:
        return acceptance_due(case)
    if step.code == PROMISE_CHECK:
        return case.calendar.add_working_days(step.opened, case.check_days)
    definition = case.workflow.step(step.code)
    if not isinstance(definition.days, int):
        return whole_due(case)
    if case.process.accepted is None:
        return acceptance_due(case)
    start = max(step.opened, case.process.accepted)
    days = definition.days
    if definition.extension_days and case.process.extended_by == step.code:
        days += case.process.extension
    return due(case.calendar, start, days, case.process.pauses(case.today))


def is_running(case: Case) -> bool:
    """Whether the units work on the case: received or accepted, and not waiting for the applicant."""
    return case.item.status in (rules.RECEIVED, rules.ACCEPTED)


def public_until(case: Case, step: StepState) -> date | None:
    """The last day on which what a step decides about is made public (公示, natural days); None without publicity."""
    definition = case.definition(step.code)
    if definition is None or not definition.publicity_days or step.opened is None:
        return None
    return step.opened + timedelta(days=definition.publicity_days)
