"""What time does to running cases: the sweep visits those that may have something due (``watch.py``)."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.applications import limits, rules, store, watch
from chalicelib.applications.process import PROMISE_CHECK
from chalicelib.applications.service import cases, deciding, lapses, schedule
from chalicelib.applications.store import ApplicationItem
from chalicelib.applications.store.watchlist import ClockItem
from chalicelib.catalog import service as catalog
from chalicelib.delivery import service as delivery
from chalicelib.kernel import clock
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.storage import tables, worker
from chalicelib.kernel.storage.worker import Deed, Worker
from chalicelib.payments import service as payments


def visit(row: ClockItem) -> None:
    """Do what is due about one case, and say when to look again; a case that is over leaves the list.

    A visit can die anywhere: what was done is noted in the head, and the next visit goes on.
    """
    item = store.application(row.application_id)
    if item is None or is_over(item):
        tables.write(tables.Delete(row, ClockItem.version == row.version))
        return
    if item.status == rules.APPROVED and not is_running(item):
        _visit_unpaid(row, item)
        return
    if not is_running(item) and item.status != rules.COMPLETED:
        # It waits for the applicant, or was submitted this moment: the list is written first.
        tables.write(worker.save_schedule(worker.schedule(row, schedule.tomorrow())))
        return
    update = cases.Update.of(item)
    update.case.undelivered = is_undelivered(item)
    watch.look(update.case, clock.local(clock.now()))
    if update.case.happened or update.case.sends_notice:
        deciding.conclude(update, lapses.TIME)
    when = schedule.next_look(update.case)
    if when is None and item.status == rules.COMPLETED:
        tables.write(tables.Delete(row, ClockItem.version == row.version))
    else:
        tables.write(worker.save_schedule(worker.schedule(row, when or schedule.tomorrow())))


def _visit_unpaid(row: ClockItem, item: ApplicationItem) -> None:
    """An approved case ends so many days after its bill has expired."""
    when = schedule.tomorrow()
    payable_until = payments.bills.payable_until(item.bills)
    if payable_until is not None:
        ends_after = payable_until + timedelta(days=limits.UNPAID_DAYS)
        if clock.today() <= ends_after:
            when = schedule.morning_after(ends_after)
        elif _end_unpaid(item):
            tables.write(tables.Delete(row, ClockItem.version == row.version))
            return
    tables.write(worker.save_schedule(worker.schedule(row, when)))


def _end_unpaid(item: ApplicationItem) -> bool:
    """Whether the case was ended; not if somebody pays at this moment, who is first."""
    try:
        lapses.end_unpaid(item)
    except Problem as problem:
        if problem.error not in (payments.ALREADY_PAID, payments.OTHER_PAYMENT_OPEN):
            raise
        return False
    return True


def is_over(item: ApplicationItem) -> bool:
    """Whether time does nothing to a case any more."""
    if is_running(item):
        return False
    if item.status == rules.COMPLETED:
        return item.delivery is None
    return item.status not in (rules.DRAFT, rules.CORRECTION, rules.APPROVED)


def is_undelivered(item: ApplicationItem) -> bool:
    """Whether a result that is wanted on paper has not arrived in time, for no reason of the applicant's."""
    due_on = limits.delivery_due(catalog.calendar(), item.process)
    is_on_paper = bool(item.delivery) and item.status == rules.COMPLETED
    if not is_on_paper or due_on is None or clock.today() <= due_on:
        return False
    return delivery.parcels.is_owed(item.id)


def is_running(item: ApplicationItem) -> bool:
    """Whether time can do something to a case."""
    if item.status in (rules.RECEIVED, rules.ACCEPTED):
        return True
    check = item.process.step(PROMISE_CHECK)
    return check is not None and check.status == rules.STEP_OPEN


WORKER = Worker(name="applications", deeds={"CLOCK": Deed(model=ClockItem, do=visit)}, swept=250)
