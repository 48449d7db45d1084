"""How many are before somebody in a queue, and how long that will take. Pure.

The steps are few however many wait: whole rounds of the pattern are counted, not walked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.queueing import lines
from chalicelib.queueing.queue import Queue


@dataclass
class _Round:
    """Lanes that are emptied as the pattern says: how many wait in each, whose turn is next, how many are gone."""

    waiting: dict[str, int]
    turn: int = 0
    gone: int = 0


@dataclass(frozen=True)
class Place:
    """Where a number waits: for which group, and its position in it; the one to be called next has position 1."""

    group: str
    position: int


def place_of(queue: Queue, number: str, pattern: Sequence[str], now: int) -> Place | None:
    """Where a number waits; None for one that does not."""
    for person in queue.ahead:
        if person.number == number:
            others = [one.number for one in queue.ahead if one.group == person.group]
            return Place(person.group, others.index(number) + 1)
    for group, lane, run in queue.runs():
        before = lines.index(run.line, number)
        if before is not None:
            is_due = run.start <= now
            for earlier in queue.lane(group, lane):
                if earlier.start < run.start and (earlier.start <= now) is is_due:
                    before += lines.length(earlier.line)
            return Place(group, _position_in_group(queue, group, lane, before, pattern, now, is_due=is_due))
    return None


def _position_in_group(
    queue: Queue, group: str, lane: str, before: int, pattern: Sequence[str], now: int, *, is_due: bool
) -> int:
    ahead = sum(person.group == group for person in queue.ahead)
    due = _Round(_lengths(queue, group, now, is_due=True))
    if is_due:
        return ahead + _turns_until(due, pattern, lane, before)
    _turns_until(due, pattern, _NO_LANE, 0)
    later = _Round(_lengths(queue, group, now, is_due=False), due.turn, due.gone)
    return ahead + _turns_until(later, pattern, lane, before)


def _lengths(queue: Queue, group: str, now: int, *, is_due: bool) -> dict[str, int]:
    found = {}
    for lane, runs in queue.lanes.get(group, {}).items():
        found[lane] = sum(lines.length(run.line) for run in runs if (run.start <= now) is is_due)
    return found


_NO_LANE = ""
"""Until this lane is called, all others are empty."""


def _turns_until(state: _Round, pattern: Sequence[str], lane: str, before: int) -> int:
    """Empty the lanes until the person with ``before`` others before it in ``lane`` is called; how many calls that is.

    With ``_NO_LANE``, until all are empty.
    """
    while True:
        live = [one for one in pattern if state.waiting.get(one, 0) > 0]
        if not live:
            return state.gone
        rounds = min(state.waiting[one] // live.count(one) for one in live)
        if lane in live:
            rounds = min(rounds, before // live.count(lane))
        if rounds > 0:
            state.turn = _behind_last_live(pattern, live, state.turn)
            for one in set(live):
                state.waiting[one] -= rounds * live.count(one)
            before -= rounds * live.count(lane)
            state.gone += rounds * len(live)
            continue
        while state.waiting.get(pattern[state.turn], 0) == 0:
            state.turn = (state.turn + 1) % len(pattern)
        called = pattern[state.turn]
        state.turn = (state.turn + 1) % len(pattern)
        state.waiting[called] -= 1
        state.gone += 1
        if called == lane:
            if before == 0:
                return state.gone
            before -= 1


def _behind_last_live(pattern: Sequence[str], live: Sequence[str], turn: int) -> int:
    """Whose turn it is after a whole round that begins at ``turn``.

    Behind the lane that is called last, not where it was: lanes in between that are empty now may not be empty later,
    when those come whose time has not come yet.
    """
    while pattern[turn] not in live:
        turn = (turn + 1) % len(pattern)
    last = (turn - 1) % len(pattern)
    while pattern[last] not in live:
        last = (last - 1) % len(pattern)
    return (last + 1) % len(pattern)


def number_at(queue: Queue, group: str, place: int, pattern: Sequence[str], now: int) -> str | None:
    """The number that will be the ``place``-th to be called for a group; None if fewer wait."""
    order = [person.number for person in queue.ahead if person.group == group]
    turn = 0
    for is_due in (True, False):
        fronts = {}
        for lane, runs in queue.lanes.get(group, {}).items():
            fronts[lane] = _first(place, [run.line for run in runs if (run.start <= now) is is_due])
        while len(order) < place and any(fronts.get(lane) for lane in pattern):
            front = fronts.get(pattern[turn])
            turn = (turn + 1) % len(pattern)
            if front:
                order.append(front.pop(0))
    return order[place - 1] if len(order) >= place else None


def _first(count: int, of: list[lines.Line]) -> list[str]:
    found: list[str] = []
    for line in of:
        for number in lines.numbers(line):
            if len(found) == count:
                return found
            found.append(number)
    return found


def estimated_seconds(queue: Queue, group: str, place: int, expected: float) -> int | None:
    """How long the person at a place will wait, by the moving service time of the open windows; None with none open."""
    windows = sum(group in window.groups for window in queue.windows.values())
    if windows == 0:
        return None
    return math.ceil(place / windows) * round(queue.tally(group).seconds or expected)
