"""A case in the hands of several officers, its applicant on two phones, and the clock, all at once."""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.applications import answers, limits, rules, service, store, verbs
from chalicelib.applications.process import CONSULT, COPY
from chalicelib.applications.service import cases, following
from chalicelib.applications.store import ApplicationItem, CorrectionItem, queues, watchlist
from chalicelib.applications.store.queues import QueueRow
from chalicelib.kernel import ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.events import history
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from scenes.joint import SERVICE
from scenes.world import World

_UNITS = {
    "planner": "natural_resources",
    "registrar": "natural_resources",
    "housing": "housing_bureau",
    "housing.b": "housing_bureau",
    "ecology": "ecology_bureau",
    "shelter": "civil_defence",
    "officer.a": "transport_bureau",
    "officer.b": "transport_bureau",
}
OFFICERS = {name: Actor(kind="staff", id=name, unit=unit, roles=("officer",)) for name, unit in _UNITS.items()}
HEADS = {
    name: Actor(kind="staff", id=name, unit=unit, roles=("unit_head",), person=f"person of {name}")
    for name, unit in (("planning.head", "natural_resources"), ("housing.head", "housing_bureau"))
}
STAFF = {**OFFICERS, **HEADS}
SUPERVISOR = Actor(kind="staff", id="supervisor", unit="natural_resources", roles=("supervisor",))
ADMINISTRATOR = Actor(kind="staff", id="administrator", roles=("system_administrator",))
COLLEAGUES = {"planner": "registrar", "registrar": "planner", "housing": "housing.b", "housing.b": "housing",
              "officer.a": "officer.b", "officer.b": "officer.a"}  # fmt: skip
FORM = {"project": "河西商务中心", "site": "示例市", "floor_area": 26_000, "has_basement": True}
_numbers = itertools.count()
MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
VOTES = ("vote_cast", "step_approved", "step_refused")
DECISIONS = ("application_approved", "application_refused", "application_withdrawn", "application_terminated",
             "application_not_accepted")  # fmt: skip


