"""What officers see of a case: queues, tasks with the verbs that are possible, steps and seats."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chalicelib.applications import answers, course, limits, process, rules, service, watch
from chalicelib.applications.process import OWN_STEPS, Case, StepState, TaskSeat
from chalicelib.applications.routes.views.application import ApplicationView, Light, OwedView, Status, application_view
from chalicelib.applications.service import cases, following
from chalicelib.applications.service.cases import Task
from chalicelib.applications.store import ApplicationItem
from chalicelib.applications.store.queues import QueueRow
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.shapes import Instant, View, given, one_of

Kind = Annotated[str, one_of(process.KINDS)]
Mark = Annotated[str, one_of(course.MARKS)]


class TaskRow(View, frozen=True, kw_only=True):
    """A task in the unit's queue; ``light`` is green, yellow or red, or grey while the clock stands.

    ``kind``: what is to be done (sign, consult, gaps, copy, check); ``mark``: why it is there.
    """

    id: str
    application_id: str
    step: str
    kind: Kind
    post: str
    mark: Mark
    service: str
    service_name: Text
    receipt: str
    opened_on: date
    light: Light
    warnings: list[Text]
    due_on: date | None = None
    officer: str | None = None


class TaskList(View, frozen=True):
    """A part of the unit's queue, the most urgent first."""

    items: list[TaskRow]
    cursor: str | None = None


class SeatView(View, frozen=True, kw_only=True):
    """Somebody's part in a step. ``task``: its id; ``added_by``: the number of the seat whose holder added it."""

    task: str
    number: int
    kind: Kind
    unit: str
    post: str
    status: Annotated[str, one_of(answers.SEATS.states)]
    officer: str | None = None
    delegate: str | None = None
    added_by: int | None = None
    place: str | None = None


class StepView(View, frozen=True, kw_only=True):
    """How far a unit's step is."""

    code: str
    name: Text
    status: Annotated[str, one_of(rules.STEPS.states)]
    round: int
    light: Light
    seats: list[SeatView]
    due_on: date | None = None


class ProcedureView(View, frozen=True, kw_only=True):
    """A special procedure, and the written notice by which it was told."""

    kind: str
    step: str
    document: str
    opened_on: date
    until: date
    stops_the_clock: bool
    closed_on: date | None = None


class ReviewView(View, frozen=True, kw_only=True):
    """How a case stands: its version, its steps and its clocks.

    ``supervised``: the units that owe a supervisor an answer.
    ``deliver_by``: the last day to deliver the result; ``published_until``: how long an approval is made public.
    """

    id: str
    case_version: int
    service_version: int
    definition_digest: str
    status: Status
    light: Light
    steps: list[StepView]
    skipped: list[str]
    procedures: list[ProcedureView]
    owed: list[OwedView]
    committed: bool
    supervised: list[str]
    extension_days: int
    received_on: date | None = None
    accepted_on: date | None = None
    due_on: date | None = None
    deliver_by: date | None = None
    published_until: date | None = None


class VerbDone(View, frozen=True, kw_only=True):
    """How a case stands after a verb; its task says the rest."""

    id: str
    case_version: int
    status: Status
    light: Light
    due_on: date | None = None


class VerbView(View, frozen=True, kw_only=True):
    """A verb, whether it is possible for this officer now, and if not, why."""

    verb: str
    possible: bool
    code: str | None = None
    reason: Text | None = None


class TaskView(View, frozen=True, kw_only=True):
    """A task with its case: what was filled in, how it stands, and what can be done."""

    task: TaskRow
    case: ReviewView
    application: ApplicationView
    verbs: list[VerbView]
    return_to: list[str]


class AbsenceView(View, frozen=True):
    """Who stands in, from when to when; nothing for somebody who has never been away."""

    substitute: str | None = None
    first_day: date | None = None
    last_day: date | None = None


class JobView(View, frozen=True, kw_only=True):
    """How far a job is: parts done of all, cases seen, altered and failed."""

    seen: int
    altered: int
    failed: int
    part: int
    parts: int
    began_at: Instant | None = None
    ended_at: Instant | None = None


def row_view(row: QueueRow) -> TaskRow:
    return TaskRow(
        id=row.id,
        application_id=row.application_id,
        step=row.step,
        kind=row.kind,
        post=row.post,
        mark=row.mark,
        service=row.service,
        service_name=catalog.definition(row.service, row.service_version).item.name,
        receipt=row.receipt,
        officer=given(row.officer),
        opened_on=row.opened,
        due_on=row.due_on,
        light=limits.light(catalog.calendar(), clock.today(), row.due_on),
        warnings=catalog.calendar_warnings(row.due_on),
    )


