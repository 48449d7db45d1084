"""What a clerk does at a window (窗口): open, call, and let the person go on."""

from __future__ import annotations

from chalicelib.appointments import service as appointments
from chalicelib.catalog.definition import Hall, WindowDefinition
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage.tables import Write
from chalicelib.queueing import events, rules, store
from chalicelib.queueing.rules import Person, Queue
from chalicelib.queueing.service.arrivals import end_write
from chalicelib.queueing.service.queues import QueueOutcome, change, ticket_event


def open_window(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Sit down at a window, also to take it over; opening one's own open window changes nothing."""

    def act(queue: Queue, now: int) -> QueueOutcome[None]:
        known = queue.windows.get(window.code)
        if known is not None and known.clerk == actor.id:
            return QueueOutcome(None)
        rules.open_window(queue, window.code, actor.id, window.groups, now)
        return QueueOutcome(None, [Event(events.WINDOW_OPENED, actor, data={"window": window.code})])

    change(hall, act, window.code)
    show_life(hall, window)


def close_window(actor: Actor, hall: Hall, window: WindowDefinition) -> None:
    """Leave a window, or close one whose clerk is gone; its person goes back to the head of the queue."""

    def act(queue: Queue, _now: int) -> QueueOutcome[None]:
        if window.code not in queue.windows:
            return QueueOutcome(None)
        rules.close_window(queue, window.code)
        return QueueOutcome(None, [Event(events.WINDOW_CLOSED, actor, data={"window": window.code})])

    change(hall, act, window.code)


def show_life(hall: Hall, window: WindowDefinition) -> None:
    """The window's screen is still there; it says so about once a minute."""
    store.sign(hall.code, clock.today(), window.code, clock.seconds(clock.now()))


def call_next(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """Call the next person. Raises ``nobody_waits``, ``window_busy``, ``window_closed`` or ``window_not_yours``."""

    def act(queue: Queue, now: int) -> QueueOutcome[Person]:
        person = rules.call_next(queue, window.code, actor.id, hall.queue.pattern, now)
        return QueueOutcome(person, [ticket_event(events.CALLED, actor, person, window.code)])

    person = change(hall, act, window.code)
    show_life(hall, window)
    return person


def recall(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """Call once more."""

    def act(queue: Queue, now: int) -> QueueOutcome[Person]:
        person = rules.recall(queue, window.code, actor.id, now)
        return QueueOutcome(person, [ticket_event(events.RECALLED, actor, person, window.code)])

    return change(hall, act, window.code)


def skip(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """Who does not come goes some places back; after too many skips it counts as not having come."""

    def act(queue: Queue, _now: int) -> QueueOutcome[tuple[Person, bool]]:
        limits = hall.queue
        person, over = rules.skip(queue, window.code, actor.id, limits.skip_back, limits.skips_allowed)
        if not over:
            return QueueOutcome((person, False), [ticket_event(events.SKIPPED, actor, person, window.code)])
        return QueueOutcome(
            (person, True), [ticket_event(events.MISSED, actor, person, window.code)], _miss_writes(actor, person)
        )

    person, over = change(hall, act, window.code)
    if over:
        _note_no_show(actor, person)
    return person


def park(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """Let the person fetch something, and call others meanwhile."""

    def act(queue: Queue, _now: int) -> QueueOutcome[Person]:
        person = rules.park(queue, window.code, actor.id)
        return QueueOutcome(person, [ticket_event(events.PARKED, actor, person, window.code)])

    return change(hall, act, window.code)


def resume(actor: Actor, hall: Hall, window: WindowDefinition, number: str) -> Person:
    """Call a parked person back."""

    def act(queue: Queue, now: int) -> QueueOutcome[Person]:
        person = rules.resume(queue, window.code, actor.id, number, now)
        return QueueOutcome(person, [ticket_event(events.RESUMED, actor, person, window.code)])

    return change(hall, act, window.code)


def transfer(actor: Actor, hall: Hall, window: WindowDefinition, to_window: str, to_group: str) -> Person:
    """Send the person on, ahead of others; raises ``transfer_unknown``."""
    known = hall.window(to_window) is not None if to_window else hall.group(to_group) is not None
    if not known or (to_window and to_group) or to_window == window.code:
        raise rules.TRANSFER_UNKNOWN()

    def act(queue: Queue, _now: int) -> QueueOutcome[Person]:
        person = rules.transfer(queue, window.code, actor.id, to_window=to_window, to_group=to_group)
        return QueueOutcome(person, [ticket_event(events.TRANSFERRED, actor, person, to_window or to_group)])

    return change(hall, act, window.code)


def finish(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """The person is served; ticket and appointment end with it."""

    def act(queue: Queue, now: int) -> QueueOutcome[Person]:
        at_window = rules.window_of(queue, window.code, actor.id).person
        expected = expected_seconds(hall, at_window.group) if at_window else 0
        person = rules.finish(queue, window.code, actor.id, expected, now)
        return QueueOutcome(
            person, [ticket_event(events.FINISHED, actor, person, window.code)], _serve_writes(actor, person)
        )

    return change(hall, act, window.code)


def no_show(actor: Actor, hall: Hall, window: WindowDefinition) -> Person:
    """The person did not come; an appointment becomes a no-show."""

    def act(queue: Queue, _now: int) -> QueueOutcome[Person]:
        person = rules.miss(queue, window.code, actor.id)
        return QueueOutcome(
            person, [ticket_event(events.MISSED, actor, person, window.code)], _miss_writes(actor, person)
        )

    person = change(hall, act, window.code)
    _note_no_show(actor, person)
    return person


def expected_seconds(hall: Hall, group_code: str) -> float:
    """The service time that a group's definition says, before any was measured."""
    group = hall.group(group_code)
    minutes = [service.minutes for service in group.services] if group else [10]
    return 60 * sum(minutes) / len(minutes)


def _serve_writes(actor: Actor, person: Person) -> list[Write]:
    ticket = store.ticket(person.ticket)
    assert ticket is not None
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    closing: list[Write] = [end_write(actor, ticket, "serve")]
    return [*closing, appointments.serve_write(actor, item)] if item is not None else closing


def _miss_writes(actor: Actor, person: Person) -> list[Write]:
    ticket = store.ticket(person.ticket)
    assert ticket is not None
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    closing: list[Write] = [end_write(actor, ticket, "miss")]
    return [*closing, appointments.miss_write(actor, item)] if item is not None else closing


def _note_no_show(actor: Actor, person: Person) -> None:
    """The credit follows the no-show; if this is lost, the end of the day does it again."""
    ticket = store.ticket(person.ticket)
    item = appointments.appointment(ticket.appointment) if ticket and ticket.appointment else None
    if item is not None and item.status == appointments.NO_SHOW:
        appointments.remember(actor, item)