@dataclass
class CaseScene:
    """One case, and what was answered to whom."""

    world: World
    applicant: Actor
    handler: Actor
    id: str
    votes: list[tuple[str, str]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    rows_written: dict[tuple[str, str], QueueRow] = field(default_factory=dict)

    @classmethod
    def new(cls, world: World, applicant: Actor, handler: Actor, choice: random.Random) -> CaseScene:
        """A case that waits for five units, perhaps some days old, perhaps accepted.

        A material may be owed; two officers may be away, and their colleagues stand in.
        """
        world.set_time(MONDAY)
        is_away = choice.random() < 0.3
        for name in ("planner", "housing"):
            last_day = MONDAY.date() + timedelta(days=30 if is_away else 0)
            service.absences.set_absence(OFFICERS[name], name, COLLEAGUES[name], MONDAY.date(), last_day)
        # A new day may need a new data key, whose lock is held over database calls: not while these are interleaved.
        vault.seal(b"warm", "test", "warm", "warm")
        item = service.create(applicant, SERVICE, ids.derived_id("schedule", str(next(_numbers))))
        service.save_form(item, FORM)
        current = store.application(item.id)
        assert current is not None
        if choice.random() < 0.3:
            service.promises.choose(applicant, current, ["fire_chapter"], committed=False)
        service.submit(applicant, current)
        scene = cls(world, applicant, handler, item.id)
        scene.begin(choice)
        days = choice.choice([0, 0, 0, 4, 7, 8, 20])
        world.set_time(MONDAY + timedelta(days=days))
        return scene

    def item(self) -> ApplicationItem:
        found = store.application(self.id)
        assert found is not None
        return found

    def accept(self) -> None:
        """Every unit says that it misses nothing, and the first step is done."""
        for place, name in enumerate(("housing", "ecology", "shelter", "officer.a"), 1):
            self.do(name, "claim", "intake_check", place)
            self.do(name, "confirm_papers", "intake_check", place)
        self.do("planner", "claim", "planning", 1)
        self.do("planner", "approve", "planning", 1)

    def begin(self, choice: random.Random) -> None:
        """How far the case is when everybody comes at once: untouched, in review, paused, or before its decision."""
        stage = choice.choice(["received", "review", "asked", "paused", "late", "decision"])
        if stage == "received":
            return
        self.accept()
        reviewers = {"structure": "housing", "environment": "ecology", "shelter": "shelter", "traffic": "officer.a"}
        for step, name in reviewers.items():
            self.do(name, "claim", step, 1)
        if stage == "asked":
            self.do("housing", choice.choice(["delegate", "add_signer_before", "add_signer_after"]), "structure", 1)
            self.do("ecology", "consult", "environment", 1)
            self.do("officer.a", "claim", "environment", 2)
        elif stage == "paused":
            self.do("housing", "open_procedure", "structure", 1)
        elif stage in ("late", "decision"):
            for step, name in reviewers.items():
                if step != "structure" or stage == "decision":
                    self.do(name, "approve", step, 1)
            self.do("planner", "claim", "decision", 1)

    def tasks_of(self, unit: str) -> list[tuple[str, int]]:
        """The tasks of a unit, as the case is stored now."""
        item = self.item()
        case = cases.case_of(item)
        found = []
        for step in item.process.steps:
            found += [(step.code, seat.number) for seat in step.seats if case.unit_of(step, seat) == unit]
        return found

    def act_by_chance(self, name: str, choice: random.Random) -> None:
        """An officer takes any task of their unit, and does something with it."""
        tasks = self.tasks_of(STAFF[name].unit)
        if not tasks:
            return
        step, seat = choice.choice(tasks)
        for verb in ("claim", choice.choice(LIKELY)):
            self.do(name, verb, step, seat)

    def do(self, name: str, verb: str, step: str, seat: int) -> bool:
        """A verb by somebody; whether it was done. What is refused changes nothing."""
        task = cases.find_task(cases.id_of_task(self.id, step, seat))
        actor = STAFF[name]
        if task is None or task.unit != actor.unit:
            return False
        has_answered = task.place(task.item).seat.status in (answers.AGREED, answers.REJECTED)
        with suppress(Problem):
            DEEDS[verb](actor, task)
            self.done[verb] += 1
            if verb in ("approve", "refuse") and not has_answered:  # else it is a repeat
                self.votes.append((name, step))
            return True
        return False

    def scripts(self, choice: random.Random) -> list[Callable[[], None]]:
        """Six officers, two of whom share a unit; a head; the applicant and who acts for them; the clock; a supervisor;
        an administrator, or a head who gives back what a leaver has.
        """
        names = ["planner", "registrar", "housing", "housing.b", *choice.sample(["ecology", "shelter", "officer.a"], 2)]
        works: list[Callable[[], None]] = []
        for name in [*names, "planning.head"]:
            works.append(functools.partial(self._work_as_officer, name, choice))
        for applicant in (self.applicant, self.handler):
            works.append(functools.partial(self._act_as_applicant, applicant, choice))
        works += [self._let_time_act, self._supervise]
        works.append(choice.choice([self._move_definition, self._give_back]))
        choice.shuffle(works)
        return works

    def _work_as_officer(self, name: str, choice: random.Random) -> None:
        for _ in range(5):
            self.act_by_chance(name, choice)

    def _act_as_applicant(self, who: Actor, choice: random.Random) -> None:
        for _ in range(2):
            item = self.item()
            with suppress(Problem):
                if item.status == rules.CORRECTION:
                    service.correct(who, item, {**FORM, "applicant": "x"})
                elif choice.random() < 0.1:
                    service.withdraw(who, item, "不建了")
                else:
                    service.oversight.urge(who, item)

    def _let_time_act(self) -> None:
        for _ in range(2):
            row = watchlist.clock_of(self.id)
            if row is not None:
                with suppress(Problem, tables.ConditionFailed):
                    following.visit(row)

    def _supervise(self) -> None:
        with suppress(Problem):
            service.oversight.supervise(SUPERVISOR, self.item(), "为何未办?")

    def _move_definition(self) -> None:
        """To the version before, whose steps are the same."""
        item = self.item()
        steps = {step.code: step.code for step in service.definition_of(item).workflow.steps}
        with suppress(Problem):
            service.oversight.move_definition(ADMINISTRATOR, item, item.service_version - 1, steps, "事项更新")
            self.done["move_definition"] += 1

    def _give_back(self) -> None:
        """What ``hand_over`` does to each case of a leaver."""
        changed = service.tasks.give_back(HEADS["housing.head"], self.id, "housing.b", "已调离")
        self.done["give_back"] += changed == service.tasks.GIVEN_BACK

    # What must be true

    def end(self) -> list[str]:
        """What is wrong now, in words."""
        item = self.item()
        case = cases.case_of(item)
        wrong = []
        rows = cases.rows_of(case, item)
        missing = [key for key, row in rows.items() if not queues.has_row(row)]
        if missing:
            wrong.append(f"a task that nobody sees: {missing}")
        for key, row in self.rows_written.items():
            if row.application_id == self.id and key not in rows and queues.has_row(row):
                wrong.append(f"a task that is shown and is not open: {key}")
        deciding = [row for row in rows.values() if row.kind not in (COPY, CONSULT)]
        if limits.is_running(case) and not deciding:
            wrong.append("stuck: nobody can bring it on")
        open_codes = {step.code for step in item.process.open_steps}
        orphans = [one.kind for one in item.process.running_procedures if one.step not in open_codes]
        if orphans:
            wrong.append(f"a procedure that nobody can close: {orphans}")
        self.world.pump()
        entries = self._entries(item)
        cast = [
            (entry.actor, str(entry.data["step"])) for entry in entries if entry.type in VOTES and "step" in entry.data
        ]
        lost = _without(self.votes, cast)
        if lost:
            wrong.append(f"lost votes: {lost}")
        decided = [entry.type for entry in entries if entry.type in DECISIONS]
        if len(decided) > 1:
            wrong.append(f"decided twice: {decided}")
        if len(entries) != int(item.version):
            wrong.append(f"{len(entries)} events, version {item.version}")
        for step in item.process.steps:
            holders = [seat.officer for seat in step.seats if seat.kind == "sign" and seat.officer]
            live = [
                seat for seat in step.seats if seat.kind == "sign" and seat.officer and seat.status != answers.SKIPPED
            ]
            if len({seat.officer for seat in live}) != len(live):
                wrong.append(f"one person has two parts in {step.code}: {holders}")
        return wrong

    def _entries(self, item: ApplicationItem) -> list[Any]:
        found: list[Any] = []
        cursor = None
        while True:
            page, cursor = history.entries(item.subject, cursor)
            found += page
            if cursor is None:
                return found


def _without(wanted: list[tuple[str, str]], had: list[tuple[str, str]]) -> list[tuple[str, str]]:
    left = list(had)
    lost = []
    for one in wanted:
        if one in left:
            left.remove(one)
        else:
            lost.append(one)
    return lost


def _name(verb: str) -> Callable[[Actor, Any], object]:
    return lambda actor, task: service.tasks.name(actor, task, None, verb, COLLEAGUES.get(actor.id, "nobody"), "请办理")


def _run(verb: Any) -> Callable[[Actor, Any], object]:
    return lambda actor, task: service.tasks.run(actor, task, None, verb, "意见")


DEEDS: dict[str, Callable[[Actor, Any], object]] = {
    "claim": service.tasks.claim,
    "release": service.tasks.release,
    "approve": lambda actor, task: service.tasks.approve(actor, task, "同意"),
    "refuse": lambda actor, task: service.tasks.refuse(actor, task, "不符合要求"),
    "confirm_papers": _run(verbs.confirm_papers),
    "request_correction": lambda actor, task: service.tasks.request_correction(
        actor, task, [CorrectionItem("/form/site", "请补充地点")], "缺地点"
    ),
    "transfer": _name("transfer"),
    "delegate": _name("delegate"),
    "add_signer_before": _name("add_signer_before"),
    "add_signer_after": _name("add_signer_after"),
    "assign": _name("assign"),
    "reassign": _name("reassign"),
    "remove_signer": _run(verbs.remove_signer),
    "answer_delegation": _run(verbs.answer_delegation),
    "take_back": _run(verbs.take_back),
    "consult": lambda actor, task: service.tasks.ask_unit(actor, task, None, "consult", "transport_bureau", "请提意见"),
    "send_copy": lambda actor, task: service.tasks.ask_unit(actor, task, None, "send_copy", "finance_bureau", "请知悉"),
    "give_opinion": _run(verbs.give_opinion),
    "comment": _run(verbs.comment),
    "return_to": lambda actor, task: service.tasks.return_to(actor, task, "planning", "重新核对"),
    "recall": _run(verbs.recall),
    "open_procedure": lambda actor, task: service.tasks.open_procedure(
        actor, task, "expert_review", "特告 1 号", 20, "专家评审"
    ),
    "close_procedure": lambda actor, task: service.tasks.close_procedure(actor, task, "expert_review", "通过"),
    "answer_supervision": _run(verbs.answer_supervision),
    "mark_read": _run(verbs.mark_read),
    "receive_material": lambda actor, task: service.tasks.receive_material(actor, task, "fire_chapter"),
    "not_accept": lambda actor, task: service.tasks.not_accept(actor, task, "不属于本机关职权"),
    "extend": lambda actor, task: service.tasks.extend(actor, task, 5, "延告 1 号", "复杂"),
}
_RARE = ("recall", "answer_delegation", "return_to", "remove_signer", "take_back", "extend")
LIKELY = [
    *DEEDS,
    *["approve"] * 14,
    *["confirm_papers"] * 4,
    *["close_procedure"] * 2,
    *_RARE * 3,
    *["receive_material"] * 2,
    "give_opinion",
    "refuse",
]
