"""Jobs that walk all running cases, a page at a time: each page's end is noted, so that they can be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.applications import events, limits, rules, store
from chalicelib.applications.process import COPY, Happened
from chalicelib.applications.service import cases, following, oversight
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.store import ApplicationItem, queues, watchlist
from chalicelib.applications.store.watchlist import JobItem
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import Problem, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables

LIMITS = "limits"
_RESERVED_MILLISECONDS = 60_000
"""A job stops when so little of its function's time is left: the page that it has begun has to be finished."""
PARTS = watchlist.PARTS
_CALENDAR = system("calendar")
Visit = Callable[[ApplicationItem], bool]


def time_of(context: Any) -> Callable[[], bool]:
    """Whether a function has time left, by Lambda's ``context``; without one it has."""
    if context is None:
        return lambda: True
    return lambda: context.get_remaining_time_in_millis() > _RESERVED_MILLISECONDS


def report(job: JobItem) -> dict[str, Any]:
    """How many cases a job has seen, altered and failed to do; ``done`` when it has come to its end."""
    return {"seen": job.seen, "altered": job.altered, "failed": job.failed, "done": job.ended_at is not None}


def recompute_limits(has_time: Callable[[], bool]) -> JobItem:
    """Compute the limits of all running cases anew if the calendar has changed since this was last done.

    ``has_time`` is asked after each page; the next call goes on there. People whose day has changed get a message.
    """
    wanted = catalog.calendar_fingerprint()
    job = watchlist.job(LIMITS)
    is_done = job.wanted == wanted and job.ended_at is not None
    if is_done and not job.failed:
        return job
    if is_done or job.wanted != wanted:
        _begin(job, wanted)
    return _walk(job, recompute, has_time)


def progress() -> JobItem:
    """How far the limits are computed anew."""
    return watchlist.job(LIMITS)


def _begin(job: JobItem, wanted: str) -> None:
    job.wanted = wanted
    job.part = 0
    job.cursor = None
    job.seen = 0
    job.altered = 0
    job.failed = 0
    job.began_at = clock.now()
    job.ended_at = None


def _walk(job: JobItem, visit: Visit, has_time: Callable[[], bool]) -> JobItem:
    """Go on with a job until it is done or the time is up.

    Two runs at once do the same work twice, which changes nothing; the second one's note is refused, and it stops.
    """
    while job.part < watchlist.PARTS:
        page = watchlist.running(job.part, job.cursor)
        for row in page.items:
            _visit(job, row.pk.removeprefix("CLOCK#"), visit)
        job.cursor = page.cursor
        if page.cursor is None:
            job.part += 1
        if job.part == watchlist.PARTS:
            job.ended_at = clock.now()
        tables.write_or_conflict(tables.replace(job))
        log.write("job_progress", subject=job.pk, reason=f"part {job.part} of {watchlist.PARTS}, {job.seen} seen")
        if not has_time():
            break
    return job


def _visit(job: JobItem, application_id: str, visit: Visit) -> None:
    job.seen += 1
    item = store.application(application_id)
    if item is None or not (following.is_running(item) or item.status == rules.CORRECTION):
        return
    try:
        job.altered += visit(item)
    except Problem as problem:
        # One case that cannot be done holds up nobody else; it is counted, and an alarm tells.
        log.failure("job_case_failed", problem, subject=application_id)
        job.failed += 1


def recompute(item: ApplicationItem) -> bool:
    """Compute the limits of one case anew; whether a day has changed."""
    tried: list[ApplicationItem] = []

    def attempt() -> bool:
        current = store.application(item.id) if tried else item
        assert current is not None
        tried.append(current)
        if current.status == rules.CORRECTION:
            return _recompute_correction(current)
        update = cases.Update.of(current)
        before = [step.due_on for step in update.case.process.open_steps]
        moved = cases.refresh_dues(update)
        after = [step.due_on for step in update.case.process.open_steps]
        if not moved and before != after:
            moved = [Happened(events.LIMITS_RECOMPUTED)]
        if not moved:
            return False
        cases.write(update, [Event(one.event, _CALENDAR, data=one.data) for one in moved])
        return True

    return optimistic.repeat(attempt)


