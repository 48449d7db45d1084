"""States and outcomes: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.applications import rules


@given(st.lists(st.sampled_from(["not_accept", "refuse", "review"])))
def test_the_gravest_finding_decides(effects: list[str]) -> None:
    outcome = rules.outcome(effects)
    order = ["not_accept", "refuse", "review", "approve"]
    assert outcome == "approve" if not effects else order.index(outcome) == min(map(order.index, effects))
