"""What screens and phones show of a queue. The board changes only when something happens, so that its ETag holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, Material, Text, WindowDefinition
from chalicelib.kernel import clock, errors
from chalicelib.kernel.edge.shapes import Date, Instant, View, one_of
from chalicelib.kernel.security import vault
from chalicelib.queueing import estimates, rules, store
from chalicelib.queueing.rules import Person, Queue
from chalicelib.queueing.service.windows import expected_seconds
from chalicelib.queueing.statistics import Load
from chalicelib.queueing.store import TicketItem

TicketStatus = Annotated[str, one_of({*rules.TICKETS.states, "waiting", "called", "parked", "over"} - {rules.OPEN})]


class CallView(View, frozen=True, kw_only=True):
    """A call; a higher ``sequence`` is newer, also for a repeated call. ``voice`` is what to speak."""

    sequence: int
    number: str
    window: str
    voice: Text
    at: Instant


class GroupView(View, frozen=True, kw_only=True):
    """How many wait for a group of windows, and how many windows serve it."""

    group: str
    name: Text
    waiting: int
    windows_open: int


class Board(View, frozen=True, kw_only=True):
    """The hall's display: the last calls, the newest first, and who waits. Without anybody's name."""

    hall: str
    name: Text
    date: Date
    calls: list[CallView]
    groups: list[GroupView]


class MaterialView(View, frozen=True, kw_only=True):
    """A material of the service: whether it is needed, and whether it is here (from a register, or handed in)."""

    service: str
    name: Text
    need: str
    here: bool


class PersonView(View, frozen=True, kw_only=True):
    """Somebody in the queue, for staff: masked name, lane, since when here."""

    number: str
    lane: str
    group: str
    services: list[str]
    since: Instant
    skips: int
    name: str | None = None
    appointment: str | None = None


class AtWindow(View, frozen=True, kw_only=True):
    """Whom the window has: since when, how often called, which materials came."""

    person: PersonView
    called_at: Instant
    calls: int
    materials: list[MaterialView]


class WindowView(View, frozen=True, kw_only=True):
    """A window's screen: who is here, who is parked, who comes next, how many wait."""

    window: str
    open: bool
    parked: list[PersonView]
    waiting: int
    clerk: str | None = None
    current: AtWindow | None = None
    next: PersonView | None = None


class WindowRow(View, frozen=True, kw_only=True):
    """A window in the overview."""

    window: str
    name: Text
    open: bool
    clerk: str | None = None
    number: str | None = None
    since: Instant | None = None


class Overview(View, frozen=True, kw_only=True):
    """The hall now: who waits, since when the first of them, which windows are open, the load of today."""

    hall: str
    date: Date
    waiting: int
    windows_open: int
    windows: list[WindowRow]
    groups: list[Load]
    longest_wait_since: Instant | None = None


class TicketView(View, frozen=True, kw_only=True):
    """A ticket as its holder sees it: ``waiting`` at a position, ``called`` to a window, ``parked``, or its end.

    ``position`` is there while it waits; ``estimated_seconds`` too, unless no window serves the group.
    """

    id: str
    number: str
    hall: str
    hall_name: Text
    group: str
    status: TicketStatus
    window: str | None = None
    position: int | None = None
    estimated_seconds: int | None = None


def _queue(hall: Hall, *, fresh: bool = False) -> Queue:
    item = store.queue(hall.code, clock.today(), consistent=fresh)
    return item.opened() if item else Queue()


def board(hall: Hall) -> Board:
    """Half a read unit for each 4 kB of the queue; the same answer as long as nothing happens."""
    queue = _queue(hall)
    calls = [_call_view(hall, call) for call in reversed(queue.calls)]
    groups = [
        GroupView(
            group=group.code,
            name=group.name,
            waiting=sum(person.group == group.code for person in queue.waiting),
            windows_open=sum(group.code in window.groups for window in queue.windows.values()),
        )
        for group in hall.groups
    ]
    return Board(hall=hall.code, name=hall.name, date=clock.today(), calls=calls, groups=groups)


def _call_view(hall: Hall, call: rules.Call) -> CallView:
    window = hall.window(call.window)
    name = window.name if window else Text(call.window, call.window)
    voice = Text(f"请 {call.number} 号到{name.zh}办理", f"Number {call.number}, please go to {name.en}")
    return CallView(sequence=call.sequence, number=call.number, window=call.window, voice=voice, at=_moment(call.at))


def _moment(seconds: int) -> datetime:
    return clock.from_seconds(seconds)


