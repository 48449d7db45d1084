"""What a clerk does at a window (窗口): open, call, and let the person go on."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.appointments import service as appointments
from chalicelib.catalog.definition import Hall, WindowDefinition
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Data, Event
from chalicelib.kernel.storage.tables import Write
from chalicelib.queueing import calling, estimates, events, rules, store
from chalicelib.queueing.queue import Person, Queue
from chalicelib.queueing.service.arrivals import end_write
from chalicelib.queueing.service.queues import HallTime, QueueOutcome, Tickets, change, mark_of
from chalicelib.queueing.store import TicketItem

NEAR = 3
"""Who has this position is told that the turn is near; the words are in ``events.TURN_NEAR``."""


def open_window(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Sit down at a window, also to take it over; opening one's own open window changes nothing."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        known = queue.windows.get(window.code)
        if known is not None and known.clerk == mark_of(actor):
            return QueueOutcome(None)
        rules.open_window(queue, window.code, mark_of(actor), window.groups, now.seconds)
        item = store.window(hall.code, now.day, window.code, consistent=True)
        item.clerk = actor.id
        return QueueOutcome(None, [changes.record(item, Event(events.WINDOW_OPENED, actor))])

    change(hall, act, window.code)


def close_window(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Leave a window, or close one whose clerk is gone; its person goes back to the head of the queue."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        if window.code not in queue.windows:
            return QueueOutcome(None)
        rules.close_window(queue, window.code)
        item = store.window(hall.code, now.day, window.code, consistent=True)
        return QueueOutcome(None, [changes.record(item, Event(events.WINDOW_CLOSED, actor))])

    change(hall, act, window.code)


def show_life(hall: Hall, window: WindowDefinition) -> None:
    """The window's screen is still there; it says so about once a minute."""
    store.sign(hall.code, clock.today(), window.code, clock.seconds(clock.now()))


def call_next(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Call the next person. Raises ``nobody_waits``, ``window_busy``, ``window_closed`` or ``window_not_yours``."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        tickets = Tickets(hall, queue, now.day)
        person = calling.call_next(queue, window.code, mark_of(actor), hall.queue.pattern, now.seconds, tickets.arrived)
        happened = [_event(events.CALLED, actor, window.code)]
        near = _near(hall, queue, tickets, person.group, now)
        if near:
            # Recorded with the call, in the history of who is called: another ticket would be two write units more.
            happened.append(Event(events.TURN_NEAR, system("queue"), data={"ticket": near}))
        return QueueOutcome(None, [changes.record(tickets.of(person.number), *happened)])

    change(hall, act, window.code)


def _near(hall: Hall, queue: Queue, tickets: Tickets, group: str, now: HallTime) -> str:
    """The ticket of whose turn is near now and who has not heard it yet; empty for nobody."""
    number = estimates.number_at(queue, group, NEAR, hall.queue.pattern, now.seconds)
    if number is None or number in queue.told or number in queue.joining:
        return ""
    found = tickets.number(number)
    if found is None:
        return ""
    queue.told.append(number)
    return found.ticket


def _event(event: EventType, actor: Actor, window: str, **more: str) -> Event:
    data: Data = {"window": window, **more}
    return Event(event, actor, data=data)


def _change_person(
    actor: Actor, hall: Hall, window: WindowDefinition, event: EventType, move: Callable[[Queue, int], Person]
) -> None:
    """Let ``move`` do something with the window's person, who stays in the queue."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        person = move(queue, now.seconds)
        ticket = Tickets(hall, queue, now.day).of(person.number)
        return QueueOutcome(None, [changes.record(ticket, _event(event, actor, window.code))])

    change(hall, act, window.code)


def recall(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Call once more."""

    def move(queue: Queue, now: int) -> Person:
        return calling.recall(queue, window.code, mark_of(actor), now)

    _change_person(actor, hall, window, events.RECALLED, move)


def skip(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Who does not come goes some places back; after too many skips it counts as not having come."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[TicketItem | None]:
        limits = hall.queue
        person, is_out = calling.skip(
            queue, window.code, mark_of(actor), limits.skip_back, limits.skips_allowed, now.seconds
        )
        ticket = Tickets(hall, queue, now.day).of(person.number)
        if is_out:
            return QueueOutcome(ticket, _miss_writes(actor, ticket))
        return QueueOutcome(None, [changes.record(ticket, _event(events.SKIPPED, actor, window.code))])

    missed = change(hall, act, window.code)
    if missed is not None:
        _note_no_show(actor, missed)


def park(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Let the person fetch something, and call others meanwhile."""

    def move(queue: Queue, _now: int) -> Person:
        return calling.park(queue, window.code, mark_of(actor))

    _change_person(actor, hall, window, events.PARKED, move)


def resume(actor: Actor, hall: Hall, window: WindowDefinition, number: str) -> None:
    """Call a parked person back."""

    def move(queue: Queue, now: int) -> Person:
        return calling.resume(queue, window.code, mark_of(actor), number, now)

    _change_person(actor, hall, window, events.RESUMED, move)


def transfer(actor: Actor, hall: Hall, window: WindowDefinition, to_window: str, to_group: str) -> None:
    """Send the person on, ahead of others; raises ``transfer_unknown``."""
    known = hall.window(to_window) is not None if to_window else hall.group(to_group) is not None
    refuse_if(not known or (to_window and to_group) or to_window == window.code, rules.TRANSFER_UNKNOWN)

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        person = calling.transfer(queue, window.code, mark_of(actor), to_window=to_window, to_group=to_group)
        ticket = Tickets(hall, queue, now.day).of(person.number)
        event = _event(events.TRANSFERRED, actor, window.code, to=to_window or to_group)
        return QueueOutcome(None, [changes.record(ticket, event)])

    change(hall, act, window.code)


def finish(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """The person is served; ticket and appointment end with it."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        person = rules.person_at(queue, window.code, mark_of(actor))
        ticket = Tickets(hall, queue, now.day).of(person.number)
        expected = expected_seconds(hall, person.group)
        calling.finish(queue, window.code, mark_of(actor), since=ticket.since, expected=expected, now=now.seconds)
        return QueueOutcome(None, _serve_writes(actor, ticket))

    change(hall, act, window.code)


def no_show(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """The person did not come; an appointment becomes a no-show."""

    def act(queue: Queue, now: HallTime) -> QueueOutcome[TicketItem]:
        person = calling.miss(queue, window.code, mark_of(actor))
        ticket = Tickets(hall, queue, now.day).of(person.number)
        return QueueOutcome(ticket, _miss_writes(actor, ticket))

    _note_no_show(actor, change(hall, act, window.code))


def expected_seconds(hall: Hall, group_code: str) -> float:
    """The service time that a group's definition says, before any was measured."""
    group = hall.group(group_code)
    minutes = [service.minutes for service in group.services] if group else [10]
    return 60 * sum(minutes) / len(minutes)


def _serve_writes(actor: Actor, ticket: TicketItem) -> list[Write]:
    writes: list[Write] = [end_write(actor, ticket, "serve")]
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    if item is not None:
        writes.append(appointments.serve_write(actor, item))
    return writes


def _miss_writes(actor: Actor, ticket: TicketItem) -> list[Write]:
    writes: list[Write] = [end_write(actor, ticket, "miss")]
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    if item is not None:
        writes.append(appointments.miss_write(actor, item))
    return writes


def _note_no_show(actor: Actor, ticket: TicketItem) -> None:
    """The credit follows the no-show; if this is lost, the end of the day does it again."""
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    if item is not None and item.status == appointments.NO_SHOW:
        appointments.remember(actor, item)
