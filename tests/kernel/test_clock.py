"""Working days, limits and the published calendar."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import clock
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.holidays import statutory_days

PUBLISHED = json.loads((Path(__file__).parents[2] / "city" / "calendar" / "2026.json").read_text(encoding="utf-8"))
CALENDAR = Calendar.of(
    [date.fromisoformat(day) for day in PUBLISHED["off"]], [date.fromisoformat(day) for day in PUBLISHED["make_up"]]
)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def test_make_up_saturdays_are_working_days() -> None:
    assert CALENDAR.is_working_day(date(2026, 10, 10))
    assert not CALENDAR.is_working_day(date(2026, 10, 11))


def test_national_day_week_is_off() -> None:
    assert [CALENDAR.is_working_day(date(2026, 10, day)) for day in range(1, 9)] == [False] * 7 + [True]


def test_the_day_of_receipt_is_not_counted() -> None:
    assert CALENDAR.add_working_days(date(2026, 11, 2), 1) == date(2026, 11, 3)


def test_a_limit_over_a_holiday_counts_make_up_days() -> None:
    assert CALENDAR.add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10)


def test_a_limit_of_no_days_received_on_a_holiday_ends_on_the_next_working_day() -> None:
    assert CALENDAR.add_working_days(date(2026, 10, 3), 0) == date(2026, 10, 8)


STATUTORY = {
    2025: ["01-01", "01-28", "01-29", "01-30", "01-31", "04-04", "05-01", "05-02", "05-31", "10-01", "10-02", "10-03"],
    2026: ["01-01", "02-16", "02-17", "02-18", "02-19", "04-05", "05-01", "05-02", "06-19", "09-25", "10-01", "10-02"],
    2027: ["01-01", "02-05", "02-06", "02-07", "02-08", "04-05", "05-01", "05-02", "06-09", "09-15", "10-01", "10-02"],
    2028: ["01-01", "01-25", "01-26", "01-27", "01-28", "04-04", "05-01", "05-02", "05-28", "10-01", "10-02", "10-03"],
}


@pytest.mark.parametrize("year", STATUTORY)
def test_the_days_that_the_law_names(year: int) -> None:
    days = [f"{day:%m-%d}" for day in sorted(statutory_days(year))]
    assert [day for day in STATUTORY[year] if day not in days] == []
    # In 2028 the Mid-Autumn festival is the third day of October, which is off already.
    assert len(days) == (12 if year == 2028 else 13)


def test_the_published_year_has_every_day_that_the_law_names() -> None:
    assert statutory_days(2026) - CALENDAR.off == set()


def test_a_year_without_notice_has_the_days_of_the_law_and_no_make_up_days() -> None:
    assert [CALENDAR.is_working_day(date(2027, 1, day)) for day in (1, 2, 3, 4)] == [False, False, False, True]
    assert [CALENDAR.is_working_day(date(2027, 10, day)) for day in (1, 2, 3, 4)] == [False, False, False, True]
    assert CALENDAR.add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 4)


def test_a_year_without_notice_counts_weekends_and_says_so() -> None:
    assert CALENDAR.covers(date(2026, 5, 1)) and not CALENDAR.covers(date(2027, 1, 4))
    assert CALENDAR.is_working_day(date(2027, 1, 4)) and not CALENDAR.is_working_day(date(2027, 1, 9))


@given(DAYS, st.integers(1, 60))
def test_adding_and_counting_working_days_agree(start: date, days: int) -> None:
    end = CALENDAR.add_working_days(start, days)
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.working_days_between(start, end) == days
    assert CALENDAR.working_days_between(start, end - timedelta(1)) == days - 1


def test_the_business_date_is_shanghais() -> None:
    clock.use(lambda: datetime(2026, 11, 1, 16, 30, tzinfo=UTC))
    try:
        assert clock.today() == date(2026, 11, 2)
    finally:
        clock.use(None)
