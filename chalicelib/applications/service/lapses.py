"""What does not come in time: a correction, and the money for an approval; the case ends by itself."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.applications import course, events, rules, store
from chalicelib.applications.service import cases
from chalicelib.applications.store import ApplicationItem, watchlist
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.payments import service as payments

TIME = system("schedule")
_LAPSING_DAYS = 14


def end_unpaid(item: ApplicationItem) -> None:
    """Nobody has paid what the decision costs: the case ends, and its bills are cancelled.

    Raises ``bill_already_paid`` and ``other_payment_open``: then it goes on. Raises ``ConditionFailed``.
    """
    update = cases.Update.of(item)
    ended = rules.GRAPH.move(item, "end_unpaid", "system")
    course.cancel_open_steps(update.case)
    update.others += payments.bills.cancel_writes(TIME, item.bills, ended.zh)
    cases.write(update, [Event(ended, TIME)])


def lapse(item: ApplicationItem) -> bool:
    """A correction that did not come in time counts as withdrawn (逾期视为撤回); whether this was the one to say so."""
    update = cases.Update.of(item)
    lapsed = rules.GRAPH.move(item, "lapse", "system")
    course.cancel_open_steps(update.case)
    try:
        cases.write(update, [Event(lapsed, TIME)])
    except tables.ConditionFailed:
        return False
    return True


def remind_of_corrections() -> int:
    """Note that corrections due on the next working day are to be reminded of, each once; how many."""
    last_day = catalog.calendar().add_working_days(clock.today(), 1)
    reminded = 0
    cursor = None
    while True:
        page = watchlist.corrections_due(last_day, cursor)
        for row in page.items:
            reminded += _remind(row.application_id, last_day)
        cursor = page.cursor
        if cursor is None:
            return reminded


def _remind(application_id: str, last_day: date) -> bool:
    def attempt() -> bool:
        item = store.application(application_id)
        waits = item is not None and item.status == rules.CORRECTION and item.correct_by == last_day
        if item is None or not waits or item.reminded:
            return False
        item.reminded = True
        tables.write(changes.record(item, Event(events.CORRECTION_REMINDER_DUE, TIME)))
        return True

    try:
        return optimistic.repeat(attempt)
    except errors.Problem as problem:
        log.failure("reminder_put_off", problem, subject=application_id)
        return False  # the others are reminded all the same; the next run finds this one again


def lapse_corrections() -> int:
    """Withdraw what should have been corrected in the last two weeks, so that missed runs are caught up; how many."""
    lapsed = 0
    for past in range(_LAPSING_DAYS, 0, -1):
        lapsed += _lapse_day(clock.today() - timedelta(days=past))
    return lapsed


def _lapse_day(last_day: date) -> int:
    lapsed = 0
    cursor = None
    while True:
        page = watchlist.corrections_due(last_day, cursor)
        for row in page.items:
            item = store.application(row.application_id)
            if item is not None and item.status == rules.CORRECTION and item.correct_by == last_day:
                lapsed += lapse(item)
        cursor = page.cursor
        if cursor is None:
            return lapsed
