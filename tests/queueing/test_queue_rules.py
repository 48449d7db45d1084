"""The queue against a plain model: nobody is lost, doubled, or called to two windows, whatever happens."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.kernel.errors import Problem
from chalicelib.queueing import calling, estimates, packing, rules
from chalicelib.queueing.queue import Queue
from scenes.world import World
from tests.interleaving import Interleaved
from tests.queueing.hall import HallDay

WINDOWS = {"1": ["a"], "2": ["a", "b"], "3": ["b"]}
PATTERN = ["priority", "appointment", "appointment", "walk_in"]
GROUPS, LANES = st.sampled_from("ab"), st.sampled_from(["priority", "appointment", "walk_in"])
CODES = st.sampled_from(sorted(WINDOWS))


class QueueMachine(RuleBasedStateMachine):
    """Three windows, two groups; the model knows of each ticket only where it must be."""

    def __init__(self) -> None:
        super().__init__()
        self.queue, self.now, self.came = Queue(), 1000, 0
        self.place: dict[str, str] = {}
        self.since: dict[str, int] = {}
        self.unwritten: set[str] = set()

    def clerk(self, code: str) -> bytes:
        window = self.queue.windows.get(code)
        return window.clerk if window else b"nobody"

    def arrived(self, number: str) -> int | None:
        return None if number in self.unwritten else self.since[number]

    @rule(group=GROUPS, lane=LANES, due=st.integers(-30, 30), is_written=st.booleans())
    def arrive(self, group: str, lane: str, due: int, is_written: bool) -> None:
        self.came += 1
        start = self.now + due if lane == "appointment" else 0
        person = rules.arrive(self.queue, group, lane, group.upper(), f"t{self.came}", self.now, start)
        assert person.number not in self.place
        self.place[person.number] = "waiting"
        self.since[person.number] = self.now
        if not is_written:
            self.unwritten.add(person.number)

    @precondition(lambda self: self.unwritten)
    @rule(data=st.data())
    def write_ticket(self, data: Any) -> None:
        self.unwritten.remove(data.draw(st.sampled_from(sorted(self.unwritten))))

    @rule()
    def settle(self) -> None:
        unwritten = {self.queue.joining[number].ticket for number in self.unwritten if number in self.queue.joining}
        rules.settle_joiners(self.queue, lambda ticket: ticket not in unwritten, self.now)
        for number in sorted(self.unwritten):
            if number not in self.queue.joining:
                assert self.since[number] < self.now - rules.JOINING_SECONDS, "its request may still be writing it"
                self.unwritten.remove(number)
                self.place[number] = "gone"

    @rule()
    def store(self) -> None:
        self.queue = packing.unpack(packing.pack(self.queue))

    @rule(code=CODES, clerk=st.sampled_from([b"x", b"y"]))
    def open(self, code: str, clerk: bytes) -> None:
        self._send_back(code)
        rules.open_window(self.queue, code, clerk, WINDOWS[code], self.now)

    @rule(code=CODES)
    def close(self, code: str) -> None:
        self._send_back(code)
        rules.close_window(self.queue, code)

    def _send_back(self, code: str) -> None:
        for ticket, where in self.place.items():
            if where in (f"window {code}", f"parked {code}"):
                self.place[ticket] = "waiting"

    @rule(code=CODES)
    def call(self, code: str) -> None:
        try:
            before = [person.number for person in self.queue.ahead if person.window == code]
            person = calling.call_next(self.queue, code, self.clerk(code), PATTERN, self.now, self.arrived)
        except Problem:
            return
        assert self.place[person.number] == "waiting" and person.number not in self.unwritten
        assert person.group in WINDOWS[code] or person.number in before
        self.place[person.number] = f"window {code}"

    @precondition(lambda self: any(window.person for window in self.queue.windows.values()))
    @rule(
        data=st.data(),
        deed=st.sampled_from(["recall", "skip", "park", "finish", "miss", "transfer_group", "transfer_window"]),
    )
    def act(self, data: Any, deed: str) -> None:
        busy = sorted(code for code, window in self.queue.windows.items() if window.person)
        code = data.draw(st.sampled_from(busy))
        ticket, clerk = self.queue.windows[code].person.number, self.clerk(code)  # type: ignore[union-attr]
        assert self.place[ticket] == f"window {code}"
        if deed == "recall":
            calling.recall(self.queue, code, clerk, self.now)
        elif deed == "skip":
            self.place[ticket] = "gone" if calling.skip(self.queue, code, clerk, 3, 2, self.now)[1] else "waiting"
        elif deed == "park":
            calling.park(self.queue, code, clerk)
            self.place[ticket] = f"parked {code}"
        elif deed == "finish":
            calling.finish(self.queue, code, clerk, since=0, expected=600, now=self.now)
            self.place[ticket] = "gone"
        elif deed == "miss":
            calling.miss(self.queue, code, clerk)
            self.place[ticket] = "gone"
        elif deed == "transfer_group":
            calling.transfer(self.queue, code, clerk, to_group=data.draw(GROUPS))
            self.place[ticket] = "waiting"
        else:
            others = sorted(set(self.queue.windows) - {code})
            if others:
                calling.transfer(self.queue, code, clerk, to_window=data.draw(st.sampled_from(others)))
                self.place[ticket] = "waiting"

    @precondition(lambda self: any(self.queue.parked.values()))
    @rule(data=st.data())
    def resume(self, data: Any) -> None:
        parked = [(code, person) for code, people in sorted(self.queue.parked.items()) for person in people]
        code, person = data.draw(st.sampled_from(parked))
        try:
            calling.resume(self.queue, code, self.clerk(code), person.number, self.now)
        except Problem:
            return
        self.place[person.number] = f"window {code}"

    @precondition(lambda self: self.place)
    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.place)))
        try:
            rules.leave(self.queue, ticket)
        except Problem:
            assert self.place[ticket] == "gone" or self.place[ticket].startswith("window")
            return
        self.place[ticket] = "gone"
        self.unwritten.discard(ticket)

    @rule(seconds=st.integers(0, 400))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds
        for code in rules.close_silent(self.queue, {}, 180, self.now):
            self._send_back(code)

    @invariant()
    def everybody_is_where_the_model_says(self) -> None:
        found = dict.fromkeys(self.queue.everybody(), "waiting")
        for code, people in self.queue.parked.items():
            found |= {person.number: f"parked {code}" for person in people}
        for code, window in self.queue.windows.items():
            if window.person:
                found[window.person.number] = f"window {code}"
        assert found == {ticket: where for ticket, where in self.place.items() if where != "gone"}
        assert len(self.queue.everybody()) == len(found), "nobody is in two places"

    @invariant()
    def the_numbers_add_up(self) -> None:
        gone = sum(where == "gone" for where in self.place.values())
        tallies = self.queue.tallies.values()
        assert sum(tally.issued for tally in tallies) == len(self.place)
        assert sum(tally.served + tally.missed + tally.left for tally in tallies) == gone

    @invariant()
    def everybody_who_waits_can_be_called_somewhere(self) -> None:
        for person in self.queue.ahead:
            assert not person.window or person.window in self.queue.windows
        for group, lanes in self.queue.lanes.items():
            for runs in lanes.values():
                assert [run.start for run in runs] == sorted({run.start for run in runs}) and all(
                    run.line for run in runs
                )
            self._positions_are_those_of_being_called(group)

    def _positions_are_those_of_being_called(self, group: str) -> None:
        """The position that is counted is the one that comes out when one window empties the group."""
        copy = packing.unpack(packing.pack(self.queue))
        copy.ahead = [person for person in copy.ahead if person.group == group]
        turn = 0
        place = 0
        while True:
            for_any = [msgspec.structs.replace(person, window="") for person in copy.ahead]
            copy.ahead = for_any
            chosen = calling.choose(copy, "", [group], PATTERN, turn, self.now, lambda _: 0)
            if chosen is None:
                break
            place += 1
            number = chosen[0].number
            turn = chosen[1]
            found = estimates.place_of(self.queue, number, PATTERN, self.now)
            assert found == estimates.Place(group, place)
            assert estimates.number_at(self.queue, group, place, PATTERN, self.now) == number
            rules.take_out(copy, number)

    def teardown(self) -> None:
        here = {ticket for ticket, where in self.place.items() if where != "gone"}
        assert rules.close_day(self.queue) == len(here) and self.queue.everybody() == []


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=200, stateful_step_count=40)


def test_no_lane_starves() -> None:
    """Every lane of the pattern is served within one round of it, however many wait in the others."""
    queue = Queue()
    for lane in ("priority", "appointment", "walk_in"):
        for person in range(50):
            rules.arrive(queue, "a", lane, "A", f"{lane}{person}", 0)
    rules.open_window(queue, "1", b"x", ["a"], 0)
    called = []
    for _ in range(40):
        called.append(calling.call_next(queue, "1", b"x", PATTERN, 10, lambda _: 0).lane)
        calling.finish(queue, "1", b"x", since=0, expected=60, now=20)
    assert Counter(called) == {"priority": 10, "appointment": 20, "walk_in": 10}


def test_two_windows_at_once_never_call_one_person(world: World, interleaved: Interleaved) -> None:
    for seed in range(10):
        day = HallDay(world, world.hall())
        day.at(9)
        tickets = {day.walk_in()["number"] for _ in range(3)}
        day.open("1", "2", "3")
        called = interleaved(seed, [functools.partial(day.next, window) for window in ("1", "2", "3")])
        assert set(called) == tickets, seed
