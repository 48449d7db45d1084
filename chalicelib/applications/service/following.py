"""What time does to running cases: the sweep visits those that may have something due (``watch.py``)."""

from __future__ import annotations

from chalicelib.applications import rules, store, watch
from chalicelib.applications.process import PROMISE_CHECK
from chalicelib.applications.service import cases, deciding
from chalicelib.applications.store import ApplicationItem, ClockItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.storage import tables, worker
from chalicelib.kernel.storage.worker import Deed, Worker

SCHEDULE = system("schedule")


def visit(row: ClockItem) -> None:
    """Do what is due about one case, and say when to look again; a case that is over leaves the list.

    A visit can die anywhere: what was done is noted in the head, and the next visit goes on.
    """
    item = store.application(row.application_id)
    if item is None or not is_running(item):
        # It may have been submitted this moment: the list is written first. Then it is looked at once more.
        if item is not None and item.status in (rules.DRAFT, rules.CORRECTION):
            tables.write(worker.save_schedule(worker.schedule(row, cases.tomorrow())))
            return
        tables.write(tables.Delete(row, ClockItem.version == row.version))
        return
    update = cases.Update.of(item)
    watch.look(update.case, clock.local(clock.now()))
    if update.case.happened or update.case.sends_notice:
        deciding.conclude(update, SCHEDULE)
    when = cases.next_look(update.case) or cases.tomorrow()
    tables.write(worker.save_schedule(worker.schedule(row, when)))


def is_running(item: ApplicationItem) -> bool:
    """Whether time can do something to a case."""
    if item.status in (rules.RECEIVED, rules.ACCEPTED):
        return True
    check = item.process.step(PROMISE_CHECK)
    return check is not None and check.status == rules.STEP_OPEN


WORKER = Worker(name="applications", deeds={"CLOCK": Deed(model=ClockItem, do=visit)}, swept=250)
