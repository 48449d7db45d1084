"""Typed attributes: what is stored comes back as the same value, and moments sort by time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.storage.attributes import Day, Integer, Json, Moment, Names

_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))])
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=_ZONES)


@given(first=_MOMENTS, second=_MOMENTS)
def test_moments_come_back_in_utc_and_sort_by_time(first: datetime, second: datetime) -> None:
    attribute = Moment()
    stored = attribute.serialize(first)
    assert attribute.deserialize(stored) == first
    assert attribute.deserialize(stored).utcoffset() == timedelta(0)
    assert (stored < attribute.serialize(second)) == (first < second)


@given(st.dates())
def test_a_day_comes_back(day: date) -> None:
    assert Day().deserialize(Day().serialize(day)) == day


@given(st.lists(st.tuples(st.text(), st.dates())))
def test_json_comes_back_in_its_type(value: list[tuple[str, date]]) -> None:
    attribute = Json[list[tuple[str, date]]](list[tuple[str, date]])
    assert attribute.deserialize(attribute.serialize(value)) == value


@given(st.lists(st.text(alphabet="abc0", min_size=1)), st.integers())
def test_names_and_whole_numbers_come_back(names: list[str], number: int) -> None:
    assert Names().deserialize(Names().serialize(names)) == names
    assert Integer().deserialize(Integer().serialize(number)) == number


def test_a_moment_without_a_zone_and_a_moment_for_a_day_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Moment().serialize(datetime(2026, 11, 2, 9, 0))
    with pytest.raises(TypeError, match="not a moment"):
        Day().serialize(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))


def test_a_fraction_and_codes_with_commas_are_refused() -> None:
    with pytest.raises(TypeError, match="whole number"):
        Integer().serialize(12.99)
    for wrong in ("abc", ["a,b"]):
        with pytest.raises(ValueError, match="comma"):
            Names().serialize(wrong)
