"""A case as the verbs see it, and how what they changed is written: queue rows first, then the head, then the rest.

The head decides by one conditional write. The rows of the units' queues follow from it (``rows_of``):

1. New rows are written before the head. Who dies then leaves a row of a task that is not open; whoever opens it is told
   so, and the nightly check removes it. A task that nobody sees cannot come about.
2. The head is written.
3. Rows that look different by now are written, and rows of tasks that are over are removed. Who dies before that leaves
   rows that show something old: a repeat of the verb or the nightly check mends them.

Written together they would cost twice as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib.applications import answers, course, events, limits, rules, store, watch
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import COPY, PROMISE_CHECK, Case, Happened, Officer, Process
from chalicelib.applications.service import publicity, schedule
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.service.publicity import Published
from chalicelib.applications.store import ApplicationItem, Content, ContentItem, queues, watchlist
from chalicelib.applications.store.queues import QueueRow
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.kernel.storage.tables import Write

POSTS = ("officer", "unit_head")
_PAUSED_SORTS_LAST = "9999-12-31"

Rows = dict[tuple[str, str], QueueRow]


def case_of(item: ApplicationItem, definition: ServiceDefinition | None = None) -> Case:
    """A case as it is now."""
    found = definition or definition_of(item)
    return Case(
        item=item,
        workflow=found.workflow,
        process=item.process,
        calendar=catalog.calendar(),
        today=clock.today(),
        promised_days=found.item.promised_days,
        check_days=found.item.commitment.check_days if found.item.commitment else 0,
        lead=found.item.unit,
        corrected=bool(item.corrected),
        is_notice_due=_is_notice_due(item.process),
        on_paper=item.delivery is not None,
    )


def _is_notice_due(process: Process) -> bool:
    """Whether the hour has come at which the one notice is sent, whoever has said nothing yet."""
    if process.received is None or process.accepted is not None:
        return False
    last_day = catalog.calendar().add_working_days(process.received, limits.ACCEPTANCE_DAYS)
    now = clock.local(clock.now())
    return now.date() == last_day and now.time() >= watch.NOTICE_HOUR


@dataclass(frozen=True, kw_only=True)
class Task:
    """A seat of a step of an application, as a path names it: ``01K7...-review``, or ``01K7...-review-2``."""

    id: str
    item: ApplicationItem
    step: str
    seat: int
    unit: str

    def place(self, item: ApplicationItem) -> TaskPlace:
        """The task's place in the application as it is stored now; raises ``task_done`` if it has none any more."""
        step = item.process.step(self.step)
        seat = step.seat(self.seat) if step is not None else None
        if step is None or seat is None:
            raise rules.TASK_DONE()
        return TaskPlace(step, seat)


def id_of_task(application_id: str, step: str, seat: int) -> str:
    return f"{application_id}-{step}" if seat == 1 else f"{application_id}-{step}-{seat}"


def find_task(task_id: str) -> Task | None:
    """The task with this id, open or not; None if there never was one."""
    application_id, _, rest = task_id.partition("-")
    code, _, number = rest.partition("-")
    is_number = number.isascii() and number.isdigit() and len(number) < 4
    item = store.application(application_id) if code and (not number or is_number) else None
    if item is None or item.status in (rules.DRAFT, rules.DISCARDED):
        return None
    step = item.process.step(code)
    seat = step.seat(int(number or "1")) if step is not None else None
    if step is None or seat is None or id_of_task(application_id, code, seat.number) != task_id:
        return None
    unit = seat.unit or definition_of(item).workflow.step(code).unit
    return Task(id=task_id, item=item, step=code, seat=seat.number, unit=unit)


# Who acts


def officer_of(actor: Actor, place: TaskPlace) -> Officer:
    """The caller, with their posts, and whom they stand in for among those who have the task."""
    stands_in_for = []
    for username in (place.seat.officer, place.seat.delegate, _parent_officer(place)):
        if username and username != actor.id and is_substitute(username, actor.id):
            stands_in_for.append(username)
    # An administrator moves tasks as the head of the unit does, where there is none.
    administers = "system_administrator" in actor.roles
    posts = ("unit_head",) if administers else tuple(post for post in POSTS if post in actor.roles)
    return Officer(id=actor.id, unit=actor.unit, posts=posts, stands_in_for=tuple(stands_in_for))


