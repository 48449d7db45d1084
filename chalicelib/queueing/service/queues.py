"""Changing a hall's queue: on what it is now, as a whole, again when somebody else was faster."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from chalicelib.catalog.definition import Hall
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Write
from chalicelib.queueing import events, rules, store
from chalicelib.queueing.queue import Queue
from chalicelib.queueing.store import NumberItem, TicketItem

_TRIES = 10
T = TypeVar("T")


@dataclass(frozen=True)
class HallTime:
    """When something happens in a hall: the business day, and the second of it."""

    day: date
    seconds: int


@dataclass
class QueueOutcome(Generic[T]):
    """What a change gives back, and what is written with the queue: tickets with what happened to them, for example."""

    result: T
    writes: Sequence[Write] = ()


def change(hall: Hall, act: Callable[[Queue, HallTime], QueueOutcome[T]], acting: str = "") -> T:
    """Let ``act`` change today's queue of the hall; all is written or nothing.

    Windows that have been silent for too long are closed first, whoever comes, but for the ``acting`` one.
    Where ``act`` refuses, that and what became of joiners is written all the same: or a hall in which nobody can be
    called would never get rid of what stands in the way.
    ``act`` is called again with the newest queue when another change was faster: what it reads, it must read inside.
    Raises ``temporarily_unavailable`` after ten times.
    """

    def attempt() -> T:
        now = hall_time()
        item = store.queue(hall.code, now.day, consistent=True) or store.new_queue(hall.code, now.day)
        queue = item.unpacked()
        before = item.state
        lost = _close_silent(hall, queue, acting, now)
        has_settled = rules.settle_joiners(queue, _is_written, now.seconds)
        if lost or has_settled:
            item.pack(queue)
        try:
            done = act(queue, now)
        except Problem:
            if lost or has_settled:
                with suppress(tables.ConditionFailed):  # somebody else has been here, and has settled it too
                    tables.write(tables.replace(item), *lost)
            raise
        writes = [*lost, *done.writes]
        item.pack(queue)
        if item.state != before or writes:
            tables.write(tables.replace(item), *writes)
        return done.result

    return optimistic.repeat(attempt, tries=_TRIES, otherwise=lambda: errors.UNAVAILABLE(retry_after=1))


def hall_time() -> HallTime:
    moment = clock.now()
    day = clock.local(moment).date()
    return HallTime(day, seconds_of(moment, day))


def _close_silent(hall: Hall, queue: Queue, acting: str, now: HallTime) -> list[Write]:
    """Close the silent windows; the writes that say so."""
    if not rules.may_be_silent(queue, hall.queue.silent_seconds, now.seconds):
        return []
    signs = {acting: now.seconds}
    for code, seen in store.signs(hall.code, now.day).items():
        signs.setdefault(code, seconds_of(clock.from_seconds(seen), now.day))
    writes: list[Write] = []
    for code in rules.close_silent(queue, signs, hall.queue.silent_seconds, now.seconds):
        window = store.window(hall.code, now.day, code, consistent=True)
        writes.append(changes.record(window, Event(events.WINDOW_LOST, system("queue"))))
    return writes


def _is_written(ticket_id: str) -> bool:
    return store.ticket(ticket_id) is not None


def seconds_of(moment: datetime, day: date) -> int:
    """How many seconds after the day's first moment in Asia/Shanghai a moment is."""
    return clock.seconds(moment) - clock.seconds(clock.start_of(day))


def moment_of(seconds: int, day: date) -> datetime:
    """The moment so many seconds after the day's first one."""
    return clock.from_seconds(clock.seconds(clock.start_of(day)) + seconds)


def mark_of(actor: Actor) -> bytes:
    """What tells the clerks of a hall apart in its queue, which must stay small; the windows' items have their ids.

    Two clerks in sixteen million have the same mark: one of them could work at the other's window.
    """
    return hashlib.sha256(actor.id.encode()).digest()[:3]


class Tickets:
    """The tickets of a hall's day by their numbers. Whose number it is, is looked up once."""

    def __init__(self, hall: Hall, queue: Queue, day: date) -> None:
        self._hall = hall
        self._queue = queue
        self._day = day
        self._numbers: dict[str, NumberItem | None] = {}

    def number(self, number: str) -> NumberItem | None:
        if number not in self._numbers:
            self._numbers[number] = store.number(self._hall.code, self._day, number)
        return self._numbers[number]

    def arrived(self, number: str) -> int | None:
        """Since when the holder of a number is here; None as long as the ticket is not written.

        Half-written tickets cannot be called: nobody holds them yet, or ever will.
        """
        joiner = self._queue.joining.get(number)
        if joiner is not None and not _is_written(joiner.ticket):
            return None
        found = self.number(number)
        return found.since if found is not None else None

    def of(self, number: str) -> TicketItem:
        """The ticket of somebody who was called: it is written then. Raises ``LookupError`` if it is not."""
        found = self.number(number)
        ticket = store.ticket(found.ticket) if found is not None else None
        if ticket is None:
            raise LookupError(f"{self._hall.code}: no ticket {number}")
        return ticket
