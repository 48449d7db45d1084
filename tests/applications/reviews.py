"""Cases without a database: workflows, officers and cases for the tests of the pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chalicelib.applications import course, rules
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import Case, Officer, Process
from chalicelib.catalog.definition import AnswerRule, Procedure, Step, Text, Workflow
from chalicelib.kernel.clock import Calendar

MONDAY = date(2026, 11, 2)
CALENDAR = Calendar()


@dataclass
class Head:
    """What the rules move besides the process."""

    status: str = rules.RECEIVED


def step(code: str, unit: str = "", **changes: Any) -> Step:
    """A step of a unit that is named like it, with a limit of three days."""
    given: dict[str, Any] = {"days": 3, **changes}
    return Step(code=code, name=Text(code, code), unit=unit or f"unit_{code}", **given)


def voting(method: str, *posts: str, share: int = 100) -> AnswerRule:
    return AnswerRule(method=method, posts=list(posts) or ["officer"], share=share)  # type: ignore[arg-type]


def officer(name: str, unit: str, *posts: str, **changes: Any) -> Officer:
    return Officer(id=name, unit=unit, posts=posts or ("officer",), **changes)


def head(name: str, unit: str) -> Officer:
    return officer(name, unit, "unit_head")


@dataclass
class Review:
    """A case and short ways to its tasks."""

    case: Case
    head: Head = field(default_factory=Head)

    @classmethod
    def of(cls, *steps: Step, skipped: tuple[str, ...] = (), accepted: bool = True, **workflow: Any) -> Review:
        """A case that was just submitted; ``accepted`` too, so that nobody is asked what is missing."""
        shown = Head()
        case = Case(
            item=shown,
            workflow=Workflow(steps=list(steps), **workflow),
            process=Process(),
            calendar=CALENDAR,
            today=MONDAY,
            promised_days=20,
            lead=steps[0].unit,
        )
        course.begin(case, skipped)
        if accepted:
            course.accept(case, "system")
        case.happened.clear()
        return cls(case, shown)

    def place(self, code: str, seat: int = 1) -> TaskPlace:
        found = self.case.process.step(code)
        assert found is not None
        task = found.seat(seat)
        assert task is not None
        return TaskPlace(found, task)

    def status(self, code: str) -> str:
        found = self.case.process.step(code)
        return found.status if found is not None else ""

    def seats(self, code: str) -> list[str]:
        found = self.case.process.step(code)
        assert found is not None
        return [seat.status for seat in found.seats]

    def events(self) -> list[str]:
        return [one.event.name for one in self.case.happened]


TWO_STEPS = (step("first"), step("second", after=["first"]))
PARALLEL = (
    step("intake"),
    step("fire", after=["intake"], procedures=["expert_review"]),
    step("health", after=["intake"]),
    step("decision", unit="unit_intake", after=["fire", "health"], return_to=["intake", "fire"], extension_days=10),
)
EXPERTS = [Procedure(kind="expert_review", days=30)]
