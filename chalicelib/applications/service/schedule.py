"""When a running case is looked at again: its entry on the list of running cases. A hint; the head says what is due."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from chalicelib.applications import limits, rules, watch
from chalicelib.applications.process import OWN_STEPS, PROMISE_CHECK, Case
from chalicelib.applications.store import ApplicationItem, watchlist
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.storage import tables, worker
from chalicelib.kernel.storage.tables import Write

MORNING = time(8)


def tomorrow() -> datetime:
    """The next working morning."""
    return datetime.combine(catalog.calendar().add_working_days(clock.today(), 1), MORNING, clock.SHANGHAI)


def morning_after(day: date) -> datetime:
    """The morning of the day after a day."""
    return datetime.combine(day + timedelta(days=1), MORNING, clock.SHANGHAI)


def next_look(case: Case) -> datetime | None:
    """When something may be due next: the first working morning after a limit, or a fixed hour. None at the end."""
    dues = [due for due in _dues(case) if due is not None]
    moments = [morning_after(due) for due in dues if due >= case.today]
    if case.item.status == rules.RECEIVED:
        for days_after, hour in ((limits.ACCEPTANCE_ALARM_DAY, MORNING), (limits.ACCEPTANCE_DAYS, watch.NOTICE_HOUR)):
            moments.append(datetime.combine(limits.acceptance_due(case, days_after), hour, clock.SHANGHAI))
    later = [moment for moment in moments if moment > clock.now()]
    if later:
        return min(later)
    return tomorrow() if _is_watched(case) else None


def _dues(case: Case) -> list[date | None]:
    if case.item.status == rules.RECEIVED:
        found: list[date | None] = [limits.acceptance_due(case)]
    else:
        found = []
    if limits.is_running(case):
        found.append(limits.whole_due(case))
        found += [owed.until for owed in case.process.owed if owed.supplied is None]
    if case.on_paper and case.item.status == rules.COMPLETED:
        found.append(limits.delivery_due(case.calendar, case.process))
    for step in case.process.open_steps:
        if limits.is_running(case) or step.code == PROMISE_CHECK:
            found.append(limits.step_due(case, step))
    return found


def _is_watched(case: Case) -> bool:
    """Whether the schedule still has to look: the units work on it, somebody owes something, or a check is open."""
    is_open = case.item.status in (rules.RECEIVED, rules.ACCEPTED, rules.CORRECTION, rules.APPROVED)
    return is_open or any(step.code in OWN_STEPS for step in case.process.open_steps)


def clock_write(item: ApplicationItem, case: Case) -> Write:
    """The write that puts a case on the list of running ones."""
    when = next_look(case)
    assert when is not None
    row = worker.schedule(watchlist.clock_item(item), when)
    return tables.Put(row)


def keep_on_list(item: ApplicationItem) -> None:
    """A decided case is looked at until its bill is paid, and its result, if that is wanted on paper, has arrived.

    Before the head: who dies in between leaves an entry that the next look removes.
    """
    if watchlist.clock_of(item.id) is None:
        tables.write(tables.Put(worker.schedule(watchlist.clock_item(item), tomorrow())))
