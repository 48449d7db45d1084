"""States, limits and outcomes: pure."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.applications import rules
from chalicelib.kernel.clock import Calendar

CALENDAR = Calendar()
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(st.lists(st.sampled_from(["not_accept", "refuse", "review"])))
def test_the_gravest_finding_decides(effects: list[str]) -> None:
    outcome = rules.outcome(effects)
    order = ["not_accept", "refuse", "review", "approve"]
    assert outcome == "approve" if not effects else order.index(outcome) == min(map(order.index, effects))


@given(DAYS, st.integers(1, 30), st.integers(0, 20), st.integers(0, 40))
def test_the_clock_does_not_run_during_a_correction(start: date, promised: int, worked: int, paused: int) -> None:
    """Used before and left after the pause together are the promised days, however long the pause."""
    paused_on = start + timedelta(worked)
    used = rules.used_days(CALENDAR, start, paused_on)
    resumed = paused_on + timedelta(paused)
    due = rules.due_on(CALENDAR, resumed, promised, used)
    assert CALENDAR.working_days_between(resumed, due) == max(0, promised - used) or used >= promised


def test_lights() -> None:
    friday = date(2026, 11, 6)
    assert rules.light(CALENDAR, friday, date(2026, 11, 10)) == "green"
    assert rules.light(CALENDAR, friday, date(2026, 11, 9)) == "yellow"
    assert rules.light(CALENDAR, friday, friday) == "yellow"
    assert rules.light(CALENDAR, date(2026, 11, 7), friday) == "red"


def test_steps_run_in_parallel_until_one_waits_for_both() -> None:
    steps: list[tuple[str, list[str]]] = [("fire", []), ("health", []), ("licence", ["fire", "health"])]
    assert rules.ready_steps(steps, []) == ["fire", "health"]
    assert rules.ready_steps(steps, ["fire"]) == ["health"]
    assert rules.ready_steps(steps, ["fire", "health"]) == ["licence"]
    assert rules.ready_steps(steps, ["fire", "health", "licence"]) == []
