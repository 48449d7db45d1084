"""States, limits and outcomes: pure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.applications import rules
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.errors import Problem

CALENDAR = Calendar()
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("edge", rules.EDGES, ids=lambda edge: f"{edge.start}-{edge.action}-{edge.end}")
def test_every_edge_moves_for_those_who_may_and_nobody_else(edge: rules.Edge) -> None:
    for by in ("applicant", "officer", "system"):
        if by in edge.by:
            assert rules.move(edge.start, edge.action, by) == edge.end
        else:
            with pytest.raises(Problem):
                rules.move(edge.start, edge.action, by)


@pytest.mark.parametrize("state", rules.STATES)
def test_every_other_action_is_refused_in_every_state(state: str) -> None:
    allowed = {edge.action for edge in rules.EDGES if edge.start == state}
    for action in {edge.action for edge in rules.EDGES} - allowed:
        for by in ("applicant", "officer", "system"):
            with pytest.raises(Problem) as refused:
                rules.move(state, action, by)
            assert refused.value.error.code == "wrong_state"


def test_every_state_leads_to_an_end() -> None:
    def ends(state: str, seen: frozenset[str]) -> bool:
        if state in rules.FINAL:
            return True
        return any(
            ends(edge.end, seen | {state}) for edge in rules.EDGES if edge.start == state and edge.end not in seen
        )

    assert all(ends(state, frozenset()) for state in rules.STATES)
    assert set(rules.FINAL) == {"not_accepted", "refused", "completed", "withdrawn", "discarded"}


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
