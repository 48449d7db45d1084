"""Changing a hall's queue: on what it is now, as a whole, again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chalicelib.catalog.definition import Hall
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Data, Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Write
from chalicelib.queueing import events, rules, store
from chalicelib.queueing.rules import Queue
from chalicelib.queueing.store import QueueItem

_TRIES = 10
T = TypeVar("T")


@dataclass
class QueueOutcome(Generic[T]):
    """What a change gives back, what is to be said of it in the event log, and what is written with the queue."""

    result: T
    happened: Sequence[Event] = ()
    writes: Sequence[Write] = field(default_factory=list)


def change(hall: Hall, act: Callable[[Queue, int], QueueOutcome[T]], acting: str = "") -> T:
    """Let ``act`` change today's queue of the hall (and the time, epoch seconds); all is written or nothing.

    Windows that have been silent for too long are closed first, whoever comes, but for the ``acting`` one.
    ``act`` is called again with the newest queue when another change was faster. Raises
    ``temporarily_unavailable`` after ten times.
    """
    day = clock.today()

    def attempt() -> T:
        now = clock.seconds(clock.now())
        item = store.queue(hall.code, day, consistent=True) or store.new_queue(hall.code, day)
        queue = item.opened()
        before = deepcopy(queue)
        signs = {**(store.signs(hall.code, day) if queue.windows else {}), acting: now}
        silent = rules.close_silent(queue, signs, hall.queue.silent_seconds, now)
        done = act(queue, now)
        if queue == before and not done.writes:
            return done.result
        lost = [Event(events.WINDOW_LOST, system("queue"), data={"window": code}) for code in silent]
        _write(item, queue, [*lost, *done.happened], done.writes)
        return done.result

    return optimistic.repeat(attempt, tries=_TRIES, otherwise=lambda: errors.UNAVAILABLE(retry_after=1))


def _write(item: QueueItem, queue: Queue, happened: Sequence[Event], writes: Sequence[Write]) -> None:
    item.close(queue)
    tables.write(changes.record(item, *happened), *writes)


def ticket_event(what: EventType, actor: Actor, person: rules.Person, window: str = "") -> Event:
    """An event about somebody's ticket."""
    data: Data = {"ticket": person.ticket, "number": person.number}
    return Event(what, actor, data=data | ({"window": window} if window else {}))
