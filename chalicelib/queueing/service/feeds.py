"""What screens and phones show of a queue. The board changes only when something happens, so that its ETag holds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, Material, Text, WindowDefinition
from chalicelib.kernel import clock, errors
from chalicelib.kernel.edge.shapes import Date, Instant, View, given, one_of
from chalicelib.kernel.security import vault
from chalicelib.queueing import calling, estimates, lines, rules, store
from chalicelib.queueing.queue import Call, OpenWindow, Person, Queue
from chalicelib.queueing.service.queues import Tickets, hall_time, moment_of
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


def _queue(hall: Hall, day: date, *, fresh: bool = False) -> Queue:
    item = store.queue(hall.code, day, consistent=fresh)
    return item.unpacked() if item else Queue()


def board(hall: Hall) -> Board:
    """Half a read unit; the same answer as long as nothing happens."""
    day = clock.today()
    queue = _queue(hall, day)
    calls = []
    for back, call in enumerate(reversed(queue.calls)):
        calls.append(_call_view(hall, day, call, queue.sequence - back))
    groups = [
        GroupView(
            group=group.code,
            name=group.name,
            waiting=queue.waiting(group.code),
            windows_open=sum(group.code in window.groups for window in queue.windows.values()),
        )
        for group in hall.groups
    ]
    return Board(hall=hall.code, name=hall.name, date=day, calls=calls, groups=groups)


def _call_view(hall: Hall, day: date, call: Call, sequence: int) -> CallView:
    window = hall.window(call.window)
    name = window.name if window else Text(call.window, call.window)
    voice = Text(f"请 {call.number} 号到{name.zh}办理", f"Number {call.number}, please go to {name.en}")
    return CallView(sequence=sequence, number=call.number, window=call.window, voice=voice, at=moment_of(call.at, day))


def window(hall: Hall, of: WindowDefinition, *, fresh: bool = False) -> WindowView:
    """A window's screen; ``fresh`` after a change."""
    now = hall_time()
    queue = _queue(hall, now.day, fresh=fresh)
    state = queue.windows.get(of.code)
    groups = state.groups if state else tuple(of.groups)
    tickets = Tickets(hall, queue, now.day)
    turn = state.turn if state else 0
    coming = calling.choose(queue, of.code, groups, hall.queue.pattern, turn, now.seconds, tickets.arrived)
    return WindowView(
        window=of.code,
        open=state is not None,
        clerk=store.window(hall.code, now.day, of.code, consistent=fresh).clerk if state else None,
        current=_at_window(tickets, queue, state, now.day) if state else None,
        parked=[_person_view(queue, person, tickets.of(person.number)) for person in queue.parked.get(of.code, [])],
        next=_person_view(queue, coming[0], tickets.of(coming[0].number)) if coming else None,
        waiting=_waiting_at(queue, of.code, groups),
    )


def _waiting_at(queue: Queue, code: str, groups: tuple[str, ...]) -> int:
    """How many may be called to a window: those of its groups, and those who were sent to it."""
    found = sum(calling.may_be_called_to(person, code, groups) for person in queue.ahead)
    for group, _, run in queue.runs():
        if group in groups:
            found += lines.length(run.line)
    return found


def _at_window(tickets: Tickets, queue: Queue, state: OpenWindow, day: date) -> AtWindow | None:
    if state.person is None:
        return None
    ticket = tickets.of(state.person.number)
    return AtWindow(
        person=_person_view(queue, state.person, ticket),
        called_at=moment_of(state.since, day),
        calls=state.calls,
        materials=_materials(ticket),
    )


def _person_view(queue: Queue, person: Person, ticket: TicketItem) -> PersonView:
    name = store.name_of(ticket)
    return PersonView(
        number=person.number,
        lane=person.lane,
        group=person.group,
        services=ticket.services,
        name=vault.mask_name(name) if name else None,
        appointment=ticket.appointment,
        since=moment_of(ticket.since, day=ticket.day),
        skips=queue.skips.get(person.number, 0),
    )


def _materials(ticket: TicketItem) -> list[MaterialView]:
    """The materials of the ticket's services, numbered through as at check-in."""
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
    day = clock.today()
    queue = _queue(hall, day)
    first = _longest_wait(hall, queue, day)
    clerks = store.clerks(hall.code, day)
    return Overview(
        hall=hall.code,
        date=day,
        waiting=queue.waiting(),
        longest_wait_since=moment_of(first, day) if first is not None else None,
        windows_open=len(queue.windows),
        windows=[_row(queue, one, clerks, day) for one in hall.windows],
        groups=loads(hall, queue),
    )


def _longest_wait(hall: Hall, queue: Queue, day: date) -> int | None:
    """Since which second of the day the person waits who has waited longest, of those who are next in their lanes."""
    numbers = [person.number for person in queue.ahead[:1]]
    for _, lanes in queue.lanes.items():
        for runs in lanes.values():
            numbers += [next(lines.numbers(run.line)) for run in runs[:1]]
    tickets = Tickets(hall, queue, day)
    waits = [since for since in map(tickets.arrived, numbers) if since is not None]
    return min(waits, default=None)


def _row(queue: Queue, of: WindowDefinition, clerks: dict[str, str], day: date) -> WindowRow:
    state = queue.windows.get(of.code)
    if state is None:
        return WindowRow(window=of.code, name=of.name, open=False)
    return WindowRow(
        window=of.code,
        name=of.name,
        open=True,
        clerk=clerks.get(of.code),
        number=state.person.number if state.person else None,
        since=moment_of(state.since, day) if state.person else None,
    )


def loads(hall: Hall, queue: Queue) -> list[Load]:
    """What each group has had."""
    found = []
    for group in hall.groups:
        tally = queue.tally(group.code)
        parked = [person for people in queue.parked.values() for person in people]
        found.append(
            Load(
                group=group.code,
                name=group.name,
                waiting=queue.waiting(group.code),
                parked=sum(person.group == group.code for person in parked),
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
    """Where the holder of a ticket is now; anybody with the ticket's id may ask. ``fresh`` after a change.

    A poll reads the ticket and the queue: half a read unit each.
    """
    hall = catalog.hall(item.hall)
    now = hall_time()
    status = item.status
    window_code = ""
    place = None
    wait = None
    if status == rules.OPEN:
        queue = _queue(hall, now.day, fresh=fresh) if item.day == now.day else Queue()
        status, window_code = _status(queue, item.number)
        if status == "waiting":
            place = estimates.place_of(queue, item.number, hall.queue.pattern, now.seconds)
            # Over: the queue was read after the ticket, which may have ended in between; or the day is past and its
            # tickets are not closed yet.
            status = "waiting" if place else "over"
        if place:
            expected = expected_seconds(hall, place.group)
            wait = estimates.estimated_seconds(queue, place.group, place.position, expected)
    return TicketView(
        id=item.id,
        number=item.number,
        hall=hall.code,
        hall_name=hall.name,
        group=item.group,
        status=status,
        window=given(window_code),
        position=place.position if place else None,
        estimated_seconds=wait,
    )


def _status(queue: Queue, number: str) -> tuple[str, str]:
    """What an open ticket does, and at which window: ``waiting`` unless it was called or parked."""
    for code, state in queue.windows.items():
        if state.person and state.person.number == number:
            return "called", code
    for code, parked in queue.parked.items():
        if any(person.number == number for person in parked):
            return "parked", code
    return "waiting", ""
