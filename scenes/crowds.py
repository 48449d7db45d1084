"""A hall's queue with thousands of people in it, as a value: nobody has taken their tickets one by one."""

from __future__ import annotations

import random
from datetime import date

from chalicelib.kernel.storage import tables
from chalicelib.queueing import rules, store
from chalicelib.queueing.queue import Queue, Run

OPENED_AT = 30_000


def crowd(count: int, windows: int = 8) -> Queue:
    """A hall in which three quarters have no appointment and nobody was called yet; the same one each time."""
    chance = random.Random(count)
    queue = Queue()
    for code in range(windows):
        groups = ["A", "B"] if code % 2 else ["A"]
        rules.open_window(queue, str(code), chance.randbytes(3), groups, OPENED_AT)
    now = OPENED_AT
    for ticket in range(count):
        now += chance.randrange(7)
        group = chance.choice("AAAAABBBC")
        lane = chance.choices(["walk_in", "appointment", "priority"], [75, 18, 7])[0]
        start = now - now % 1800 if lane == "appointment" else 0
        rules.arrive(queue, group, lane, group, str(ticket), now, start)
        rules.settle_joiners(queue, lambda _: True, now)
    return queue


def fill(hall: str, day: date, group: str, count: int) -> None:
    """Let ``count`` people wait behind those who have tickets in a group of a hall, in all lanes.

    They have numbers and no tickets: whoever is called must be one of those before them.
    """
    item = store.queue(hall, day, consistent=True)
    assert item is not None
    queue = item.unpacked()
    for _, lane, run in crowd(count).runs():
        # Who is due tomorrow is called after all others, and still makes the queue as long.
        start = 0 if lane == rules.WALK_IN else run.start + 86400
        runs = queue.lanes.setdefault(group, {}).setdefault(lane, [])
        known = [one for one in runs if one.start == start]
        if known:
            known[0].line.extend(run.line)
        else:
            runs.append(Run(start, run.line))
            runs.sort(key=_start)
    queue.last_given[group] = 5000
    item.pack(queue)
    tables.write(tables.replace(item))


def _start(run: Run) -> int:
    return run.start


def waiting(hall: str, day: date) -> int:
    item = store.queue(hall, day, consistent=True)
    return item.unpacked().waiting() if item else 0


def bytes_of(hall: str, day: date) -> int:
    """How large the queue's item is, without its keys."""
    item = store.queue(hall, day, consistent=True)
    return len(item.state) if item else 0
