"""A hall's queue: who is called, what becomes of whom, how long it takes, as examples: pure."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import ErrorCode, Problem
from chalicelib.queueing import calling, estimates, lines, rules
from chalicelib.queueing.queue import OpenWindow, Person, Queue, Run, Tally

PATTERN = ("priority", "appointment", "walk_in")
CLERK = b"c"


def person(number: str, *, group: str = "g", lane: str = "walk_in", start: int = 0, window: str = "") -> Person:
    return Person(number, group, lane, start, window)


def line(*numbers: str) -> lines.Line:
    found: lines.Line = []
    for number in numbers:
        lines.append(found, number)
    return found


def hall(*waiting: str, at_window: Person | None = None, lane: str = "walk_in") -> Queue:
    """Those who wait for group ``g``, and an open window 1 of it, which called its person at 150."""
    queue = Queue()
    if waiting:
        queue.lanes = {"g": {lane: [Run(0, line(*waiting))]}}
    queue.windows["1"] = OpenWindow(CLERK, ("g",), 150, person=at_window, calls=1)
    return queue


def call(queue: Queue, now: int = 1000, **since: int) -> Person:
    return calling.call_next(queue, "1", CLERK, PATTERN, now, lambda number: since.get(number, 0))


def refused(work: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as found:
        work()
    return found.value


def waiting(queue: Queue, lane: str = "walk_in", group: str = "g") -> list[str]:
    return [number for run in queue.lane(group, lane) for number in lines.numbers(run.line)]


def ahead(queue: Queue) -> list[str]:
    return [one.number for one in queue.ahead]


# Coming and leaving


def test_numbers_are_given_by_group() -> None:
    queue = Queue()
    first = rules.arrive(queue, "g", "walk_in", "A", "t1", 100)
    second = rules.arrive(queue, "g", "priority", "A", "t2", 100)
    other = rules.arrive(queue, "h", "walk_in", "B", "t3", 100)
    assert [first.number, second.number, other.number] == ["A001", "A002", "B001"]
    assert queue.last_given == {"g": 2, "h": 1}
    assert (queue.tally("g").issued, queue.tally("h").issued) == (2, 1)
    assert (waiting(queue), waiting(queue, "priority"), waiting(queue, group="h")) == (["A001"], ["A002"], ["B001"])


def test_who_comes_again_with_the_same_ticket_keeps_the_number() -> None:
    queue = Queue()
    first = rules.arrive(queue, "g", "walk_in", "A", "t1", 100)
    rules.arrive(queue, "g", "walk_in", "A", "t2", 101)
    assert rules.arrive(queue, "g", "walk_in", "A", "t1", 102) == first
    assert queue.joining["A001"].since == 100 and queue.tally("g").issued == 2


def test_who_asks_again_gets_another_minute_and_no_other_group() -> None:
    queue = Queue()
    rules.arrive(queue, "g", "walk_in", "A", "t1", 100)
    again = rules.arrive(queue, "g", "walk_in", "A", "t1", 159)
    rules.settle_joiners(queue, lambda _: False, 180)
    assert waiting(queue) == [again.number], "its repeat may still write it"
    other = refused(lambda: rules.arrive(queue, "h", "walk_in", "B", "t1", 181))
    assert other.error is rules.ALREADY_IN_QUEUE and other.values == {"number": "A001"}
    rules.settle_joiners(queue, lambda _: False, 300)
    assert waiting(queue) == []


def test_appointments_wait_by_their_time_whenever_they_come() -> None:
    queue = Queue()
    for ticket, start in (("late", 3600), ("early", 1800), ("same", 3600), ("first", 900)):
        rules.arrive(queue, "g", "appointment", "A", ticket, 100, start)
    assert [run.start for run in queue.lane("g", "appointment")] == [900, 1800, 3600]
    assert waiting(queue, "appointment") == ["A004", "A002", "A001", "A003"]


def test_without_an_appointment_the_arrival_counts_beside_appointments() -> None:
    queue = Queue()
    for ticket, now, start in (("old", 5500, 0), ("booked", 5500, 3600), ("older", 9000, 0)):
        rules.arrive(queue, "g", "priority", "A", ticket, now, start)
    assert [(run.start, list(lines.numbers(run.line))) for run in queue.lane("g", "priority")] == [
        (3600, ["A002"]),
        (5400, ["A001"]),
        (9000, ["A003"]),
    ]


def test_joiners_are_settled_the_oldest_first() -> None:
    queue = Queue()
    for ticket, now in (("written", 100), ("lost", 101), ("under way", 170)):
        rules.arrive(queue, "g", "walk_in", "A", ticket, now)
    assert rules.settle_joiners(queue, "written".__eq__, 161)
    assert list(queue.joining) == ["A002", "A003"], "its request may still write it"
    rules.settle_joiners(queue, "written".__eq__, 162)
    assert list(queue.joining) == ["A003"] and waiting(queue) == ["A001", "A003"]
    assert queue.tally("g").left == 1
    rules.settle_joiners(queue, lambda _: True, 163)
    assert not queue.joining and waiting(queue) == ["A001", "A003"]


def test_who_leaves_is_gone_from_wherever_they_are() -> None:
    queue = hall("A001", "A002")
    queue.parked["1"] = [person("A003")]
    queue.ahead = [person("A004")]
    queue.told = ["A002"]
    for number in ("A002", "A003", "A004"):
        rules.leave(queue, number)
    assert (waiting(queue), queue.parked, queue.ahead, queue.told) == (["A001"], {"1": []}, [], [])
    assert queue.tally("g").left == 3
    assert refused(lambda: rules.leave(queue, "A009")).error is rules.TICKET_OVER
    rules.leave(queue, "A001")
    assert queue.lane("g", "walk_in") == []


def test_a_closed_hall_takes_nobody() -> None:
    queue = hall("A001", at_window=person("A002"))
    queue.parked["1"] = [person("A003", group="h")]
    queue.ahead = [person("A004")]
    assert sorted(queue.everybody()) == ["A001", "A002", "A003", "A004"]
    assert rules.close_day(queue) == 4
    assert (queue.tally("g").unserved, queue.tally("h").unserved) == (3, 1)
    assert (queue.everybody(), queue.windows, queue.closed) == ([], {}, True)
    assert refused(lambda: rules.arrive(queue, "g", "walk_in", "A", "t", 1)).error is rules.HALL_CLOSED
    assert refused(lambda: rules.open_window(queue, "1", CLERK, ["g"], 1)).error is rules.HALL_CLOSED


# Windows


def test_a_window_that_closes_gives_its_people_back_to_the_head() -> None:
    queue = hall("A001", at_window=person("A002", window="1"))
    queue.ahead = [person("A003", window="1"), person("A004", window="2")]
    queue.parked["1"] = [person("A005", window="1")]
    rules.close_window(queue, "1")
    assert [(one.number, one.window) for one in queue.ahead] == [
        ("A003", ""),
        ("A004", "2"),
        ("A002", ""),
        ("A005", ""),
    ]
    assert queue.windows == {} and queue.parked == {} and waiting(queue) == ["A001"]
    rules.close_window(queue, "1")


def test_opening_a_window_again_begins_anew() -> None:
    queue = hall(at_window=person("A001"))
    rules.open_window(queue, "1", b"o", ["g", "h"], 500)
    assert queue.windows["1"] == OpenWindow(b"o", ("g", "h"), 500)
    assert ahead(queue) == ["A001"]


@pytest.mark.parametrize(
    ("sign", "since", "silent"), [(0, 100, True), (140, 0, False), (139, 0, True), (0, 140, False), (0, 139, True)]
)
def test_windows_that_give_no_sign_are_closed(sign: int, since: int, silent: bool) -> None:
    queue = Queue(windows={"1": OpenWindow(CLERK, ("g",), since)})
    signs = {"1": sign} if sign else {}
    assert rules.may_be_silent(queue, 60, 200) is (since < 140)
    assert rules.close_silent(queue, signs, 60, 200) == (["1"] if silent else [])
    assert ("1" in queue.windows) is not silent


def test_a_window_belongs_to_its_clerk() -> None:
    queue = hall()
    assert rules.window_of(queue, "1", CLERK) is queue.windows["1"]
    assert refused(lambda: rules.window_of(queue, "2", CLERK)).error is rules.WINDOW_CLOSED
    assert refused(lambda: rules.window_of(queue, "1", b"x")).error is rules.WINDOW_NOT_YOURS
    assert refused(lambda: rules.person_at(queue, "1", CLERK)).error is rules.WINDOW_EMPTY


# Calling

A, B, C = "A001", "A002", "A003"


@pytest.mark.parametrize(
    ("people", "turn", "chosen", "next_turn"),
    [
        ([], 0, None, 0),
        ([person(A), person(B, lane="appointment")], 0, B, 2),
        ([person(A), person(B, lane="appointment")], 2, A, 0),
        ([person(A), person(B, lane="priority")], 1, A, 0),
        ([person(B), person(A)], 0, B, 0),
        ([person(A, lane="priority", start=1001), person(B)], 0, B, 0),
        ([person(A, lane="priority", start=1000), person(B)], 0, A, 1),
        ([person(A, lane="priority", start=1001)], 0, A, 1),
        ([person(A, group="h"), person(B)], 0, B, 0),
        ([person(A, group="other")], 0, None, 0),
    ],
)
def test_who_comes_next(people: list[Person], turn: int, chosen: str | None, next_turn: int) -> None:
    queue = Queue()
    for one in people:
        rules.join_run(queue, one)
    # Of two groups in one lane, who came first: the second number came earlier.
    since = {A: 300, B: 200}
    found = calling.choose(queue, "1", ("g", "h"), PATTERN, turn, 1000, since.get)
    if chosen is None:
        assert found is None
    else:
        assert found is not None and (found[0].number, found[1]) == (chosen, next_turn)


def test_who_is_ahead_comes_first_where_they_may_go() -> None:
    queue = hall(A)
    queue.ahead = [person(B, window="2"), person(C, group="h"), person("A004"), person("A005", window="1", group="h")]
    assert call(queue).number == "A004"
    calling.finish(queue, "1", CLERK, since=0, expected=60, now=1)
    called = call(queue)
    assert (called.number, called.window, queue.windows["1"].turn) == ("A005", "", 0)


def test_nobody_is_called_whose_ticket_is_not_written() -> None:
    queue = hall(A, B)
    found = calling.choose(queue, "1", ("g",), PATTERN, 0, 1000, {B: 5}.get)
    assert found is not None and found[0].number == B
    assert calling.choose(queue, "1", ("g",), PATTERN, 0, 1000, lambda _: None) is None


def test_calling_takes_one_person_and_shows_it() -> None:
    queue = hall(A, B)
    queue.told = [A]
    assert call(queue, 700).number == A
    window = queue.windows["1"]
    assert window.person == person(A) and (window.since, window.calls) == (700, 1)
    assert [(call.number, call.window, call.at) for call in queue.calls] == [(A, "1", 700)]
    busy = refused(lambda: call(queue, 701))
    assert busy.error is rules.WINDOW_BUSY and busy.values == {"number": A}
    calling.recall(queue, "1", CLERK, 720)
    assert (queue.windows["1"].since, queue.windows["1"].calls) == (700, 2)
    assert queue.sequence == 2 and queue.calls[-1].at == 720 and waiting(queue) == [B]


def test_the_pattern_goes_on_where_the_window_was() -> None:
    queue = hall(A, B)
    rules.join_run(queue, person(C, lane="appointment"))
    order = []
    for moment in range(3):
        order.append(call(queue, moment).number)
        calling.finish(queue, "1", CLERK, since=0, expected=60, now=moment)
    assert order == [C, A, B]
    assert refused(lambda: call(queue)).error is rules.NOBODY_WAITS


def test_displays_show_the_last_calls_only() -> None:
    queue = hall(at_window=person(A))
    for moment in range(calling.SHOWN_CALLS + 3):
        calling.recall(queue, "1", CLERK, moment)
    assert len(queue.calls) == calling.SHOWN_CALLS and queue.sequence == calling.SHOWN_CALLS + 3


def test_who_misses_the_call_goes_some_places_back_and_then_is_out() -> None:
    queue = hall(A, B, C, "A004", at_window=person("A000"))
    late, is_out = calling.skip(queue, "1", CLERK, 3, 1, 1000)
    assert not is_out and queue.skips == {"A000": 1} and queue.windows["1"].person is None
    assert waiting(queue) == [A, B, C, "A000", "A004"]
    rules.take_out(queue, "A000")
    queue.windows["1"] = replace(queue.windows["1"], person=late)
    _, is_out = calling.skip(queue, "1", CLERK, 3, 1, 1000)
    assert is_out and queue.skips == {} and queue.tally("g").missed == 1 and waiting(queue) == [A, B, C, "A004"]


@pytest.mark.parametrize(
    ("runs", "start", "left"),
    [
        ([], 0, [(0, ["A009"])]),
        ([(0, [A])], 0, [(0, [A, "A009"])]),
        ([(0, [A]), (500, [B])], 0, [(0, [A]), (500, [B, "A009"])]),
        ([(0, [A]), (500, [B, C, "A004"])], 0, [(0, [A]), (500, [B, "A009", C, "A004"])]),
        ([(0, [A, B]), (500, [C])], 0, [(0, [A, B, "A009"]), (500, [C])]),
        ([(2000, [A])], 500, [(500, ["A009"]), (2000, [A])]),
    ],
)
def test_who_is_skipped_stands_behind_two_who_are_due(
    runs: list[tuple[int, list[str]]], start: int, left: list[tuple[int, list[str]]]
) -> None:
    queue = hall(at_window=person("A009", start=start))
    queue.lanes = {"g": {"walk_in": [Run(at, line(*numbers)) for at, numbers in runs]}}
    calling.skip(queue, "1", CLERK, 2, 1, 1000)
    assert [(run.start, list(lines.numbers(run.line))) for run in queue.lane("g", "walk_in")] == left


def test_parking_and_coming_back() -> None:
    queue = hall(at_window=person(A))
    assert calling.park(queue, "1", CLERK).number == A
    assert queue.windows["1"].person is None and queue.parked["1"] == [person(A)]
    unknown = refused(lambda: calling.resume(queue, "1", CLERK, "A009", 5))
    assert unknown.error is rules.NOT_PARKED and unknown.values == {"number": "A009"}
    assert calling.resume(queue, "1", CLERK, A, 900).number == A
    assert queue.parked["1"] == [] and queue.windows["1"].since == 900
    busy = refused(lambda: calling.resume(queue, "1", CLERK, A, 901))
    assert busy.error is rules.WINDOW_BUSY and busy.values == {"number": A}


def test_sending_somebody_on() -> None:
    queue = hall(at_window=person(A))
    queue.skips = {A: 2}
    queue.windows["2"] = OpenWindow(b"d", ("h",), 0)
    moved = calling.transfer(queue, "1", CLERK, to_window="2")
    assert moved == person(A, window="2") and queue.skips == {}
    assert queue.ahead == [moved] and queue.windows["1"].person is None
    queue.windows["1"] = replace(queue.windows["1"], person=person(B))
    assert refused(lambda: calling.transfer(queue, "1", CLERK, to_window="9")).error is rules.WINDOW_CLOSED
    assert calling.transfer(queue, "1", CLERK, to_group="h") == person(B, group="h")


def test_serving_counts_times_and_moves_the_average() -> None:
    queue = hall(at_window=person(A))
    calling.finish(queue, "1", CLERK, since=100, expected=600, now=450)
    assert queue.tally("g") == Tally(served=1, worked=300, waited=50, seconds=540)
    queue.windows["1"] = replace(queue.windows["1"], person=person(B), since=800)
    calling.finish(queue, "1", CLERK, since=900, expected=1, now=700)
    assert queue.tally("g") == Tally(served=2, worked=300, waited=50, seconds=432), "clocks that go back count nothing"
    assert queue.windows["1"].person is None


def test_who_does_not_come_at_all_is_missed() -> None:
    queue = hall(at_window=person(A))
    assert calling.miss(queue, "1", CLERK).number == A
    assert queue.windows["1"].person is None and queue.tally("g").missed == 1 and queue.everybody() == []


DEEDS: list[Callable[[Queue, str, bytes], object]] = [
    lambda queue, code, clerk: calling.recall(queue, code, clerk, 1),
    lambda queue, code, clerk: calling.skip(queue, code, clerk, 1, 1, 1),
    calling.park,
    lambda queue, code, clerk: calling.finish(queue, code, clerk, since=0, expected=1, now=1),
    calling.miss,
    calling.transfer,
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("code", "clerk", "error"),
    [("2", CLERK, rules.WINDOW_CLOSED), ("1", b"x", rules.WINDOW_NOT_YOURS), ("1", CLERK, rules.WINDOW_EMPTY)],
)
def test_nothing_happens_at_a_window_that_is_not_ones_own_or_empty(
    deed: Callable[[Queue, str, bytes], object], code: str, clerk: bytes, error: ErrorCode
) -> None:
    assert refused(lambda: deed(hall(), code, clerk)).error is error


# Estimates


def test_the_position_is_that_of_being_called() -> None:
    queue = hall(A)
    for one in (person(B, lane="appointment"), person("B001", group="h"), person(C, lane="priority")):
        rules.join_run(queue, one)
    rules.join_run(queue, person("A004", lane="appointment", start=2000))
    places = {}
    for number in (C, B, A, "A004", "B001"):
        place = estimates.place_of(queue, number, PATTERN, 1000)
        assert place is not None
        places[number] = (place.group, place.position)
        assert estimates.number_at(queue, *places[number], PATTERN, 1000) == number
    assert places == {C: ("g", 1), B: ("g", 2), A: ("g", 3), "A004": ("g", 4), "B001": ("h", 1)}
    assert estimates.place_of(queue, "A009", PATTERN, 1000) is None
    assert estimates.number_at(queue, "g", 5, PATTERN, 1000) is None


def test_the_position_of_who_is_due_later_begins_where_the_others_end() -> None:
    """The appointment was called last, so the walk-in lane has the next turn, and then priority."""
    queue = Queue()
    people = [
        person(A, lane="appointment"),
        person(B, lane="appointment", start=2000),
        person(C, lane="priority", start=2000),
        person("A004", start=2000),
    ]
    for one in people:
        rules.join_run(queue, one)
    order = [A, "A004", C, B]
    for position, number in enumerate(order, 1):
        assert estimates.place_of(queue, number, PATTERN, 1000) == estimates.Place("g", position)
        assert estimates.number_at(queue, "g", position, PATTERN, 1000) == number


def test_who_was_called_early_and_is_skipped_waits_for_the_time_again() -> None:
    queue = hall(A, at_window=person("A009", start=5000))
    calling.skip(queue, "1", CLERK, 3, 1, 1000)
    assert [(run.start, list(lines.numbers(run.line))) for run in queue.lane("g", "walk_in")] == [
        (0, [A]),
        (5000, ["A009"]),
    ]


@pytest.mark.parametrize(
    ("windows", "place", "seconds", "moving"),
    [(0, 1, None, 0), (1, 1, 600, 0), (1, 3, 1800, 0), (2, 3, 1200, 0), (2, 4, 1200, 0), (2, 4, 800, 400)],
)
def test_the_estimate_follows_windows_and_service_time(
    windows: int, place: int, seconds: int | None, moving: int
) -> None:
    queue = Queue()
    for code in range(windows):
        queue.windows[str(code)] = OpenWindow(CLERK, ("g",), 0)
    queue.windows["x"] = OpenWindow(CLERK, ("h",), 0)
    if moving:
        queue.tallies["g"] = Tally(seconds=moving)
    assert estimates.estimated_seconds(queue, "g", place, 600) == seconds