def _recompute_correction(item: ApplicationItem) -> bool:
    """The last day of a correction, from the day of its notice; whether it has changed."""
    noticed = item.process.noticed
    assert noticed is not None
    days = definition_of(item).item.correction_days
    last_day = catalog.calendar().add_working_days(noticed, days)
    if last_day == item.correct_by:
        return False
    data: dict[str, str | int | list[str]] = {"before": str(item.correct_by), "correct_by": str(last_day)}
    item.correct_by = last_day
    item.reminded = False
    moved = Event(events.CORRECTION_DAY_MOVED, _CALENDAR, data=data)
    tables.write(changes.record(item, moved), tables.Put(watchlist.correction_due(item.id, last_day)))
    return True


@dataclass(frozen=True, kw_only=True)
class Move:
    """From which version of a service's definition to which, and each step's counterpart."""

    service: str
    before: int
    after: int
    steps: dict[str, str]


def move_definitions(actor: Actor, move: Move, reason: str, has_time: Callable[[], bool]) -> JobItem:
    """Move all running cases of a service from one version of its definition to another; goes on where it was."""
    job = watchlist.job(f"definitions/{move.service}/{move.before}-{move.after}")
    # Cases that could not be moved, because they waited for their applicants, are looked at again by another run.
    if job.began_at is None or job.ended_at is not None:
        _begin(job, str(move.after))

    def visit(item: ApplicationItem) -> bool:
        is_decided = item.status not in (rules.RECEIVED, rules.ACCEPTED, rules.CORRECTION)
        if is_decided or item.service != move.service or item.service_version != move.before:
            return False
        oversight.move_definition(actor, item, move.after, move.steps, reason)
        return True

    return _walk(job, visit, has_time)


def check_queues(has_time: Callable[[], bool]) -> dict[str, int]:
    """Nightly: the rows of all units' queues against the cases, both ways.

    A row of a task that is not open is removed, a missing one is written. A running case without an open task that
    somebody can act on is an alarm: nobody would ever see it again.
    """
    found = {"rows": 0, "removed": 0, "written": 0, "stuck": 0}
    for unit in catalog.release().city.units:
        for post in cases.POSTS:
            _check_queue(unit.code, post, found)
            refuse_if(not has_time(), errors.UNAVAILABLE)
    for part in range(watchlist.PARTS):
        _check_part(part, found)
        refuse_if(not has_time(), errors.UNAVAILABLE)
    log.count("stuck_cases", found["stuck"])
    return found


def _check_queue(unit: str, post: str, found: dict[str, int]) -> None:
    cursor = None
    while True:
        page = queues.queue(unit, post, cursor, limit=100)
        for row in page.items:
            found["rows"] += 1
            item = store.application(row.application_id)
            rows = cases.rows_of(cases.case_of(item), item) if item is not None else {}
            version = int(item.version) if item is not None else row.head_version
            right = rows.get((row.pk, row.sk))
            if right is None and row.head_version <= version:
                cases.write_if_newer(queues.row_removal(row, version))
                found["removed"] += 1
            elif right is not None and cases.differs(row, right):
                cases.write_if_newer(queues.new_row_write(right))
                found["written"] += 1
        cursor = page.cursor
        if cursor is None:
            return


def _check_part(part: int, found: dict[str, int]) -> None:
    cursor = None
    while True:
        page = watchlist.running(part, cursor)
        for row in page.items:
            item = store.application(row.pk.removeprefix("CLOCK#"))
            if item is not None:
                _check_case(item, found)
        cursor = page.cursor
        if cursor is None:
            return


def _check_case(item: ApplicationItem, found: dict[str, int]) -> None:
    case = cases.case_of(item)
    rows = cases.rows_of(case, item)
    for row in rows.values():
        if not queues.has_row(row):
            cases.write_if_newer(queues.new_row_write(row))
            found["written"] += 1
    open_codes = {step.code for step in case.process.open_steps}
    is_held = any(one.step not in open_codes for one in case.process.running_procedures)
    can_act = [row for row in rows.values() if row.kind != COPY]
    if limits.is_running(case) and (not can_act or is_held):
        found["stuck"] += 1
        log.write("case_stuck", level="error", subject=item.id, reason="no open task")