def _parent_officer(place: TaskPlace) -> str:
    parent = place.step.seat(place.seat.added_by) if place.seat.added_by else None
    return parent.officer if parent is not None else ""


def is_substitute(absent: str, username: str) -> bool:
    """Whether somebody stands in today for somebody who is away."""
    found = store.absence(absent)
    return found is not None and found.substitute == username and found.first_day <= clock.today() <= found.last_day


def colleague(username: str, item: ApplicationItem) -> Officer:
    """Somebody who is named: their unit and posts, whether they work here, and whether the case is their own matter."""
    member = identity.members.known(username)
    if member is None:
        return Officer(id=username, works=False)
    posts = tuple(post for post in POSTS if post in member.roles)
    named = Actor(kind="staff", id=username, unit=member.unit, roles=tuple(member.roles), person=member.person_index)
    # Whose own identity is not known is named by nobody: their own matters are not known either.
    is_own = not named.person or identity.own_matters.is_own(named, item.applicant, item.handler)
    works = identity.members.is_active(member) and bool(posts)
    return Officer(id=username, unit=member.unit, posts=posts, works=works, is_own=is_own)


# What is written


def rows_of(case: Case, item: ApplicationItem) -> Rows:
    """The rows of the units' queues that the head asks for: a row for each seat that can act now."""
    found: Rows = {}
    runs = limits.is_running(case)
    for step in case.process.steps:
        if not runs and step.code != PROMISE_CHECK:
            continue
        is_open = step.status == rules.STEP_OPEN
        for seat in step.seats:
            is_copy = seat.kind == COPY
            if seat.status != answers.OPEN or not (is_open or is_copy):
                continue
            unit = case.unit_of(step, seat)
            assert step.opened is not None
            # A copy has no limit, and stays when its step is answered.
            due_on = None if is_copy else step.due_on
            key = f"{due_on or _PAUSED_SORTS_LAST}#{id_of_task(item.id, step.code, seat.number)}"
            row = QueueRow(
                queues.queue_key(unit, seat.post),
                key,
                step=step.code,
                seat=seat.number,
                kind=seat.kind,
                post=seat.post,
                mark=step.mark,
                unit=unit,
                service=item.service,
                service_version=item.service_version,
                receipt=item.receipt,
                officer=seat.delegate or seat.officer,
                head_version=int(item.version or 0),
                due_on=due_on,
                opened=step.opened,
            )
            found[row.pk, row.sk] = row
    return found


@dataclass(kw_only=True)
class Update:
    """What is about to be written of a case: further writes beside those of the verbs.

    ``before``, ``public`` and ``inputs`` are what the case had; ``form``: the form, where it is written too.
    """

    case: Case
    item: ApplicationItem
    before: Rows
    inputs: tuple[object, ...]
    public: Published
    form: Mapping[str, Any] | None = None
    others: list[Write] = field(default_factory=list)

    @classmethod
    def of(cls, item: ApplicationItem, definition: ServiceDefinition | None = None) -> Update:
        case = case_of(item, definition)
        public = publicity.published_by(case)
        return cls(case=case, item=item, before=rows_of(case, item), inputs=_clock_inputs(case), public=public)


def _clock_inputs(case: Case) -> tuple[object, ...]:
    """What the whole limit follows from, besides the calendar."""
    process = case.process
    return process.accepted or process.received, process.extension, process.pauses(case.today), case.promised_days


def refresh_dues(update: Update) -> list[Happened]:
    """Compute the due days anew; what has happened if the calendar alone has moved the case's."""
    case = update.case
    item = update.item
    for step in case.process.open_steps:
        step.due_on = limits.step_due(case, step)
    moved = []
    for owed in course.set_owed_days(case):
        moved.append(Happened(events.MATERIAL_DAY_MOVED, {"material": owed.material, "until": str(owed.until)}))
    before = item.due_on
    item.due_on = limits.whole_due(case) if limits.is_running(case) else None
    is_same_limit = update.inputs == _clock_inputs(case)
    if not is_same_limit or before is None or item.due_on is None or before == item.due_on:
        return moved
    return [*moved, Happened(events.LIMITS_RECOMPUTED, {"before": str(before), "due_on": str(item.due_on)})]


