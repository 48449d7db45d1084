"""How many are before somebody in a queue, and how long that will take. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chalicelib.queueing import rules
from chalicelib.queueing.rules import Queue


def position(queue: Queue, ticket: str, pattern: Sequence[str], now: int) -> int:
    """The how-manieth a waiting person is for the windows of the group; 0 for who does not wait."""
    person = next((one for one in queue.waiting if one.ticket == ticket), None)
    if person is None:
        return 0
    rest = [one for one in queue.waiting if one.group == person.group]
    turn = 0
    for place in range(1, len(rest) + 1):
        chosen = rules.choose(rest, pattern, turn, now)
        assert chosen is not None
        if chosen[0] == person:
            return place
        rest.remove(chosen[0])
        turn = chosen[1]
    raise AssertionError("everybody is chosen some time")


def estimated_seconds(queue: Queue, group: str, place: int, expected: float) -> int | None:
    """How long the person at a place will wait, by the moving service time of the open windows; None with none open."""
    windows = sum(group in window.groups for window in queue.windows.values())
    if windows == 0:
        return None
    return math.ceil(place / windows) * round(queue.tally(group).seconds or expected)


def longest_wait(queue: Queue) -> int | None:
    """Since when (epoch seconds) the person waits who has waited longest."""
    return min((person.since for person in queue.waiting), default=None)
