"""Slots, seats and limits of booking, as tables of examples and properties: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.appointments import limits, rules
from chalicelib.appointments.seats import CHANNELS, Claim, Occupancy, Seat, Slot
from chalicelib.kernel.clock import SHANGHAI
from chalicelib.kernel.errors import ErrorCode, Problem

DAY = date(2026, 11, 3)
SLOT = Slot(hall="hall", group="g", day=DAY, start="09:00")
NINE = datetime(2026, 11, 3, 9, 0, tzinfo=SHANGHAI)


def refusal(work: object, *arguments: object) -> Problem:
    with pytest.raises(Problem) as refused:
        work(*arguments)  # type: ignore[operator]
    return refused.value


@pytest.mark.parametrize(
    ("spans", "minutes", "starts"),
    [
        ([("09:00", "10:30")], 30, ["09:00", "09:30", "10:00"]),
        ([("09:00", "10:29")], 30, ["09:00", "09:30"]),
        ([("09:00", "09:29")], 30, []),
        ([("08:45", "09:45"), ("13:30", "14:30")], 60, ["08:45", "13:30"]),
        ([], 30, []),
    ],
)
def test_slots_are_whole_ones_within_each_span(spans: list[tuple[str, str]], minutes: int, starts: list[str]) -> None:
    assert rules.slot_starts(spans, minutes) == starts


@pytest.mark.parametrize(
    ("start", "minutes", "end"), [("09:00", 30, "09:30"), ("09:45", 30, "10:15"), ("23:00", 59, "23:59")]
)
def test_a_slot_ends_after_its_minutes(start: str, minutes: int, end: str) -> None:
    assert rules.slot_end(start, minutes) == end


@pytest.mark.parametrize(
    ("minutes", "place", "places"), [([15], 15, 1), ([16], 15, 2), ([10, 10], 15, 2), ([0], 15, 1), ([30, 15], 15, 3)]
)
def test_a_visit_takes_whole_places(minutes: list[int], place: int, places: int) -> None:
    assert rules.places_needed(minutes, place) == places


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(1956, 11, 3), date(2026, 11, 3), 70),
        (date(1956, 11, 4), date(2026, 11, 3), 69),
        (date(1956, 12, 1), date(2026, 11, 30), 69),
        (date(1956, 10, 30), date(2026, 11, 3), 70),
    ],
)
def test_age_grows_on_the_birthday(born: date, on: date, years: int) -> None:
    assert rules.age(born, on) == years


def test_places_are_released_so_many_days_before_in_shanghai() -> None:
    assert rules.released_at(DAY, 7, "08:00") == datetime(2026, 10, 27, 8, 0, tzinfo=SHANGHAI)
    assert rules.released_at(DAY, 0, "08:30") == datetime(2026, 11, 3, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "released", "error"),
    [
        (NINE - timedelta(minutes=30), NINE - timedelta(days=1), None),
        (NINE - timedelta(minutes=29), NINE - timedelta(days=1), rules.SLOT_CLOSED),
        (NINE, NINE - timedelta(days=1), rules.SLOT_PAST),
        (NINE - timedelta(days=2), NINE - timedelta(days=1), rules.SLOT_NOT_RELEASED),
        (NINE - timedelta(days=1), NINE - timedelta(days=1), None),
    ],
)
def test_when_a_slot_can_be_booked(now: datetime, released: datetime, error: ErrorCode | None) -> None:
    if error is None:
        rules.check_open(SLOT, now, released, 30)
    else:
        assert refusal(rules.check_open, SLOT, now, released, 30).error is error


def test_who_comes_before_the_release_is_told_when_to_come_back() -> None:
    released = NINE - timedelta(hours=1)
    soon = refusal(rules.check_open, SLOT, released - timedelta(seconds=90), released, 30)
    assert soon.retry_after == 91 and soon.values["at"] == "2026-11-03 08:00"
    late = refusal(rules.check_open, SLOT, released - timedelta(days=3), released, 30)
    assert late.retry_after == 86400
    closed = refusal(rules.check_open, SLOT, NINE - timedelta(minutes=1), released, 30)
    assert closed.values == {"minutes": 30}


def test_cancelling_ends_some_hours_before() -> None:
    rules.check_cancellable(SLOT, NINE - timedelta(hours=2), 2)
    late = refusal(rules.check_cancellable, SLOT, NINE - timedelta(hours=2, seconds=-1), 2)
    assert late.error is rules.TOO_LATE_TO_CANCEL and late.values == {"until": "2026-11-03 07:00"}


@pytest.mark.parametrize(
    ("hall", "minutes", "error", "values"),
    [
        ("hall", -30, None, {}),
        ("hall", 15, None, {}),
        ("hall", -31, rules.TOO_EARLY, {"at": "08:30"}),
        ("hall", 16, rules.TOO_LATE, {"until": "09:15"}),
        ("other", 0, rules.WRONG_HALL, {"hall": "hall"}),
        ("hall", -24 * 60, rules.WRONG_DAY, {"day": "2026-11-03"}),
        ("hall", 24 * 60, rules.WRONG_DAY, {"day": "2026-11-03"}),
    ],
)
def test_when_somebody_may_check_in(hall: str, minutes: int, error: ErrorCode | None, values: dict[str, str]) -> None:
    now = NINE + timedelta(minutes=minutes)
    if error is None:
        rules.check_arrival(SLOT, hall, now, 30, 15)
        return
    found = refusal(rules.check_arrival, SLOT, hall, now, 30, 15)
    assert found.error is error and found.values == values


def test_moments_are_spoken_in_shanghai() -> None:
    assert rules.spoken(datetime(2026, 11, 2, 16, 5, tzinfo=UTC)) == "2026-11-03 00:05"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1))
def test_a_point_between_two_numbers_lies_between_them(low: float, width: float, fraction: float) -> None:
    assert low - 1e-6 <= rules.between(low, low + width, fraction) <= low + width + 1e-6
    assert rules.between(low, low + width, 0) == low
    assert rules.between(10, 20, 0.25) == 12.5


# Seats

SEATS = st.builds(
    Seat,
    appointment=st.text("ABC0123456789", min_size=1, max_size=12),
    channel=st.sampled_from(CHANNELS),
    places=st.integers(1, 30),
    until=st.integers(0, 4_000_000_000),
)


@given(SEATS)
def test_a_seat_is_kept_as_text_and_comes_back(seat: Seat) -> None:
    assert Seat.parse(seat.text) == seat
    assert seat.as_kept() == replace(seat, until=0) and seat.as_kept().text.count(".") == 1


def test_a_seats_text_is_short() -> None:
    assert Seat(appointment="A1", channel="priority", places=2, until=99).text == "A1.p2.99"
    assert Seat(appointment="A1", channel="online", places=1).text == "A1.o1"


def test_seats_whose_time_has_passed_count_as_free() -> None:
    now = datetime.fromtimestamp(1000, UTC)
    past = Seat(appointment="P", channel="online", places=2, until=1000)
    held = Seat(appointment="H", channel="online", places=1, until=1001)
    kept = Seat(appointment="K", channel="online", places=1)
    cooling = Seat(appointment="C", channel="online", places=1, until=999)
    other = Seat(appointment="O", channel="window", places=3, until=5)
    seen = Occupancy(taken={"online": 5, "window": 3}, held=(past, held, other), kept=(kept,), cooling=(cooling,))
    assert seen.passed(now) == [past, other, cooling]
    assert seen.free("online", 6, now) == 6 - 5 + 3
    assert seen.free("window", 3, now) == 3
    assert seen.free("priority", 2, now) == 2
    assert seen.free("online", 1, now) == 0, "never less than nothing"
    assert seen.seat_of("K") is kept and seen.seat_of("H") is held
    assert seen.seat_of("C") is None, "what cools down is nobody's"


# Limits

TODAY = date(2026, 11, 2)


def claim(day: date, service: str, *, is_open: bool = True, appointment: str = "") -> Claim:
    return Claim(
        appointment=appointment or f"{service}-{day}",
        services=(service,),
        hall="h",
        group="g",
        day=day,
        start="09:00",
        until=0,
        open=is_open,
    )


@pytest.mark.parametrize(
    ("standing", "found"),
    [
        (claim(TODAY, "a"), True),
        (claim(TODAY - timedelta(1), "a"), False),
        (claim(TODAY, "a", is_open=False), False),
        (claim(TODAY, "b"), False),
    ],
)
def test_one_open_appointment_for_a_service(standing: Claim, found: bool) -> None:
    wanted = claim(DAY, "a")
    assert (limits.claim_for_same_service([standing], wanted, TODAY) is standing) == found


def test_who_has_one_for_the_service_is_told_its_day() -> None:
    standing = claim(date(2026, 11, 9), "a")
    told = refusal(limits.check_limits, [standing], claim(DAY, "a"), TODAY, 0, 0, 0)
    assert told.error is rules.ALREADY_BOOKED and told.values == {"day": "2026-11-09"}


@pytest.mark.parametrize(
    ("most", "days", "until"),
    [
        ((1, 0, 0), [date(2026, 11, 3)], "2026-11-04"),
        ((1, 0, 0), [date(2026, 11, 4), date(2026, 11, 2)], None),
        ((2, 0, 0), [date(2026, 11, 3)], None),
        ((0, 2, 0), [date(2026, 11, 2), date(2026, 11, 8)], "2026-11-09"),
        ((0, 2, 0), [date(2026, 11, 1), date(2026, 11, 9)], None),
        ((0, 0, 2), [date(2026, 11, 1), date(2026, 11, 30)], "2026-12-01"),
        ((0, 0, 2), [date(2026, 10, 31), date(2026, 12, 1)], None),
    ],
)
def test_limits_count_by_the_day_of_the_visit(most: tuple[int, int, int], days: list[date], until: str | None) -> None:
    claims = [claim(day, f"s{place}") for place, day in enumerate(days)]
    if until is None:
        limits.check_limits(claims, claim(DAY, "new"), TODAY, *most)
        return
    told = refusal(limits.check_limits, claims, claim(DAY, "new"), TODAY, *most)
    assert told.error is rules.LIMIT_REACHED and told.values["until"] == until and told.values["most"] == max(most)


def test_the_limit_says_of_which_span_it_is() -> None:
    spans = {(1, 0, 0): ("每天", "a day"), (0, 1, 0): ("每周", "a week"), (0, 0, 1): ("每月", "a month")}
    for most, words in spans.items():
        told = refusal(limits.check_limits, [claim(DAY, "s")], claim(DAY, "new"), TODAY, *most)
        assert (told.values["limit_zh"], told.values["limit_en"]) == words


@pytest.mark.parametrize(
    ("days", "until"),
    [
        ([], None),
        ([date(2026, 8, 1)], None),
        ([date(2026, 8, 1), date(2026, 10, 30)], date(2027, 1, 29)),
        ([date(2026, 8, 1), date(2026, 10, 31)], None),
        ([date(2026, 10, 30), date(2026, 8, 1), date(2026, 1, 1)], date(2027, 1, 29)),
        ([date(2026, 8, 1), date(2026, 8, 1)], date(2026, 10, 31)),
    ],
)
def test_two_no_shows_within_ninety_days_cost_ninety_days(days: list[date], until: date | None) -> None:
    assert limits.blocked_until(days, allowed=2, within_days=90, blocked_days=90) == until


def test_who_is_blocked_may_book_again_on_the_last_day() -> None:
    limits.check_credit(None, TODAY)
    limits.check_credit(TODAY, TODAY)
    told = refusal(limits.check_credit, TODAY + timedelta(1), TODAY)
    assert told.error is rules.BLOCKED and told.values == {"until": "2026-11-03"}


def test_holding_too_many_places_in_an_hour_is_slowed_down() -> None:
    now = datetime.fromtimestamp(10_000, UTC)
    just_under = list(range(9_000, 9_000 + rules.HOLDS_PER_HOUR - 1))
    limits.check_pace(just_under, now)
    limits.check_pace([*just_under, 10_000 - 3600], now)
    told = refusal(limits.check_pace, [*just_under, 8_000], now)
    assert told.error is rules.TOO_MANY_HOLDS
    assert told.retry_after == 8_000 + 3600 - 10_000 + 1 and told.values == {"minutes": 27}
