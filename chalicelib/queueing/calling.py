"""What a window does with the people of a hall's queue: whom it calls next, and what becomes of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice

from msgspec.structs import replace

from chalicelib.queueing import lines
from chalicelib.queueing.queue import Call, OpenWindow, Person, Queue, Run
from chalicelib.queueing.rules import (
    NOBODY_WAITS,
    NOT_PARKED,
    WINDOW_BUSY,
    WINDOW_CLOSED,
    forget,
    join_run,
    person_at,
    take_out,
    window_of,
)

SHOWN_CALLS = 6
_MOST_UNWRITTEN = 30  # tickets that are written just now: so many are passed over, each costs a look
_NEW_WEIGHT = 0.2


def _release(queue: Queue, code: str) -> None:
    queue.windows[code] = replace(queue.windows[code], person=None)


# Calling

Arrived = Callable[[str], int | None]
"""Since when (seconds of the day) somebody with a number is here; None while the ticket is not written."""


def choose(
    queue: Queue, code: str, groups: Collection[str], pattern: Sequence[str], turn: int, now: int, arrived: Arrived
) -> tuple[Person, int] | None:
    """Who comes next to a window that serves these groups, and the pattern's turn after that; None if nobody waits.

    Who is ahead comes first; then those whose time has come, lane by lane as the pattern says; then the others.
    """
    for person in queue.ahead:
        if may_be_called_to(person, code, groups):
            return person, turn
    for is_due in (True, False):
        for step in range(len(pattern)):
            place = (turn + step) % len(pattern)
            fronts = _fronts(queue, groups, pattern[place], now, arrived, is_due=is_due)
            if fronts:
                first, _ = min(fronts, key=_order)
                return first, (place + 1) % len(pattern)
    return None


def may_be_called_to(person: Person, code: str, groups: Collection[str]) -> bool:
    """Whether somebody who is ahead may go to a window: one that was meant, or any that serves the group."""
    if person.window:
        return person.window == code
    return person.group in groups


def _order(front: tuple[Person, int]) -> tuple[int, int, str]:
    """Between groups: who is due first, then who came first."""
    person, since = front
    return person.start, since, person.number


def _fronts(
    queue: Queue, groups: Collection[str], lane: str, now: int, arrived: Arrived, *, is_due: bool
) -> list[tuple[Person, int]]:
    """The first one of each group in a lane, with the time of arrival."""
    found = []
    for group in groups:
        for run in queue.lanes.get(group, {}).get(lane, []):
            if (run.start <= now) is not is_due:
                continue
            front = _front(run, arrived)
            if front is not None:
                found.append((Person(number=front[0], group=group, lane=lane, start=run.start), front[1]))
                break
    return found


def _front(run: Run, arrived: Arrived) -> tuple[str, int] | None:
    for number in islice(lines.numbers(run.line), _MOST_UNWRITTEN):
        since = arrived(number)
        if since is not None:
            return number, since
    return None


def call_next(queue: Queue, code: str, clerk: bytes, pattern: Sequence[str], now: int, arrived: Arrived) -> Person:
    """Call the next person; raises ``window_closed``, ``window_not_yours``, ``window_busy`` or ``nobody_waits``."""
    window = window_of(queue, code, clerk)
    if window.person is not None:
        raise WINDOW_BUSY(number=window.person.number)
    chosen = choose(queue, code, window.groups, pattern, window.turn, now, arrived)
    if chosen is None:
        raise NOBODY_WAITS()
    person = replace(chosen[0], window="")
    take_out(queue, person.number)
    if person.number in queue.told:
        queue.told.remove(person.number)
    _call(queue, code, replace(window, turn=chosen[1]), person, now)
    return person


def _call(queue: Queue, code: str, window: OpenWindow, person: Person, now: int, calls: int = 1) -> None:
    since = window.since if calls > 1 else now
    queue.windows[code] = replace(window, person=person, since=since, calls=calls)
    queue.sequence += 1
    queue.calls = [*queue.calls, Call(person.number, code, now)][-SHOWN_CALLS:]


def recall(queue: Queue, code: str, clerk: bytes, now: int) -> Person:
    """Call the window's person once more."""
    person = person_at(queue, code, clerk)
    window = queue.windows[code]
    _call(queue, code, window, person, now, window.calls + 1)
    return person


def skip(queue: Queue, code: str, clerk: bytes, skip_back: int, skips_allowed: int, now: int) -> tuple[Person, bool]:
    """Who does not come goes behind ``skip_back`` others of the lane who are due (过号); True: once too often, out."""
    person = person_at(queue, code, clerk)
    _release(queue, code)
    skips = queue.skips.get(person.number, 0) + 1
    if skips > skips_allowed:
        forget(queue, person.number)
        queue.count(person.group, missed=1)
        return person, True
    queue.skips[person.number] = skips
    if person.start > now:
        join_run(queue, person)  # called before the time, because nobody else was there
        return person, False
    due = [run for run in queue.lane(person.group, person.lane) if run.start <= now]
    remaining = skip_back
    for run in due:
        here = lines.length(run.line)
        if remaining <= here or run is due[-1]:
            lines.insert(run.line, remaining, person.number)
            return person, False
        remaining -= here
    join_run(queue, person)
    return person, False


def park(queue: Queue, code: str, clerk: bytes) -> Person:
    """The person fetches something; the window may call others meanwhile (挂起)."""
    person = person_at(queue, code, clerk)
    _release(queue, code)
    queue.parked.setdefault(code, []).append(person)
    return person


def resume(queue: Queue, code: str, clerk: bytes, number: str, now: int) -> Person:
    """Call a parked person back to the window; raises ``window_busy`` or ``not_parked``."""
    window = window_of(queue, code, clerk)
    if window.person is not None:
        raise WINDOW_BUSY(number=window.person.number)
    parked = queue.parked.get(code, [])
    person = next(filter(lambda one: one.number == number, parked), None)
    if person is None:
        raise NOT_PARKED(number=number)
    parked.remove(person)
    _call(queue, code, window, person, now)
    return person


def transfer(queue: Queue, code: str, clerk: bytes, *, to_window: str = "", to_group: str = "") -> Person:
    """Send the window's person on to an open window or to a group, ahead of all who wait there.

    Raises ``window_closed`` for the window that is meant, and what ``person_at`` raises.
    """
    if to_window and to_window not in queue.windows:
        raise WINDOW_CLOSED()
    person = person_at(queue, code, clerk)
    _release(queue, code)
    queue.skips.pop(person.number, None)
    moved = replace(person, window=to_window, group=to_group or person.group)
    queue.ahead.append(moved)
    return moved


def finish(queue: Queue, code: str, clerk: bytes, *, since: int, expected: float, now: int) -> Person:
    """The person, here ``since``, is served. ``expected``: the service time in seconds to begin the average with."""
    person = person_at(queue, code, clerk)
    window = queue.windows[code]
    _release(queue, code)
    forget(queue, person.number)
    seconds = max(0, now - window.since)
    waited = max(0, window.since - since)
    queue.count(person.group, served=1, worked=seconds, waited=waited)
    tally = queue.tally(person.group)
    moving = (tally.seconds or expected) * (1 - _NEW_WEIGHT) + seconds * _NEW_WEIGHT
    queue.tallies[person.group] = replace(tally, seconds=round(moving))
    return person


def miss(queue: Queue, code: str, clerk: bytes) -> Person:
    """The person did not come at all."""
    person = person_at(queue, code, clerk)
    _release(queue, code)
    forget(queue, person.number)
    queue.count(person.group, missed=1)
    return person
