"""How soon people are told: the whole stack in processes of their own, 50 events a second."""

from __future__ import annotations

from bench import notices
from bench.burst import burst


def test_people_are_told_within_ten_seconds_and_once() -> None:
    result = notices.measure(events=750, rate=50.0)
    assert result["sent"] == result["events"] and result["duplicates"] == 0, result
    assert result["events_per_s"] >= 49 and result["within_10_s"] >= 0.99, result


def test_a_city_s_burst_is_told_within_ten_seconds_too() -> None:
    assert burst(rate=500, seconds=60)["within_10_s"] >= 0.99
