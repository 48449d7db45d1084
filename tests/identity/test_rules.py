"""Sessions, ages and mandates, as tables of examples: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.identity import mandate_rules, rules, session_rules, staff_rules
from chalicelib.identity.session_rules import SessionState
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.graph import Edge

OPENED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("token", "revoked", "used_after", "asked_after", "outcome"),
    [
        ("now", False, 0, 1, "rotate"),
        ("old", False, 0, 1, "reuse"),
        ("now", True, 0, 1, "expired"),
        ("old", True, 0, 1, "expired"),
        ("now", False, 0, 7 * 24 - 1, "rotate"),
        ("now", False, 0, 7 * 24, "expired"),
        ("old", False, 0, 7 * 24, "reuse"),
        ("now", False, 29 * 24, 30 * 24 - 1, "rotate"),
        ("now", False, 29 * 24, 30 * 24, "expired"),
        ("old", False, 29 * 24, 30 * 24, "expired"),
    ],
)
def test_what_a_refresh_leads_to(token: str, revoked: bool, used_after: int, asked_after: int, outcome: str) -> None:
    used = OPENED + timedelta(hours=used_after)
    session = state(status="ended" if revoked else "open", used_at=used)
    now = OPENED + timedelta(hours=asked_after)
    assert session_rules.refresh_outcome(session, token, now, session_rules.PERSON_LIMITS) == outcome


def state(**changes: Any) -> SessionState:
    given = {
        "status": "open",
        "current": "now",
        "previous": "last",
        "is_same_device": True,
        "is_of_this_version": True,
        "opened_at": OPENED,
        "used_at": OPENED,
        **changes,
    }
    return SessionState(**given)


@pytest.mark.parametrize(
    ("seconds", "changes", "outcome"),
    [
        (30, {}, "repeat"),
        (31, {}, "reuse"),
        (0, {"is_same_device": False}, "reuse"),
        (0, {"previous": ""}, "reuse"),
        (0, {"status": "ended"}, "expired"),
        (0, {"is_of_this_version": False}, "expired"),
    ],
)
def test_the_last_token_is_good_once_more_for_the_same_device(
    seconds: int, changes: dict[str, Any], outcome: str
) -> None:
    now = OPENED + timedelta(seconds=seconds)
    assert session_rules.refresh_outcome(state(**changes), "last", now, session_rules.PERSON_LIMITS) == outcome


@pytest.mark.parametrize(
    ("roles", "hours", "idle_minutes"),
    [
        (None, 30 * 24, 7 * 24 * 60),
        (["officer"], 12, 60),
        (["officer", "security_administrator"], 8, 30),
        (["courier"], 14, 240),
        (["kiosk"], 30 * 24, 7 * 24 * 60),
        ([], 12, 60),
    ],
)
def test_the_strictest_role_limits_a_session(roles: list[str] | None, hours: int, idle_minutes: int) -> None:
    limits = session_rules.session_limits(roles)
    assert (limits.absolute, limits.idle) == (timedelta(hours=hours), timedelta(minutes=idle_minutes))


@pytest.mark.parametrize("edge", staff_rules.STAFF.edges, ids=lambda edge: f"{edge.start or 'new'} {edge.action}")
def test_a_staff_member_s_life(edge: Edge) -> None:
    thing = Thing(edge.start)
    assert staff_rules.STAFF.move(thing, edge.action, edge.by[0]) is edge.event
    assert thing.status == edge.end


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (["officer"], ""),
        ([], ""),
        (["officer", "treasurer"], ""),
        (["audit_administrator"], ""),
        (["audit_administrator", "officer"], "roles_invalid"),
        (["system_administrator", "security_administrator"], "roles_invalid"),
        (["officer", "king"], "roles_unknown"),
    ],
)
def test_which_roles_go_together(roles: list[str], code: str) -> None:
    known = ("officer", "treasurer", "system_administrator", "security_administrator", "audit_administrator")
    raised = ""
    try:
        staff_rules.check_roles(roles, known)
    except Problem as problem:
        raised = problem.error.code
    assert raised == code


@pytest.mark.parametrize(
    "born, until",
    [
        (date(2014, 5, 6), date(2027, 11, 2)),  # renewed every year
        (date(2009, 1, 1), date(2026, 12, 31)),  # the day before the eighteenth birthday
        (date(2008, 11, 3), date(2026, 11, 2)),  # of age tomorrow
        (date(2008, 2, 29), date(2027, 11, 2)),  # of age, and a ward all the same
        (date(2012, 2, 29), date(2027, 11, 2)),
        (date(1940, 1, 1), date(2027, 11, 2)),
    ],
)
def test_how_long_a_guardian_may_act(born: date, until: date) -> None:
    assert mandate_rules.guardian_until(born, TODAY) == until


def test_born_on_a_leap_day_is_of_age_on_the_first_of_march() -> None:
    assert mandate_rules.guardian_until(date(2012, 2, 29), date(2029, 12, 1)) == date(2030, 2, 28)


@pytest.mark.parametrize(
    ("born", "is_child"),
    [
        (date(2012, 11, 2), False),
        (date(2012, 11, 3), True),
        (date(2012, 10, 31), False),
        (date(2012, 12, 1), True),
        (date(2026, 11, 2), True),
        (date(1990, 12, 31), False),
    ],
)
def test_somebody_is_a_child_until_the_fourteenth_birthday(born: date, is_child: bool) -> None:
    assert rules.is_child(born, TODAY) is is_child


@pytest.mark.parametrize(
    ("days", "status", "holds"),
    [
        (0, "accepted", True),
        (1, "accepted", True),
        (-1, "accepted", False),
        (1, "offered", False),
        (1, "waiting", False),
        (1, "ended", False),
    ],
)
def test_an_accepted_mandate_holds_until_its_last_day(days: int, status: str, holds: bool) -> None:
    assert mandate_rules.mandate_holds(status, TODAY + timedelta(days), TODAY) is holds


class Thing:
    def __init__(self, status: str) -> None:
        self.status = status


@pytest.mark.parametrize("edge", mandate_rules.MANDATES.edges, ids=lambda edge: f"{edge.start or 'new'} {edge.action}")
def test_a_mandate_moves_as_the_table_says_and_only_for_its_side(edge: Edge) -> None:
    thing = Thing(edge.start)
    assert mandate_rules.MANDATES.move(thing, edge.action, edge.by[0]) is edge.event
    assert thing.status == edge.end
    others = {"representative", "holder", "system"} - set(edge.by)
    for other in others:
        with pytest.raises(Problem):
            mandate_rules.MANDATES.move(Thing(edge.start), edge.action, other)


@pytest.mark.parametrize(("minutes", "is_fresh"), [(0, True), (10, True), (11, False), (-1, False)])
def test_a_proof_is_fresh_for_ten_minutes(minutes: int, is_fresh: bool) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert rules.is_fresh(now, now + timedelta(minutes=minutes)) is is_fresh
    assert rules.is_fresh(None, now) is False


@pytest.mark.parametrize(("days", "good"), [(0, False), (1, True), (3 * 366, True), (3 * 366 + 1, False), (-5, False)])
def test_a_mandate_ends_after_today_and_within_three_years(days: int, good: bool) -> None:
    assert mandate_rules.mandate_period_is_valid(TODAY + timedelta(days), TODAY) is good
