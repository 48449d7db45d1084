"""Limits: by examples, and against a calculator that somebody else has written (tests/independent)."""

from __future__ import annotations

import os
import random
from datetime import date, timedelta

import pytest

from chalicelib.applications import limits
from chalicelib.kernel import holidays
from chalicelib.kernel.clock import Calendar
from tests.applications.reviews import EXPERTS, MONDAY, PARALLEL, Review
from tests.independent import deadlines

PLAIN = Calendar()
CALENDARS = int(os.environ.get("BANSHI_DEADLINES", "10000"))


def november(day: int) -> date:
    return date(2026, 11, day)


@pytest.mark.parametrize(
    ("days", "pauses", "ends"),
    [
        (0, [], november(2)),
        (1, [], november(3)),
        (5, [], november(9)),
        (5, [(november(4), november(11))], november(16)),
        (5, [(november(4), None)], None),
        (5, [(november(4), november(9)), (november(5), november(11))], november(16)),
        (5, [(november(10), november(20))], november(9)),  # missed before: a pause heals nothing
        (5, [(november(10), None)], november(9)),
        (5, [(november(2), november(4))], november(11)),
        (5, [(november(4), november(4))], november(9)),
    ],
)
def test_a_limit_with_its_pauses(days: int, pauses: list[tuple[date, date | None]], ends: date | None) -> None:
    assert limits.due(PLAIN, MONDAY, days, pauses) == ends


def _days(choice: random.Random, first: date, count: int, share: float) -> frozenset[date]:
    return frozenset(day for day in (first + timedelta(n) for n in range(count)) if choice.random() < share)


def _calendars(choice: random.Random) -> tuple[Calendar, deadlines.WorkingDays]:
    """One calendar in both shapes: published years of 2026 and 2027, and 2028 by the law alone."""
    published = frozenset(choice.choice([[2026], [2026, 2027]]))
    inside = [day for day in _days(choice, date(2026, 1, 1), 730, 0.08) if day.year in published]
    off = frozenset(inside) | {date(year, 1, 1) for year in published}
    weekend = [day for day in _days(choice, date(2026, 1, 1), 730, 0.1) if day.weekday() > 4 and day not in off]
    make_up = frozenset(day for day in weekend if day.year in published)
    statutory = frozenset(day for year in range(2026, 2030) for day in holidays.statutory_days(year))
    ours = Calendar.of(off, make_up)
    theirs = deadlines.WorkingDays(off=off, make_up=make_up, published=published, statutory=statutory)
    return ours, theirs


def _pauses(choice: random.Random, start: date) -> list[tuple[date, date | None]]:
    found: list[tuple[date, date | None]] = []
    for _ in range(choice.choice([0, 0, 1, 1, 2, 3])):
        begins = start + timedelta(choice.randint(-10, 60))
        ends = begins + timedelta(choice.choice([0, 1, 2, 5, 20, 60]))
        found.append((begins, ends if choice.random() < 0.85 else None))
    return found


def test_ten_thousand_limits_end_on_the_day_that_an_independent_calculator_says() -> None:
    """With pauses, extensions, and the same limits again after another year's holidays were published."""
    choice = random.Random(20261130)
    for number in range(CALENDARS):
        ours, theirs = _calendars(choice)
        start = date(2026, 1, 1) + timedelta(choice.randint(0, 700))
        days = choice.choice([0, 1, 2, 5, 10, 20, 45, 60])
        extension = choice.choice([0, 0, 0, 10, 15])
        pauses = _pauses(choice, start)
        expected = deadlines.due(theirs, start, days, pauses, extension)
        assert limits.due(ours, start, days + extension, pauses) == expected, (number, start, days, extension, pauses)
        today = start + timedelta(choice.randint(0, 60))
        assert limits.light(ours, today, expected) == deadlines.light(theirs, today, expected), (number, today)


def test_the_lights() -> None:
    friday = november(6)
    assert limits.light(PLAIN, friday, november(10)) == "green"
    assert limits.light(PLAIN, friday, november(9)) == "yellow"
    assert limits.light(PLAIN, friday, friday) == "yellow"
    assert limits.light(PLAIN, november(7), friday) == "red"
    assert limits.light(PLAIN, friday, None) == "grey", "a clock that stands is never yellow"


def test_every_limit_of_a_case_follows_from_its_inputs() -> None:
    review = Review.of(*PARALLEL, procedures=EXPERTS, accepted=False)
    case = review.case
    assert limits.acceptance_due(case) == november(9)
    assert limits.step_due(case, review.place("intake").step) == november(9), "a step's limit begins with acceptance"
    assert limits.whole_due(case) == november(30)
    case.process.accepted = november(4)
    assert limits.whole_due(case) == date(2026, 12, 2)
    assert limits.step_due(case, review.place("intake").step) == november(9)
    case.process.extension = 10
    assert limits.whole_due(case) == date(2026, 12, 16)
    assert limits.delivery_due(case.calendar, case.process) is None
    case.process.issued = november(4)
    assert limits.delivery_due(case.calendar, case.process) == november(18)