def _task_row(task: Task) -> TaskRow:
    """A task as the queue would show it, also when it is over."""
    item = task.item
    place = task.place(item)
    step = place.step
    seat = place.seat
    assert step.opened is not None
    return TaskRow(
        id=task.id,
        application_id=item.id,
        step=step.code,
        kind=seat.kind,
        post=seat.post,
        mark=step.mark,
        service=item.service,
        service_name=service.definition_of(item).item.name,
        receipt=item.receipt,
        officer=given(seat.delegate or seat.officer),
        opened_on=step.opened,
        due_on=step.due_on,
        light=limits.light(catalog.calendar(), clock.today(), step.due_on),
        warnings=catalog.calendar_warnings(step.due_on),
    )


def task_view(actor: Actor, task: Task, *, with_content: bool = True) -> TaskView:
    """A task; ``with_content`` also what was filled in and what the registers said, but never for a copy."""
    is_copy = task.place(task.item).seat.kind == process.COPY
    possible = service.tasks.possible(actor, task)
    verbs = []
    for verb, problem in possible.items():
        reason = Text(problem.zh, problem.en) if problem is not None else None
        code = problem.error.code if problem is not None else None
        verbs.append(VerbView(verb=verb, possible=problem is None, code=code, reason=reason))
    return TaskView(
        task=_task_row(task),
        case=review_view(task.item),
        application=application_view(task.item, for_staff=True, with_content=with_content and not is_copy),
        verbs=verbs,
        return_to=service.tasks.targets(task),
    )


def review_view(item: ApplicationItem) -> ReviewView:
    """How a case stands."""
    case = cases.case_of(item)
    state = item.process
    return ReviewView(
        id=item.id,
        case_version=int(item.version),
        service_version=item.service_version,
        definition_digest=item.definition_digest,
        status=item.status,
        light=_light(item),
        steps=[_step_view(case, item, step) for step in state.steps],
        skipped=state.skipped,
        procedures=[_procedure_view(one) for one in state.procedures],
        owed=[OwedView(material=one.material, until=one.until, supplied_on=one.supplied) for one in state.owed],
        committed=state.committed,
        supervised=sorted(course.units_to_answer(case)),
        extension_days=state.extension,
        received_on=state.received,
        accepted_on=state.accepted,
        due_on=item.due_on,
        deliver_by=limits.delivery_due(case.calendar, state),
        published_until=state.published_until,
    )


def verb_done(item: ApplicationItem) -> VerbDone:
    """The answer to a verb."""
    return VerbDone(
        id=item.id,
        case_version=int(item.version),
        status=item.status,
        light=_light(item),
        due_on=item.due_on,
    )


def _light(item: ApplicationItem) -> str:
    """The light of the whole case; once it is decided, that of its result as long as it is late, otherwise grey."""
    if item.status == rules.COMPLETED and watch.UNDELIVERED in item.process.told and following.is_undelivered(item):
        return "red"
    if item.status not in (rules.RECEIVED, rules.ACCEPTED):
        return "grey"
    return limits.light(catalog.calendar(), clock.today(), item.due_on)


def _procedure_view(one: process.ProcedureRun) -> ProcedureView:
    return ProcedureView(
        kind=one.kind,
        step=one.step,
        document=one.document,
        opened_on=one.opened,
        until=one.until,
        stops_the_clock=one.pauses,
        closed_on=one.closed,
    )


def _step_view(case: Case, item: ApplicationItem, step: StepState) -> StepView:
    name = OWN_STEP_WORDS[step.code] if step.code in OWN_STEPS else case.workflow.step(step.code).name
    is_open = step.status == rules.STEP_OPEN
    return StepView(
        code=step.code,
        name=name,
        status=step.status,
        round=step.round,
        light=limits.light(case.calendar, case.today, step.due_on) if is_open else "grey",
        seats=[_seat_view(case, item, step, seat) for seat in step.seats],
        due_on=step.due_on,
    )


OWN_STEP_WORDS = {
    process.INTAKE: Text("收件核对", "Checking what is missing"),
    process.PROMISE_CHECK: Text("承诺核查", "Checking the promise"),
}


def _seat_view(case: Case, item: ApplicationItem, step: StepState, seat: TaskSeat) -> SeatView:
    return SeatView(
        task=cases.id_of_task(item.id, step.code, seat.number),
        number=seat.number,
        kind=seat.kind,
        unit=case.unit_of(step, seat),
        post=seat.post,
        status=seat.status,
        officer=given(seat.officer),
        delegate=given(seat.delegate),
        added_by=given(seat.added_by),
        place=given(seat.place),
    )
