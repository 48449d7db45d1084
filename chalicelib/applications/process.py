"""How far a case has got in its workflow: steps, seats, clocks, and what was told. Pure.

Everything here is one value that is stored with the case's head, so that one conditional write decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import msgspec

from chalicelib.applications import rules
from chalicelib.catalog.definition import Step, Workflow
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.graph import NEW, HasStatus

SIGN = "sign"
CONSULT = "consult"
GAPS = "gaps"
COPY = "copy"
CHECK = "check"
KINDS = (SIGN, CONSULT, GAPS, COPY, CHECK)
"""What a seat's holder does: 审批, 征求意见, 收件核对, 阅知 (抄送), 承诺核查."""

BEFORE = "before"
AFTER = "after"

INTAKE = "intake_check"
"""The step of units whose own step comes later: they say at once what they miss."""
PROMISE_CHECK = "promise_check"
"""The step after a decision that rests on a promise: the unit checks what was promised."""
OWN_STEPS = (INTAKE, PROMISE_CHECK)
"""Steps of every workflow; no definition may name one of its steps so."""

COMPLETE = "complete"
MISSING = "missing"


class TaskSeat(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One person's place in a step: a task.

    ``kind``: see ``KINDS``. ``unit``: of a consulted or informed unit; empty for the step's own. ``officer``: who has
    it; empty while nobody does; ``voter``: who has voted for them as a substitute. ``delegate``: who gives an opinion
    before the officer decides (委派). ``added_by``: the number of the seat whose holder added this one (加签),
    ``place`` whether it acts before or after that one.
    """

    number: int
    status: str = NEW
    kind: str = SIGN
    unit: str = ""
    post: str = "officer"
    officer: str = ""
    voter: str = ""
    delegate: str = ""
    added_by: int = 0
    place: str = ""


class StepState(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How far a unit's step is. ``round``: how often it was opened; ``mark``: why it is there; ``opened``: since when.

    ``due_on``: its last day as the unit's queue shows it, None while the clock stands; it follows from the inputs.
    ``escalated``: its limit has passed, and the head of the unit may act too.
    """

    code: str
    status: str = NEW
    round: int = 0
    mark: str = ""
    opened: date | None = None
    due_on: date | None = None
    escalated: bool = False
    seats: list[TaskSeat] = []

    def seat(self, number: int) -> TaskSeat | None:
        return next(filter(lambda one: one.number == number, self.seats), None)

    @property
    def signers(self) -> list[TaskSeat]:
        """The seats whose votes make the step's answer."""
        return [seat for seat in self.seats if seat.kind == SIGN and not seat.added_by]


class ProcedureRun(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A special procedure: which, by which written notice (``document``), from when to when; ``pauses``: the clock."""

    kind: str
    document: str
    step: str
    opened: date
    until: date
    closed: date | None = None
    pauses: bool = True

    @property
    def days(self) -> int:
        """How long it took, or may still take, of what was told in writing."""
        last = self.until if self.closed is None else min(self.closed, self.until)
        return (last - self.opened).days


class OwedMaterial(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A material that the applicant brings later (容缺): within so many working ``days``, by ``until``.

    ``until`` is known from the acceptance on. The days are those that were offered when it was promised: no other
    version of the definition makes them fewer.
    """

    material: str
    days: int = 0
    until: date | None = None
    supplied: date | None = None


class Process(msgspec.Struct, omit_defaults=True, kw_only=True):
    """All of it. Days are those of Asia/Shanghai; what a day follows from is kept beside it or instead of it.

    ``received``: when the units began to look what is missing; ``noticed``: when the one list was sent;
    ``accepted``: from when the whole limit counts;
    ``decided``: when it was decided; ``issued``: when the certificate was, from which its delivery counts (the money of
    a bill comes in between); ``published_until``: how long an approval is made public.
    ``gaps``: what each unit says it misses (empty: not said yet). ``skipped``: steps whose condition does not hold.
    ``owed_from``: the day on which the acceptance became known, which is later than ``accepted`` where the units were
    silent. ``told``: what the schedule has told already. ``supervised``: the units that a supervisor waits for.
    """

    steps: list[StepState] = []
    skipped: list[str] = []
    gaps: dict[str, str] = {}
    received: date | None = None
    noticed: date | None = None
    accepted: date | None = None
    decided: date | None = None
    issued: date | None = None
    published_until: date | None = None
    procedures: list[ProcedureRun] = []
    extension: int = 0
    extended_by: str = ""
    urged: date | None = None
    supervised: list[str] = []
    told: list[str] = []
    owed: list[OwedMaterial] = []
    owed_from: date | None = None
    committed: bool = False

    def step(self, code: str) -> StepState | None:
        return next(filter(lambda one: one.code == code, self.steps), None)

    @property
    def open_steps(self) -> list[StepState]:
        return [step for step in self.steps if step.status == rules.STEP_OPEN]

    @property
    def running_procedures(self) -> list[ProcedureRun]:
        return [one for one in self.procedures if one.closed is None]

    @property
    def is_paused(self) -> bool:
        return any(one.pauses for one in self.running_procedures)

    def pauses(self, today: date) -> list[tuple[date, date | None]]:
        """The intervals in which the clock stood; none is longer than was told in writing."""
        found: list[tuple[date, date | None]] = []
        for one in self.procedures:
            ended = one.closed
            is_too_long = today > one.until and (ended is None or ended > one.until)
            if one.pauses:
                found.append((one.opened, one.until if is_too_long else ended))
        return found


VOCABULARY = (
    b'"supervised":true,"committed":true,"owed":[{"material":"","until":"2026-","supplied":"2026-"told":["overdue:","gaps"'
    b'"urged":"2026-"extension":5,"extended_by":""procedures":[{"kind":"expert_review","document":"","step":"",'
    b'"opened":"2026-","until":"2026-","closed":"2026-"published_until":"2026-"decided":"2026-"skipped":["","'
    b'"post":"unit_head","status":"waiting"status":"held"status":"rejected"kind":"copy"kind":"check"kind":"consult","unit":"'
    b'"added_by":1,"place":"before"after""delegate":""mark":"returned"overdue"corrected"recalled""escalated":true'
    b'"status":"refused","round":2,"mark":"status":"reset"{"code":"promise_check","status":"skipped"'
    b'{"code":"intake_check","status":"done","round":1,"mark":"new","opened":"2026-","due_on":"2026-","seats":['
    b'{"number":1,"status":"agreed","kind":"gaps","unit":"","officer":""},{"number":2,"status":"agreed","kind":"gaps"'
    b'}]}],"gaps":{"":"missing","":"complete"},"received":"2026-","accepted":"2026-"}'
    b'{"steps":[{"code":"","status":"open","round":1,"mark":"new","opened":"2026-","due_on":"2026-","seats":['
    b'{"number":1,"status":"open","officer":""},{"number":2,"status":"open"}]},{"code":"","status":"done","round":1,'
    b'"mark":"new","opened":"2026-","due_on":"2026-","seats":[{"number":1,"status":"agreed","officer":""}]}'
)
"""What most processes hold, for their compression (``attributes.Packed``); it never changes."""


@dataclass(frozen=True, kw_only=True)
class Officer:
    """Somebody who acts, or is named: ``posts`` within the ``unit``; ``works``: neither suspended nor gone.

    ``is_own``: the case is a matter of their own. ``stands_in_for``: the absent officers whose substitute they are.
    """

    id: str
    unit: str = ""
    posts: tuple[str, ...] = ()
    works: bool = True
    is_own: bool = False
    stands_in_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Happened:
    """An event of a case, with facts that are not personal."""

    event: EventType
    data: dict[str, str | int | list[str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Case:
    """A case at one moment, as the verbs see it; they change ``process`` and ``item.status``, and nothing else.

    ``lead``: the unit that is responsible for the service. ``check_days``: within how many working days a promise is
    checked. ``corrected``: the one notice was sent; ``is_notice_due``: the hour of the last day has come at which it is
    sent, so that what a unit says now is told at once. ``gone``: who has a seat and does not work here any more.
    ``on_paper``: the result is wanted on paper; ``undelivered``: it has not arrived, for no reason of the applicant's.
    ``outcome``: ``approve`` or ``refuse`` once the last vote has decided; the caller carries it out. ``sends_notice``:
    all units have said what is missing; the caller sends the list.
    """

    item: HasStatus
    workflow: Workflow
    process: Process
    calendar: Calendar
    today: date
    promised_days: int
    check_days: int = 0
    lead: str = ""
    corrected: bool = False
    gone: frozenset[str] = frozenset()
    is_notice_due: bool = False
    on_paper: bool = False
    undelivered: bool = False
    outcome: str = ""
    sends_notice: bool = False
    happened: list[Happened] = field(default_factory=list)

    def note(self, event: EventType, **data: str | int | list[str]) -> None:
        """Note an event."""
        self.happened.append(Happened(event, data))

    def definition(self, code: str) -> Step | None:
        """A step's definition; None for one of ``OWN_STEPS``."""
        if code in OWN_STEPS:
            return None
        return self.workflow.step(code)

    def unit_of(self, step: StepState, seat: TaskSeat) -> str:
        """Whose task a seat is."""
        if seat.unit:
            return seat.unit
        definition = self.definition(step.code)
        assert definition is not None, "seats of the own steps name their unit"
        return definition.unit
