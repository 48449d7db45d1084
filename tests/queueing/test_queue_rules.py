"""The queue against a plain model: nobody is lost, doubled, or called to two windows, whatever happens."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.kernel.errors import Problem
from chalicelib.queueing import estimates, rules
from chalicelib.queueing.rules import Person, Queue
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

    def clerk(self, code: str) -> str:
        window = self.queue.windows.get(code)
        return window.clerk if window else "nobody"

    @rule(group=GROUPS, lane=LANES, due=st.integers(-30, 30))
    def arrive(self, group: str, lane: str, due: int) -> None:
        self.came += 1
        person = Person(
            ticket=f"t{self.came}",
            number="",
            group=group,
            lane=lane,
            order=self.now,
            since=self.now,
            due=self.now + due,
        )
        self.place[rules.arrive(self.queue, person, group.upper()).ticket] = "waiting"

    @rule(code=CODES, clerk=st.sampled_from(["x", "y"]))
    def open(self, code: str, clerk: str) -> None:
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
            person = rules.call_next(self.queue, code, self.clerk(code), PATTERN, self.now)
        except Problem:
            return
        assert self.place[person.ticket] == "waiting"
        assert person.group in WINDOWS[code] or person.window == code
        self.place[person.ticket] = f"window {code}"

    @precondition(lambda self: any(window.person for window in self.queue.windows.values()))
    @rule(
        data=st.data(),
        deed=st.sampled_from(["recall", "skip", "park", "finish", "miss", "transfer_group", "transfer_window"]),
    )
    def act(self, data: Any, deed: str) -> None:
        busy = sorted(code for code, window in self.queue.windows.items() if window.person)
        code = data.draw(st.sampled_from(busy))
        ticket, clerk = self.queue.windows[code].person.ticket, self.clerk(code)  # type: ignore[union-attr]
        assert self.place[ticket] == f"window {code}"
        if deed == "recall":
            rules.recall(self.queue, code, clerk, self.now)
        elif deed == "skip":
            self.place[ticket] = "gone" if rules.skip(self.queue, code, clerk, 3, 2)[1] else "waiting"
        elif deed == "park":
            rules.park(self.queue, code, clerk)
            self.place[ticket] = f"parked {code}"
        elif deed == "finish":
            rules.finish(self.queue, code, clerk, 600, self.now)
            self.place[ticket] = "gone"
        elif deed == "miss":
            rules.miss(self.queue, code, clerk)
            self.place[ticket] = "gone"
        elif deed == "transfer_group":
            rules.transfer(self.queue, code, clerk, to_group=data.draw(GROUPS))
            self.place[ticket] = "waiting"
        else:
            others = sorted(set(self.queue.windows) - {code})
            if others:
                rules.transfer(self.queue, code, clerk, to_window=data.draw(st.sampled_from(others)))
                self.place[ticket] = "waiting"

    @precondition(lambda self: any(self.queue.parked.values()))
    @rule(data=st.data())
    def resume(self, data: Any) -> None:
        parked = [(code, person) for code, people in sorted(self.queue.parked.items()) for person in people]
        code, person = data.draw(st.sampled_from(parked))
        try:
            rules.resume(self.queue, code, self.clerk(code), person.number, self.now)
        except Problem:
            return
        self.place[person.ticket] = f"window {code}"

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

    @rule(seconds=st.integers(0, 400))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds
        for code in rules.close_silent(self.queue, {}, 180, self.now):
            self._send_back(code)

    @invariant()
    def everybody_is_where_the_model_says(self) -> None:
        found = {person.ticket: "waiting" for person in self.queue.waiting}
        for code, people in self.queue.parked.items():
            found |= {person.ticket: f"parked {code}" for person in people}
        for code, window in self.queue.windows.items():
            if window.person:
                found[window.person.ticket] = f"window {code}"
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
        for person in self.queue.waiting:
            assert not person.window or person.window in self.queue.windows
            assert estimates.position(self.queue, person.ticket, PATTERN, self.now) > 0

    def teardown(self) -> None:
        left = rules.close_day(self.queue)
        here = {ticket for ticket, where in self.place.items() if where != "gone"}
        assert {person.ticket for person in left} == here and self.queue.everybody() == []


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=200, stateful_step_count=40)


def test_no_lane_starves() -> None:
    """Every lane of the pattern is served within one round of it, however many wait in the others."""
    queue = Queue()
    for lane in PATTERN[:1] * 50 + PATTERN[1:2] * 50 + PATTERN[3:] * 50:
        rules.arrive(
            queue, Person(ticket=f"{lane}{queue.numbers}", number="", group="a", lane=lane, order=0, since=0), "A"
        )
    rules.open_window(queue, "1", "x", ["a"], 0)
    called = []
    for _ in range(40):
        called.append(rules.call_next(queue, "1", "x", PATTERN, 10).lane)
        rules.finish(queue, "1", "x", 60, 20)
    assert Counter(called) == {"priority": 10, "appointment": 20, "walk_in": 10}


def test_two_windows_at_once_never_call_one_person(world: World, interleaved: Interleaved) -> None:
    for seed in range(10):
        day = HallDay(world, world.hall())
        day.at(9)
        tickets = {day.walk_in()["number"] for _ in range(3)}
        day.open("1", "2", "3")
        called = interleaved(seed, [functools.partial(day.next, window) for window in ("1", "2", "3")])
        assert set(called) == tickets, seed
