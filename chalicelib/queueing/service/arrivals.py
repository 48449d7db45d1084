"""Coming to a hall: check-in with an appointment, or a walk-in ticket."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import service as appointments
from chalicelib.appointments.service import AppointmentItem, Visitor
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, WindowGroup
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors, ids, numbers
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Write
from chalicelib.queueing import rules, store
from chalicelib.queueing.queue import Person, Queue
from chalicelib.queueing.service.queues import HallTime, QueueOutcome, change, seconds_of
from chalicelib.queueing.store import TicketItem

CODE_SECONDS = 60
_EARLY_MINUTES = 60
_MOST_TICKETS = 20  # of one person in one hall on one day
_EARTH_METRES = 6_371_000


class Whereabouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shows that a phone is in the hall: the code on its screen, or the location (degrees, GCJ-02)."""

    code: Annotated[str, Meta(max_length=40)] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


class HallCode(msgspec.Struct, frozen=True):
    """The check-in code that the hall's screen shows as a QR code now, and how many seconds it stays."""

    code: str
    seconds_left: int


def hall_code(hall: Hall) -> HallCode:
    """The code of this minute; a photograph of it is of no use two minutes later."""
    now = clock.seconds(clock.now())
    return HallCode(_code(hall, now // CODE_SECONDS), CODE_SECONDS - now % CODE_SECONDS)


def _code(hall: Hall, minute: int) -> str:
    return vault.blind_index("hall_code", f"{hall.code}/{minute}")[:12].upper()


def check_whereabouts(hall: Hall, where: Whereabouts) -> None:
    """Raise ``not_at_hall`` unless the phone shows this or the last minute's code, or is near enough."""
    minute = clock.seconds(clock.now()) // CODE_SECONDS
    given = where.code.strip().upper().encode()
    if any(hmac.compare_digest(_code(hall, minute - past).encode(), given) for past in (0, 1)):
        return
    if where.latitude is None or where.longitude is None or not hall.queue.location_metres:
        raise rules.NOT_AT_HALL()
    refuse_if(_metres(hall, where.latitude, where.longitude) > hall.queue.location_metres, rules.NOT_AT_HALL)


def _metres(hall: Hall, latitude: float, longitude: float) -> float:
    """The distance on the sphere (haversine)."""
    one = math.radians(hall.location.latitude)
    other = math.radians(latitude)
    north = other - one
    east = math.radians(longitude - hall.location.longitude)
    half = math.sin(north / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(east / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def check_in(actor: Actor, hall: Hall, item: AppointmentItem, materials: Sequence[int] = ()) -> TicketItem:
    """Who has an appointment is here and gets a ticket; a repeat finds it.

    Raises ``ticket_over``, ``check_in_wrong_hall``, ``check_in_wrong_day``, ``check_in_too_early``,
    ``check_in_too_late`` or ``appointment_wrong_state``.
    """
    ticket_id = ids.derived_id("ticket", item.id)
    known = store.ticket(ticket_id)
    if known is not None and hall.code == item.hall:
        refuse_if(known.status != rules.OPEN, rules.TICKET_OVER)
        return known
    appointments.check_arrival(item, hall.code)
    group = _group(hall, item.group)
    lane = rules.PRIORITY if item.channel == "priority" else rules.APPOINTMENT

    def give(queue: Queue, now: HallTime) -> Arrival | TicketItem:
        # The queue was read first, then the ticket: where the joiner is gone from the queue, the ticket is there.
        found = store.ticket(ticket_id)
        if found is not None:
            return found
        starts = seconds_of(item.slot.starts_at, now.day)
        person = rules.arrive(queue, group.code, lane, group.prefix, ticket_id, now.seconds, starts)
        return _arrival(queue, ticket_id, person, now)

    def complete(arrival: Arrival) -> tuple[TicketItem, list[Write]]:
        current = appointments.appointment(item.id)
        assert current is not None
        ticket = _new_ticket(hall, arrival, current.services, materials)
        ticket.appointment = current.id
        ticket.holder = current.party or current.visitor_account or None
        ticket.handler = current.visitor_account or None
        ticket.name = store.seal_name(ticket, appointments.name_of(current))
        return ticket, [appointments.check_in_write(actor, current, ticket.number)]

    return _take(actor, hall, give, complete)


def find_appointment(hall: Hall, code: str) -> AppointmentItem:
    """Today's appointment by its number or by the visitor's ID number; raises ``check_in_code_unknown``."""
    item = appointments.appointment(code)
    if item is None:
        refuse_if(not numbers.is_id_number(numbers.normalized(code), clock.today()), rules.CODE_UNKNOWN)
        visitor = identity.visitor_named(identity.ShownDocument(name="", id_number=code))
        item = appointments.of_visitor(visitor, hall.code, clock.today())
    if item is None:
        raise rules.CODE_UNKNOWN()
    return item


def walk_in(
    actor: Actor,
    hall: Hall,
    services: list[str],
    key: str,
    *,
    visitor: Visitor | None = None,
    priority: bool = False,
    materials: Sequence[int] = (),
) -> TicketItem:
    """A ticket for somebody without an appointment; a repeat with the same ``key`` finds it.

    Raises ``hall_closed``, ``already_in_queue``, ``tickets_used_up``, ``service_not_here`` or ``services_apart``.
    """
    plan = appointments.plan(hall.code, services)
    _check_open(hall)
    is_old = visitor is not None and visitor.id_number != "" and _age(visitor) >= plan.rules.priority_age
    lane = rules.PRIORITY if priority or is_old else rules.WALK_IN

    def give(queue: Queue, now: HallTime) -> Arrival | TicketItem:
        ticket_id, known = _own_ticket(hall, now.day, visitor, key)
        if known is not None:
            return known
        person = rules.arrive(queue, plan.group.code, lane, plan.group.prefix, ticket_id, now.seconds)
        return _arrival(queue, ticket_id, person, now)

    def complete(arrival: Arrival) -> tuple[TicketItem, list[Write]]:
        ticket = _new_ticket(hall, arrival, list(plan.services), materials)
        ticket.key = ids.fingerprint(key)
        if visitor is not None:
            ticket.holder = actor.organization or visitor.account or None
            ticket.handler = visitor.account or None
            ticket.name = store.seal_name(ticket, visitor.name)
        return ticket, []

    taken = _take(actor, hall, give, complete)
    if taken.key != ids.fingerprint(key):
        # The same person took one with another request while ours was under way.
        raise rules.ALREADY_IN_QUEUE(number=taken.number)
    return taken


def _own_ticket(hall: Hall, day: date, visitor: Visitor | None, key: str) -> tuple[str, TicketItem | None]:
    """The id for a new ticket; with the ticket itself if this request has taken it already.

    A person has one ticket at a time. Its id follows from the person, the day and how many the person had before, so
    two requests of one person compete for one item. Raises ``already_in_queue`` or ``tickets_used_up``.
    """
    if visitor is None:
        ticket_id = ids.derived_id("ticket", key)
        return ticket_id, store.ticket(ticket_id)
    for place in range(_MOST_TICKETS):
        ticket_id = ids.derived_id("ticket", hall.code, str(day), _visitor_key(visitor), str(place))
        known = store.ticket(ticket_id)
        if known is None or known.key == ids.fingerprint(key):
            return ticket_id, known
        refuse_if(known.status == rules.OPEN, rules.ALREADY_IN_QUEUE, number=known.number)
    raise rules.TICKETS_USED_UP()


def _visitor_key(visitor: Visitor) -> str:
    """From what the ids of a person's tickets follow: never the enterprise, for which several may come. Nobody can
    guess it.

    A claimed and a shown identity have different marks: a stranger who claims it cannot keep the person from taking a
    number. The same person may so hold two.
    """
    purpose = "claimed_visitor" if visitor.is_claimed else "id_number"
    return vault.blind_index(purpose, visitor.id_number)


def _age(visitor: Visitor) -> int:
    return appointments.age(visitor.born, clock.today())


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody has a number in the queue of a day, since a second of it; the ticket is to be written."""

    ticket_id: str
    person: Person
    day: date
    since: int


def _arrival(queue: Queue, ticket_id: str, person: Person, now: HallTime) -> Arrival:
    since = queue.joining[person.number].since
    return Arrival(ticket_id=ticket_id, person=person, day=now.day, since=since)


def _take(
    actor: Actor,
    hall: Hall,
    give: Callable[[Queue, HallTime], Arrival | TicketItem],
    complete: Callable[[Arrival], tuple[TicketItem, list[Write]]],
) -> TicketItem:
    """Let ``give`` find the ticket of an earlier try or give a number; then write the ticket, with what else it means.

    Three writes in this order: the queue, which gives the number and knows the ticket's id as a joiner; whose number it
    is; the ticket. They are no transaction, which would cost twice as much. Whoever dies in between and comes again
    gets the same number, because the joiner is still there; who does not come again leaves the queue after a minute
    (``rules.settle_joiners``). Nobody is called before the ticket is written (``Tickets.arrived``).
    """
    found = change(hall, lambda queue, now: QueueOutcome(give(queue, now)))
    if isinstance(found, TicketItem):
        return found
    arrival = found
    number = arrival.person.number
    # Without a condition: this number belongs to this ticket for ever, a repeat writes the same.
    tables.write(tables.Put(store.new_number(hall.code, arrival.day, number, arrival.ticket_id, arrival.since)))

    def attempt() -> TicketItem:
        known = store.ticket(arrival.ticket_id)
        if known is not None:
            return known
        ticket, writes = complete(arrival)
        tables.write(_new_ticket_write(actor, ticket), *writes)
        return ticket

    return optimistic.repeat(attempt)


def _check_open(hall: Hall) -> None:
    """Tickets are given from an hour before the hall opens until it closes."""
    now = clock.local(clock.now())
    hours = catalog.opening_hours(hall, now.date())
    if not hours:
        raise rules.HALL_CLOSED()
    minutes = now.hour * 60 + now.minute
    opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (hours[0].opens, hours[-1].closes))
    refuse_if(not opens - _EARLY_MINUTES <= minutes < closes, rules.HALL_CLOSED)


def _group(hall: Hall, code: str) -> WindowGroup:
    """The group of an appointment; the first one if the hall has changed since it was booked."""
    return hall.group(code) or hall.groups[0]


def _new_ticket(hall: Hall, arrival: Arrival, services: list[str], materials: Sequence[int]) -> TicketItem:
    ticket = store.new_ticket(arrival.ticket_id, hall.code, arrival.day)
    ticket.number = arrival.person.number
    ticket.since = arrival.since
    ticket.group = arrival.person.group
    ticket.lane = arrival.person.lane
    ticket.services = services
    ticket.materials = sorted(set(materials))
    return ticket


def _new_ticket_write(actor: Actor, ticket: TicketItem) -> tables.Put:
    issued = rules.TICKETS.move(ticket, "issue", "hall")
    return changes.record(ticket, Event(issued, actor, data={"number": ticket.number}))


def leave(actor: Actor, hall: Hall, ticket: TicketItem, reason: str) -> None:
    """Give a ticket back: its holder goes, or it could not be printed.

    Raises ``ticket_over``, and ``forbidden`` for a kiosk that would end a visitor's appointment: print again instead.
    """
    if ticket.status == rules.LEFT:
        return
    refuse_if(ticket.appointment and "kiosk" in actor.roles, errors.FORBIDDEN)

    def act(queue: Queue, now: HallTime) -> QueueOutcome[None]:
        refuse_if(ticket.day != now.day, rules.TICKET_OVER)
        rules.leave(queue, ticket.number)
        current = store.ticket(ticket.id)
        assert current is not None
        writes = [end_write(actor, current, "leave", reason)]
        item = appointments.appointment(current.appointment) if current.appointment else None
        if item is not None and item.status == appointments.CHECKED_IN:
            writes.append(appointments.release_write(actor, item))
        return QueueOutcome(None, writes)

    change(hall, act)


def end_write(actor: Actor, ticket: TicketItem, action: str, note: str = "") -> Write:
    """The write that a ticket is over: by ``serve``, ``miss``, ``leave`` or ``close``; raises ``ticket_over``."""
    over = rules.TICKETS.move(ticket, action, "hall")
    return changes.record(ticket, Event(over, actor, note=note))
