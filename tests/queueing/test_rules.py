"""A hall's queue: who is called, what becomes of whom, how long it takes, as examples: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.kernel.errors import ErrorCode, Problem
from chalicelib.queueing import estimates, rules
from chalicelib.queueing.rules import OpenWindow, Person, Queue

PATTERN = ("priority", "appointment", "walk_in")


def person(ticket: str, *, lane: str = "walk_in", order: float = 0, since: int = 100, **more: object) -> Person:
    found = Person(ticket=ticket, number=ticket, group="g", lane=lane, order=order, since=since)
    return replace(found, **more)  # type: ignore[arg-type]


def hall(*waiting: Person, at_window: Person | None = None) -> Queue:
    queue = Queue(waiting=list(waiting))
    queue.windows["1"] = OpenWindow(clerk="c", groups=("g",), opened_at=0, person=at_window, called_at=150, calls=1)
    return queue


def refused(work: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as found:
        work()
    return found.value


def names(people: list[Person]) -> list[str]:
    return [one.ticket for one in people]


# Coming and leaving


def test_numbers_are_given_by_group_and_order_within_a_lane() -> None:
    queue = Queue()
    first = rules.arrive(queue, person("a"), "A")
    second = rules.arrive(queue, person("b"), "A")
    other = rules.arrive(queue, person("c", group="h"), "B")
    assert [first.number, second.number, other.number] == ["A001", "A002", "B001"]
    assert first.order < second.order
    assert queue.numbers == {"g": 2, "h": 1}
    assert (queue.tally("g").issued, queue.tally("h").issued) == (2, 1)
    assert names(queue.waiting) == ["a", "b", "c"]


def test_somebody_has_one_ticket_at_a_time_wherever_they_are() -> None:
    for queue in (
        hall(person("a", visitor="v")),
        hall(at_window=person("a", visitor="v")),
        Queue(parked={"1": [person("a", visitor="v")]}),
    ):
        problem = refused(lambda queue=queue: rules.arrive(queue, person("b", visitor="v"), "A"))  # type: ignore[misc]
        assert problem.error is rules.ALREADY_IN_QUEUE and problem.values == {"number": "a"}
        rules.arrive(queue, person("c", visitor="w"), "A")
        rules.arrive(queue, person("d"), "A")


def test_who_leaves_is_gone_from_waiting_or_parked() -> None:
    queue = hall(person("a"), person("b"))
    queue.parked["1"] = [person("p")]
    assert rules.leave(queue, "b").ticket == "b" and names(queue.waiting) == ["a"]
    assert rules.leave(queue, "p").ticket == "p" and queue.parked == {"1": []}
    assert queue.tally("g").left == 2
    assert refused(lambda: rules.leave(queue, "x")).error is rules.TICKET_OVER


def test_a_closed_hall_takes_nobody() -> None:
    queue = hall(person("a"), at_window=person("b"))
    queue.parked["1"] = [person("p")]
    assert sorted(names(rules.close_day(queue))) == ["a", "b", "p"]
    assert queue.tally("g").unserved == 3
    assert (queue.waiting, queue.parked, queue.windows, queue.closed) == ([], {}, {}, True)
    assert refused(lambda: rules.arrive(queue, person("c"), "A")).error is rules.HALL_CLOSED
    assert refused(lambda: rules.open_window(queue, "1", "c", ["g"], 1)).error is rules.HALL_CLOSED


# Windows


def test_a_window_that_closes_gives_its_people_back_to_the_head() -> None:
    queue = hall(person("w"), person("bound", window="1"), at_window=person("at", window="1"))
    queue.parked["1"] = [person("parked", window="1")]
    rules.close_window(queue, "1")
    assert {one.ticket: (one.ahead, one.window) for one in queue.waiting} == {
        "w": (False, ""),
        "bound": (False, ""),
        "at": (True, ""),
        "parked": (True, ""),
    }
    assert queue.windows == {} and queue.parked == {}
    rules.close_window(queue, "1")


def test_opening_a_window_again_begins_anew() -> None:
    queue = hall(at_window=person("at"))
    rules.open_window(queue, "1", "other", ["g", "h"], 500)
    assert queue.windows["1"] == OpenWindow(clerk="other", groups=("g", "h"), opened_at=500)
    assert names(queue.waiting) == ["at"]


@pytest.mark.parametrize(
    ("sign", "called", "opened", "silent"),
    [(0, 0, 100, True), (140, 0, 0, False), (139, 0, 0, True), (0, 140, 0, False), (0, 0, 140, False)],
)
def test_windows_that_give_no_sign_are_closed(sign: int, called: int, opened: int, silent: bool) -> None:
    queue = Queue(windows={"1": OpenWindow(clerk="c", groups=("g",), opened_at=opened, called_at=called)})
    signs = {"1": sign} if sign else {}
    assert rules.close_silent(queue, signs, 60, 200) == (["1"] if silent else [])
    assert ("1" in queue.windows) is not silent


def test_a_window_belongs_to_its_clerk() -> None:
    queue = hall()
    assert rules.window_of(queue, "1", "c") is queue.windows["1"]
    assert refused(lambda: rules.window_of(queue, "2", "c")).error is rules.WINDOW_CLOSED
    assert refused(lambda: rules.window_of(queue, "1", "x")).error is rules.WINDOW_NOT_YOURS
    assert refused(lambda: rules.finish(queue, "1", "c", 60, 1)).error is rules.WINDOW_EMPTY


# Calling


@pytest.mark.parametrize(
    ("people", "turn", "chosen", "next_turn"),
    [
        ([], 0, None, 0),
        ([person("w"), person("a", lane="appointment")], 0, "a", 2),
        ([person("w"), person("a", lane="appointment")], 2, "w", 0),
        ([person("w"), person("p", lane="priority")], 1, "w", 0),
        ([person("late", order=2), person("early", order=1)], 0, "early", 0),
        ([person("b", since=200), person("a", since=100)], 0, "a", 0),
        ([person("b"), person("a")], 0, "a", 0),
        ([person("due", lane="priority", due=1001), person("now")], 0, "now", 0),
        ([person("due", lane="priority", due=1000), person("now")], 0, "due", 1),
        ([person("due", lane="priority", due=1001)], 0, "due", 1),
        ([person("p", lane="priority"), person("lost", ahead=True, since=300)], 1, "lost", 1),
        ([person("y", ahead=True, since=300), person("x", ahead=True, since=200)], 2, "x", 2),
    ],
)
def test_who_comes_next(people: list[Person], turn: int, chosen: str | None, next_turn: int) -> None:
    found = rules.choose(people, PATTERN, turn, 1000)
    if chosen is None:
        assert found is None
    else:
        assert found is not None and (found[0].ticket, found[1]) == (chosen, next_turn)


def test_who_may_be_called_to_a_window() -> None:
    queue = hall(
        person("own"), person("other", group="h"), person("bound", group="h", window="1"), person("x", window="2")
    )
    assert names(rules.candidates(queue, "1", ["g"])) == ["own", "bound"]


def test_calling_takes_one_person_and_shows_it() -> None:
    queue = hall(person("a", ahead=True), person("b"))
    assert rules.call_next(queue, "1", "c", PATTERN, 700).ticket == "a"
    window = queue.windows["1"]
    assert window.person is not None and not window.person.ahead
    assert (window.person.ticket, window.called_at, window.calls) == ("a", 700, 1)
    assert [(call.sequence, call.number, call.window, call.at) for call in queue.calls] == [(1, "a", "1", 700)]
    busy = refused(lambda: rules.call_next(queue, "1", "c", PATTERN, 701))
    assert busy.error is rules.WINDOW_BUSY and busy.values == {"number": "a"}
    rules.recall(queue, "1", "c", 720)
    assert (queue.windows["1"].called_at, queue.windows["1"].calls) == (700, 2)
    assert [call.sequence for call in queue.calls] == [1, 2] and queue.calls[-1].at == 720


def test_the_pattern_goes_on_where_the_window_was() -> None:
    queue = hall(person("w1", order=1), person("w2", order=2), person("a", lane="appointment"))
    order = []
    for moment in range(3):
        order.append(rules.call_next(queue, "1", "c", PATTERN, moment).ticket)
        rules.finish(queue, "1", "c", 60, moment)
    assert order == ["a", "w1", "w2"]
    assert refused(lambda: rules.call_next(queue, "1", "c", PATTERN, 9)).error is rules.NOBODY_WAITS


def test_displays_show_the_last_calls_only() -> None:
    queue = hall(at_window=person("a"))
    for moment in range(rules.SHOWN_CALLS + 3):
        rules.recall(queue, "1", "c", moment)
    assert len(queue.calls) == rules.SHOWN_CALLS and queue.calls[-1].sequence == rules.SHOWN_CALLS + 3


def test_who_misses_the_call_goes_some_places_back_and_then_is_out() -> None:
    waiting = [person(name, order=order) for name, order in (("a", 1), ("b", 2), ("c", 3), ("d", 4))]
    queue = hall(*waiting, person("other", lane="appointment", order=0), at_window=person("late", order=0))
    skipped, is_out = rules.skip(queue, "1", "c", 3, 1)
    assert not is_out and skipped.skips == 1 and queue.windows["1"].person is None
    lane = sorted((one for one in queue.waiting if one.lane == "walk_in"), key=lambda one: one.order)
    assert names(lane) == ["a", "b", "c", "late", "d"]
    queue.windows["1"] = replace(queue.windows["1"], person=skipped)
    queue.waiting = waiting
    again, is_out = rules.skip(queue, "1", "c", 3, 1)
    assert is_out and again.skips == 2 and queue.tally("g").missed == 1 and queue.waiting == waiting


def test_skipping_behind_fewer_people_goes_to_the_end() -> None:
    queue = hall(person("a", order=1), at_window=person("late"))
    rules.skip(queue, "1", "c", 3, 1)
    assert names(sorted(queue.waiting, key=lambda one: one.order)) == ["a", "late"]
    alone = hall(at_window=person("late", order=7))
    rules.skip(alone, "1", "c", 3, 1)
    assert [one.order for one in alone.waiting] == [7]


def test_parking_and_coming_back() -> None:
    queue = hall(at_window=person("p"))
    assert rules.park(queue, "1", "c").ticket == "p"
    assert queue.windows["1"].person is None and names(queue.parked["1"]) == ["p"]
    unknown = refused(lambda: rules.resume(queue, "1", "c", "x", 5))
    assert unknown.error is rules.NOT_PARKED and unknown.values == {"number": "x"}
    assert rules.resume(queue, "1", "c", "p", 900).ticket == "p"
    assert queue.parked["1"] == [] and queue.windows["1"].called_at == 900
    busy = refused(lambda: rules.resume(queue, "1", "c", "p", 901))
    assert busy.error is rules.WINDOW_BUSY and busy.values == {"number": "p"}


def test_sending_somebody_on() -> None:
    queue = hall(at_window=person("t", skips=2))
    queue.windows["2"] = OpenWindow(clerk="d", groups=("h",), opened_at=0)
    moved = rules.transfer(queue, "1", "c", to_window="2")
    assert (moved.window, moved.group, moved.skips) == ("2", "g", 0)
    assert queue.waiting[-1] == replace(moved, ahead=True) and queue.windows["1"].person is None
    queue.windows["1"] = replace(queue.windows["1"], person=person("u"))
    assert refused(lambda: rules.transfer(queue, "1", "c", to_window="9")).error is rules.WINDOW_CLOSED
    moved = rules.transfer(queue, "1", "c", to_group="h")
    assert (moved.window, moved.group) == ("", "h")


def test_serving_counts_times_and_moves_the_average() -> None:
    queue = hall(at_window=person("s", since=100))
    rules.finish(queue, "1", "c", expected=600, now=450)
    tally = queue.tally("g")
    assert (tally.served, tally.worked, tally.waited) == (1, 300, 50)
    weight = rules._NEW_WEIGHT
    assert tally.seconds == pytest.approx(600 * (1 - weight) + 300 * weight)
    queue.windows["1"] = replace(queue.windows["1"], person=person("t", since=900), called_at=800)
    rules.finish(queue, "1", "c", expected=1, now=700)
    later = queue.tally("g")
    assert (later.served, later.worked, later.waited) == (2, 300, 50), "clocks that go back count nothing"
    assert later.seconds == pytest.approx(tally.seconds * (1 - weight))
    assert queue.windows["1"].person is None


def test_who_does_not_come_at_all_is_missed() -> None:
    queue = hall(at_window=person("m"))
    assert rules.miss(queue, "1", "c").ticket == "m"
    assert queue.windows["1"].person is None and queue.tally("g").missed == 1 and queue.waiting == []


DEEDS: list[Callable[[Queue, str, str], object]] = [
    lambda queue, code, clerk: rules.recall(queue, code, clerk, 1),
    lambda queue, code, clerk: rules.skip(queue, code, clerk, 1, 1),
    rules.park,
    lambda queue, code, clerk: rules.finish(queue, code, clerk, 1, 1),
    rules.miss,
    rules.transfer,
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("code", "clerk", "error"),
    [("2", "c", rules.WINDOW_CLOSED), ("1", "x", rules.WINDOW_NOT_YOURS), ("1", "c", rules.WINDOW_EMPTY)],
)
def test_nothing_happens_at_a_window_that_is_not_ones_own_or_empty(
    deed: Callable[[Queue, str, str], object], code: str, clerk: str, error: ErrorCode
) -> None:
    assert refused(lambda: deed(hall(), code, clerk)).error is error


# Estimates


def test_the_position_is_that_of_being_called() -> None:
    queue = hall(
        person("w", order=1), person("a", lane="appointment"), person("h", group="h"), person("p", lane="priority")
    )
    places = {name: estimates.position(queue, name, PATTERN, 1000) for name in ("p", "a", "w", "h", "nobody")}
    assert places == {"p": 1, "a": 2, "w": 3, "h": 1, "nobody": 0}


@pytest.mark.parametrize(
    ("windows", "place", "seconds", "moving"),
    [(0, 1, None, 0), (1, 1, 600, 0), (1, 3, 1800, 0), (2, 3, 1200, 0), (2, 4, 1200, 0), (2, 4, 800, 400.4)],
)
def test_the_estimate_follows_windows_and_service_time(
    windows: int, place: int, seconds: int | None, moving: float
) -> None:
    queue = Queue()
    for code in range(windows):
        queue.windows[str(code)] = OpenWindow(clerk="c", groups=("g",), opened_at=0)
    queue.windows["x"] = OpenWindow(clerk="c", groups=("h",), opened_at=0)
    if moving:
        queue.tallies["g"] = rules.Tally(seconds=moving)
    assert estimates.estimated_seconds(queue, "g", place, 600) == seconds


def test_since_when_the_first_has_waited() -> None:
    assert estimates.longest_wait(Queue()) is None
    assert estimates.longest_wait(hall(person("a", since=300), person("b", since=200))) == 200