def window(hall: Hall, of: WindowDefinition, *, fresh: bool = False) -> WindowView:
    """A window's screen; ``fresh`` after a change."""
    queue = _queue(hall, fresh=fresh)
    state = queue.windows.get(of.code)
    groups = state.groups if state else tuple(of.groups)
    people = rules.candidates(queue, of.code, groups)
    coming = rules.choose(people, hall.queue.pattern, state.turn if state else 0, clock.seconds(clock.now()))
    current = None
    if state is not None and state.person is not None:
        ticket = store.ticket(state.person.ticket)
        current = AtWindow(
            person=_person(state.person),
            called_at=_moment(state.called_at),
            calls=state.calls,
            materials=_materials(ticket),
        )
    return WindowView(
        window=of.code,
        open=state is not None,
        clerk=state.clerk if state else None,
        current=current,
        parked=[_person(person) for person in queue.parked.get(of.code, [])],
        next=_person(coming[0]) if coming else None,
        waiting=len(people),
    )


def _person(person: Person) -> PersonView:
    ticket = store.ticket(person.ticket, consistent=False)
    name = store.name_of(ticket) if ticket else ""
    return PersonView(
        number=person.number,
        lane=person.lane,
        group=person.group,
        services=ticket.services if ticket else [],
        name=vault.mask_name(name) if name else None,
        appointment=ticket.appointment if ticket else None,
        since=_moment(person.since),
        skips=person.skips,
    )


def _materials(ticket: TicketItem | None) -> list[MaterialView]:
    """The materials of the ticket's services, numbered through as at check-in."""
    if ticket is None:
        return []
    handed_in = set(ticket.materials)
    needed = [(code, material) for code in ticket.services for material in _definition_materials(code)]
    return [
        MaterialView(
            service=code,
            name=material.name,
            need=material.need,
            here=material.source == "register" or number in handed_in,
        )
        for number, (code, material) in enumerate(needed)
    ]


def _definition_materials(code: str) -> list[Material]:
    try:
        return catalog.current(code)[1].item.materials
    except errors.Problem:
        return []


def overview(hall: Hall) -> Overview:
    """The hall at a glance, for those who run it."""
    queue = _queue(hall)
    first = estimates.longest_wait(queue)
    return Overview(
        hall=hall.code,
        date=clock.today(),
        waiting=len(queue.waiting),
        longest_wait_since=_moment(first) if first is not None else None,
        windows_open=len(queue.windows),
        windows=[_row(queue, one) for one in hall.windows],
        groups=loads(hall, queue),
    )


def _row(queue: Queue, of: WindowDefinition) -> WindowRow:
    state = queue.windows.get(of.code)
    if state is None:
        return WindowRow(window=of.code, name=of.name, open=False)
    return WindowRow(
        window=of.code,
        name=of.name,
        open=True,
        clerk=state.clerk,
        number=state.person.number if state.person else None,
        since=_moment(state.called_at) if state.person else None,
    )


def loads(hall: Hall, queue: Queue) -> list[Load]:
    """What each group has had."""
    found = []
    for group in hall.groups:
        tally = queue.tally(group.code)
        found.append(
            Load(
                group=group.code,
                name=group.name,
                waiting=sum(person.group == group.code for person in queue.waiting),
                parked=sum(person.group == group.code for parked in queue.parked.values() for person in parked),
                issued=tally.issued,
                served=tally.served,
                missed=tally.missed,
                left=tally.left,
                unserved=tally.unserved,
                average_wait=round(tally.waited / tally.served) if tally.served else 0,
                average_service=round(tally.worked / tally.served) if tally.served else 0,
            )
        )
    return found


def ticket(item: TicketItem, *, fresh: bool = False) -> TicketView:
    """Where the holder of a ticket is now; anybody with the ticket's id may ask. ``fresh`` after a change."""
    hall = catalog.hall(item.hall)
    queue = _queue(hall, fresh=fresh) if item.day == clock.today() else Queue()
    status = item.status
    at = ""
    place = 0
    if status == rules.OPEN:
        status, at, place = _place(hall, queue, item)
    person = next((one for one in queue.waiting if one.ticket == item.id), None)
    group = person.group if person else item.group
    wait = estimates.estimated_seconds(queue, group, place, expected_seconds(hall, group)) if place else None
    return TicketView(
        id=item.id,
        number=item.number,
        hall=hall.code,
        hall_name=hall.name,
        group=item.group,
        status=status,
        window=at or None,
        position=place or None,
        estimated_seconds=wait,
    )


def _place(hall: Hall, queue: Queue, item: TicketItem) -> tuple[str, str, int]:
    for code, state in queue.windows.items():
        if state.person and state.person.ticket == item.id:
            return "called", code, 0
    for code, parked in queue.parked.items():
        if any(person.ticket == item.id for person in parked):
            return "parked", code, 0
    place = estimates.position(queue, item.id, hall.queue.pattern, clock.seconds(clock.now()))
    return ("waiting", "", place) if place else ("over", "", 0)
