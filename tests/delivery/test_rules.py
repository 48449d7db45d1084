"""Reports of carriers, codes, signatures, hand-overs, as tables of examples and properties: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.delivery import rules
from chalicelib.delivery.rules import Scan
from chalicelib.kernel.clock import Calendar

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
STATES = (rules.HANDED_OVER, rules.IN_TRANSIT, rules.ATTEMPT_FAILED, rules.DELIVERED, rules.RETURNED, rules.LOST)


def scan(name: str, state: str, minutes: int) -> Scan:
    return Scan(id=name, state=state, at=BEGIN + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("state", "wanted", "actions"),
    [
        (rules.OFFERED, rules.ACCEPTED, ["accept"]),
        (rules.ACCEPTED, rules.DELIVERED, ["hand_over", "depart", "deliver"]),
        (rules.OFFERED, rules.RETURNED, ["accept", "hand_over", "bring_back"]),
        (rules.IN_TRANSIT, rules.ATTEMPT_FAILED, ["fail"]),
        (rules.ATTEMPT_FAILED, rules.DELIVERED, ["retry", "deliver"]),
        (rules.IN_TRANSIT, rules.IN_TRANSIT, []),
        (rules.DELIVERED, rules.RETURNED, []),
        (rules.CREATED, rules.DELIVERED, []),
    ],
)
def test_a_report_is_followed_on_the_shortest_way(state: str, wanted: str, actions: list[str]) -> None:
    assert rules.carrier_path(state, wanted) == actions


@given(st.sampled_from(rules.SHIPMENTS.states), st.sampled_from(rules.SHIPMENTS.states))
def test_every_way_leads_where_the_report_says(state: str, wanted: str) -> None:
    here = state
    for action in rules.carrier_path(state, wanted):
        here = rules.SHIPMENTS.edge(here, action, "carrier").end
    assert here in (state, wanted)


SCANS = st.lists(st.builds(scan, st.sampled_from("abcdef"), st.sampled_from(STATES), st.integers(0, 500)), max_size=12)


@given(SCANS, SCANS, st.integers(1, 8))
def test_reports_are_kept_once_each_in_their_order(known: list[Scan], new: list[Scan], most: int) -> None:
    merged = rules.merged_scans(known, new, most)
    assert len(merged) <= most and len({one.id for one in merged}) == len(merged)
    assert merged == sorted(merged, key=lambda one: (one.at, one.id))
    newest = {one.id: one for one in [*known, *new]}
    assert all(newest[one.id] == one for one in merged)
    if len(newest) > most:
        dropped = set(newest) - {one.id for one in merged}
        assert max(newest[name].at for name in dropped) <= min(one.at for one in merged)


def test_sixty_reports_are_kept() -> None:
    many = [scan(f"{number:03d}", rules.IN_TRANSIT, number) for number in range(70)]
    assert [one.id for one in rules.merged_scans([], many)] == [f"{number:03d}" for number in range(10, 70)]


@pytest.mark.parametrize(
    ("states", "newest"),
    [
        ([], ""),
        ([rules.HANDED_OVER, rules.IN_TRANSIT], rules.IN_TRANSIT),
        ([rules.DELIVERED, rules.IN_TRANSIT], rules.DELIVERED),
        ([rules.LOST, rules.RETURNED, rules.ATTEMPT_FAILED], rules.RETURNED),
        ([rules.RETURNED, rules.LOST], rules.LOST),
    ],
)
def test_an_end_stays_an_end(states: list[str], newest: str) -> None:
    assert rules.newest_report([scan(str(place), state, place) for place, state in enumerate(states)]) == newest


@pytest.mark.parametrize(
    ("kind", "direction", "action"),
    [
        (rules.DISPATCH, rules.OUT, "hand_over"),
        (rules.RETURN, rules.OUT, "bring_back"),
        (rules.COLLECTION, rules.IN, "hand_over"),
        (rules.RETURN, rules.IN, "deliver"),
        (rules.DISPATCH, rules.IN, ""),
        (rules.COLLECTION, rules.OUT, ""),
    ],
)
def test_what_a_finished_hand_over_does(kind: str, direction: str, action: str) -> None:
    assert rules.handover_action(kind, direction) == action


def test_the_promise_counts_working_days() -> None:
    assert rules.promised_by(Calendar(), date(2026, 11, 6), 2) == date(2026, 11, 10)


@pytest.mark.parametrize(
    ("digest", "code"), [("0" * 32, "000000"), ("f4240", "000000"), ("f4241", "000001"), ("1e240", "123456")]
)
def test_a_code_has_six_digits(digest: str, code: str) -> None:
    assert rules.code_of(digest) == code


@pytest.mark.parametrize(("name", "shown"), [("张收件", "张*"), ("张", "张*"), ("", "")])
def test_couriers_see_the_first_character_of_a_name(name: str, shown: str) -> None:
    assert rules.name_initial(name) == shown


def line(*points: tuple[int, int]) -> list[list[int]]:
    return [list(point) for point in points]


LONG = [(40 * step, 500) for step in range(8)]


@pytest.mark.parametrize(
    ("strokes", "is_one"),
    [
        ([line(*LONG)], True),
        ([line(*LONG[:7])], False),
        ([line(*LONG[:4]), line(*LONG[4:])], True),
        ([line(*[(100 + step, 500) for step in range(20)])], False),
        ([line(*[(7 * step, 500) for step in range(8)])], False),
        ([line(*[(0, 0)] * 7, (50, 0))], True),
        ([line(*[(0, 0)] * 7, (49, 0))], False),
        ([line(*LONG, (1001, 500))], False),
        ([line(*LONG, (500, -1))], False),
        ([line(*LONG, (0, 0), (1000, 1000))], True),
        ([[*line(*LONG), [1, 2, 3]]], False),
        ([], False),
    ],
)
def test_what_counts_as_a_signature(strokes: list[list[list[int]]], is_one: bool) -> None:
    assert rules.strokes_are_a_signature(strokes) is is_one