def write(update: Update, happened: Sequence[Event]) -> None:
    """Write what has become of a case, in the order that this module's text names. Raises ``ConditionFailed``."""
    item = update.item
    case = update.case
    item.process = case.process
    moved = [Event(one.event, system("calendar"), data=one.data) for one in refresh_dues(update)]
    head = changes.record(item, *happened, *moved)
    after = rows_of(case, item)
    new_keys = [key for key in after if key not in update.before]
    for key in new_keys:
        write_if_newer(queues.new_row_write(after[key]))
    published = publicity.writes(case, item, update.public, update.form)
    try:
        tables.write(head, *update.others, *published)
    except tables.ConditionFailed:
        _put_right(item.id, [after[key] for key in new_keys])
        raise
    for key, row in after.items():
        if key in update.before and differs(row, update.before[key]):
            write_if_newer(queues.newer_row_write(row))
    for key, row in update.before.items():
        if key not in after:
            write_if_newer(queues.row_removal(row, int(item.version)))
    if new_keys:
        _look_earlier(case, item)


def _look_earlier(case: Case, item: ApplicationItem) -> None:
    """A new task may be due before the schedule looks at the case again.

    Who dies before this lets the schedule say later than it could that the task is overdue.
    """
    planned = watchlist.clock_of(item.id)
    when = schedule.next_look(case)
    if planned is None or when is None or not worker.is_scheduled(planned):
        return
    known = worker.planned_at(planned)
    if known is not None and known > when:
        write_if_newer(tables.replace(worker.schedule(planned, when)))


def show(update: Update, task_id: str) -> None:
    """Let the queue show a task as it is: an earlier try may have died before it came to that."""
    for row in update.before.values():
        if row.id == task_id:
            write_if_newer(queues.newer_row_write(row))


def differs(one: QueueRow, other: QueueRow) -> bool:
    """Whether two rows of a task look different to who reads the queue."""
    shown = ("kind", "mark", "officer", "service_version", "opened")
    return any(getattr(one, name) != getattr(other, name) for name in shown)


def write_if_newer(write: Write) -> None:
    """Write a row, or leave it: it shows something newer by now."""
    with suppress(tables.ConditionFailed):
        tables.write(write)


def _put_right(application_id: str, rows: list[QueueRow]) -> None:
    """Somebody else's verb was first: the rows that were written too early become what the head says now."""
    item = store.application(application_id)
    assert item is not None
    wanted = rows_of(case_of(item), item)
    for row in rows:
        right = wanted.get((row.pk, row.sk))
        if right is None:
            write_if_newer(queues.row_removal(row, max(row.head_version, int(item.version))))
        else:
            write_if_newer(queues.new_row_write(right))


def events_of(case: Case, actor: Actor, note: str = "") -> list[Event]:
    """The events that the verbs have noted; the words of whoever acted belong to the deed itself."""
    happened = case.happened
    deed = next((one for one in happened if _is_deed(one)), happened[0] if happened else None)
    found = []
    for one in happened:
        found.append(Event(one.event, actor, note=note if one is deed else "", data=one.data))
    return found


def _is_deed(one: Happened) -> bool:
    return "step" in one.data and one.event is not events.STEP_OPENED


def repeat(task: Task, version: int | None, act: Callable[[ApplicationItem, TaskPlace], None]) -> ApplicationItem:
    """Act on a task as it is stored; again, with everything read anew, when somebody else was first.

    ``version``: the case's version that the officer has seen, if they said so. Raises ``changed_meanwhile``.
    """
    tried: list[ApplicationItem] = []

    def attempt() -> ApplicationItem:
        item = store.application(task.item.id) if tried else task.item
        assert item is not None
        tried.append(item)
        refuse_if(version is not None and int(item.version) != version, errors.CONFLICT)
        act(item, task.place(item))
        return item

    return optimistic.repeat(attempt)


def gone_officers(place: TaskPlace, actor: Actor) -> frozenset[str]:
    """Whether who has the task does not work here any more."""
    officer = place.seat.officer
    if not officer or officer == actor.id or identity.members.may_work(officer):
        return frozenset()
    return frozenset({officer})


def write_content(stored: ContentItem, content: Content) -> None:
    """Write a content that was read before. Raises ``ConditionFailed``."""
    tables.write(store.content_write(stored, content))
