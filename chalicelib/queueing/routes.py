"""Endpoints of the day in a hall: arriving, tickets, windows, displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import rules as appointment_rules
from chalicelib.appointments import service as appointments
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, Window
from chalicelib.identity import rules as identity_rules
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Page, Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.queueing import rules, service, store
from chalicelib.queueing.store import TicketItem

Code = Annotated[str, Meta(min_length=3, max_length=40)]
Services = Annotated[list[Code], Meta(min_length=1, max_length=5)]
Materials = Annotated[list[Annotated[int, Meta(ge=0, le=200)]], Meta(max_length=50)]


@dataclass(frozen=True)
class HallWindow:
    """A window of a hall, as a path names it."""

    hall: Hall
    window: Window


def _find_window(hall: str, window: str) -> HallWindow | None:
    found = catalog.find_hall(hall)
    of = found.window(window) if found else None
    return HallWindow(found, of) if found and of else None


def _holds(actor: Actor, ticket: TicketItem) -> bool:
    if actor.kind == "person":
        return actor.holds(str(ticket.holder)) and all(map(actor.covers, ticket.service_codes))
    hall = catalog.find_hall(ticket.hall)
    return hall is not None and catalog.works_at(actor, hall)


DESK = Access(
    staff=("officer", "kiosk"),
    target=catalog.find_hall,
    related=catalog.works_at,
    relation="desk or kiosk of the hall",
)
AT_WINDOW = Access(
    staff=("officer",),
    target=_find_window,
    related=lambda actor, target: catalog.works_at(actor, target.hall),
    relation="staff of the hall",
)
HALL_STAFF = Access(
    staff=("officer", "supervisor"),
    target=catalog.find_hall,
    related=catalog.works_at,
    relation="staff of the hall",
)
OWN_APPOINTMENT = Access(
    person=Level.REAL_NAME,
    target=appointments.appointment,
    related=appointments.is_visitor,
    relation="visitor, or who booked",
)
HOLDER_OR_DESK = Access(
    person=Level.REAL_NAME,
    staff=("officer", "kiosk"),
    target=store.ticket,
    related=_holds,
    relation="holder, desk or kiosk",
)
DESK_LIMIT = Limit("check_in_code", 200, 300, failures_only=True)


class ArrivalCode(msgspec.Struct, forbid_unknown_fields=True):
    """The appointment's number (typed or scanned), or the visitor's ID number; the materials handed in, by number."""

    code: Annotated[str, Meta(min_length=4, max_length=40)]
    materials: Materials = []


class WalkIn(msgspec.Struct, forbid_unknown_fields=True):
    """For which services; who, if the ID card was read; ``priority``: staff saw that the visitor may go first."""

    services: Services
    visitor: appointments.NamedVisitor | None = None
    priority: bool = False
    materials: Materials = []


class OwnWalkIn(msgspec.Struct, forbid_unknown_fields=True):
    """For which services, and what shows that the caller is in the hall."""

    hall: Code
    services: Services
    where: service.Whereabouts


class ParkedNumber(msgspec.Struct, forbid_unknown_fields=True):
    """Which parked ticket."""

    number: Annotated[str, Meta(pattern=r"^[A-Z]\d{3,5}$")]


class Transfer(msgspec.Struct, forbid_unknown_fields=True):
    """Where to: a window, or a group of windows."""

    window: Annotated[str, Meta(max_length=20)] = ""
    group: Annotated[str, Meta(max_length=40)] = ""


class LeaveReason(msgspec.Struct, forbid_unknown_fields=True):
    """Why the ticket is given back, for example that it could not be printed."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class StatisticsQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day."""

    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Sign(msgspec.Struct, frozen=True):
    """The window's sign of life is noted."""

    done: bool = True


ARRIVAL_ERRORS = [
    appointment_rules.WRONG_HALL,
    appointment_rules.WRONG_DAY,
    appointment_rules.TOO_EARLY,
    appointment_rules.TOO_LATE,
    appointment_rules.WRONG_STATE,
    rules.ALREADY_IN_QUEUE,
    rules.HALL_CLOSED,
    rules.TICKET_OVER,
]
WALK_IN_ERRORS = [
    catalog_rules.HALL_UNKNOWN,
    appointment_rules.SERVICE_NOT_HERE,
    appointment_rules.SERVICES_APART,
    appointment_rules.VISIT_TOO_LONG,
    identity_rules.ID_NUMBER_INVALID,
    rules.ALREADY_IN_QUEUE,
    rules.HALL_CLOSED,
]
HELD_ERRORS = [rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_EMPTY]


# Arriving


@endpoint("GET", "/v1/halls/{hall}/check_in_code", DESK)
def read_check_in_code(target: Hall) -> service.HallCode:
    """What the hall's screen shows as a QR code this minute."""
    return service.hall_code(target)


@endpoint(
    "POST",
    "/v1/appointments/{appointment_id}/check_in",
    OWN_APPOINTMENT,
    errors=[*ARRIVAL_ERRORS, rules.NOT_AT_HALL, catalog_rules.HALL_UNKNOWN],
)
def check_in(actor: Actor, target: appointments.AppointmentItem, body: service.Whereabouts) -> service.TicketView:
    """Check in with the phone: by the code on the hall's screen, or by location where the hall allows it."""
    hall = catalog.hall(target.hall)
    service.check_whereabouts(hall, body)
    return service.ticket(service.check_in(actor, hall, target), fresh=True)


@endpoint(
    "POST",
    "/v1/halls/{hall}/check_ins",
    DESK,
    limit=DESK_LIMIT,
    errors=[*ARRIVAL_ERRORS, rules.CODE_UNKNOWN],
)
def check_in_at_desk(actor: Actor, target: Hall, body: ArrivalCode) -> service.TicketView:
    """Check a visitor in at desk or kiosk, by the code on phone or slip, or by ID number."""
    item = service.find_appointment(target, body.code)
    return service.ticket(service.check_in(actor, target, item, body.materials), fresh=True)


@endpoint("POST", "/v1/halls/{hall}/tickets", DESK, status=201, idempotent=True, recorded=False, errors=WALK_IN_ERRORS)
def issue_ticket(actor: Actor, target: Hall, body: WalkIn, request: Request) -> service.TicketView:
    """A walk-in ticket at desk or kiosk."""
    visitor = identity.visitor_named(body.visitor.name, body.visitor.id_number) if body.visitor else None
    priority = body.priority and "officer" in actor.roles
    ticket = service.walk_in(
        actor, target, body.services, request.key, visitor=visitor, priority=priority, materials=body.materials
    )
    return service.ticket(ticket, fresh=True)


@endpoint(
    "POST",
    "/v1/tickets",
    Access(person=Level.REAL_NAME),
    status=201,
    idempotent=True,
    recorded=False,
    errors=[*WALK_IN_ERRORS, rules.NOT_AT_HALL, errors.MANDATE_DOES_NOT_COVER],
)
def take_ticket(actor: Actor, body: OwnWalkIn, request: Request) -> service.TicketView:
    """A walk-in ticket by phone, for somebody who is in the hall."""
    appointments.check_mandate(actor, body.services)
    hall = catalog.hall(body.hall)
    service.check_whereabouts(hall, body.where)
    visitor = appointments.visitor_of(actor)
    return service.ticket(service.walk_in(actor, hall, body.services, request.key, visitor=visitor), fresh=True)


# Tickets


@endpoint("GET", "/v1/tickets/{ticket_id}", ANYONE, errors=[errors.NOT_FOUND])
def read_ticket(ticket_id: str) -> service.TicketView:
    """Where a ticket's holder is in the queue; whoever has the ticket's id may ask, it names nobody."""
    return service.ticket(_known(ticket_id))


def _known(ticket_id: str, *, fresh: bool = False) -> TicketItem:
    found = store.ticket(ticket_id, consistent=fresh)
    if found is None:
        raise errors.NOT_FOUND()
    return found


@endpoint("GET", "/t/{ticket_id}", ANYONE, errors=[errors.NOT_FOUND])
def show_ticket(ticket_id: str) -> Page:
    """The page behind a printed ticket's QR code."""
    from chalicelib.queueing import pages

    return Page(pages.ticket(service.ticket(_known(ticket_id))))


@endpoint("GET", "/v1/tickets/{ticket_id}/slip", HOLDER_OR_DESK)
def show_ticket_slip(target: TicketItem) -> Page:
    """The ticket for the printer of the kiosk, with the QR code of its page."""
    from chalicelib.queueing import pages

    names = {summary.code: summary.name.zh for summary in catalog.release().services}
    services = "、".join(names.get(code, code) for code in target.service_codes)
    return Page(pages.slip(service.ticket(target, fresh=True), services, str(target.day)))


@endpoint("POST", "/v1/tickets/{ticket_id}/leave", HOLDER_OR_DESK, errors=[rules.TICKET_OVER])
def leave_queue(actor: Actor, target: TicketItem, body: LeaveReason) -> service.TicketView:
    """Give a ticket back: its holder goes, or it could not be printed."""
    service.leave(actor, catalog.hall(target.hall), target, body.reason)
    return service.ticket(_known(target.id, fresh=True), fresh=True)


# Windows


@endpoint("GET", "/v1/halls/{hall}/windows/{window}", AT_WINDOW)
def read_window(target: HallWindow) -> service.WindowView:
    """A window's screen; poll it with If-None-Match."""
    return service.window(target.hall, target.window)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/open", AT_WINDOW, errors=[rules.HALL_CLOSED])
def open_window(actor: Actor, target: HallWindow) -> service.WindowView:
    """Sit down at a window, or take it over; whom it had goes back to the head of the queue."""
    service.open_window(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/close", AT_WINDOW)
def close_window(actor: Actor, target: HallWindow) -> service.WindowView:
    """Leave a window, or close one whose clerk is gone."""
    service.close_window(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/sign", AT_WINDOW)
def show_life(target: HallWindow) -> Sign:
    """The window's screen says once a minute that it is there."""
    service.show_life(target.hall, target.window)
    return Sign()


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/next",
    AT_WINDOW,
    errors=[rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_BUSY, rules.NOBODY_WAITS],
)
def call_next(actor: Actor, target: HallWindow) -> service.WindowView:
    """Call the next person to the window."""
    service.call_next(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/recall", AT_WINDOW, errors=HELD_ERRORS)
def recall(actor: Actor, target: HallWindow) -> service.WindowView:
    """Call the window's person once more."""
    service.recall(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/skip", AT_WINDOW, errors=HELD_ERRORS)
def skip(actor: Actor, target: HallWindow) -> service.WindowView:
    """Who does not come goes some places back."""
    service.skip(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/park", AT_WINDOW, errors=HELD_ERRORS)
def park(actor: Actor, target: HallWindow) -> service.WindowView:
    """Let the person fetch something, and call others meanwhile."""
    service.park(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/resume",
    AT_WINDOW,
    errors=[rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_BUSY, rules.NOT_PARKED],
)
def resume(actor: Actor, target: HallWindow, body: ParkedNumber) -> service.WindowView:
    """Call a parked person back."""
    service.resume(actor, target.hall, target.window, body.number)
    return service.window(target.hall, target.window, fresh=True)


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/transfer",
    AT_WINDOW,
    errors=[*HELD_ERRORS, rules.TRANSFER_UNKNOWN],
)
def transfer(actor: Actor, target: HallWindow, body: Transfer) -> service.WindowView:
    """Send the person on to another window or group, ahead of those who wait there."""
    service.transfer(actor, target.hall, target.window, body.window, body.group)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/finish", AT_WINDOW, errors=HELD_ERRORS)
def finish(actor: Actor, target: HallWindow) -> service.WindowView:
    """The person is served."""
    service.finish(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/no_show", AT_WINDOW, errors=HELD_ERRORS)
def mark_no_show(actor: Actor, target: HallWindow) -> service.WindowView:
    """The person did not come."""
    service.no_show(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


# Looking


@endpoint("GET", "/v1/halls/{hall}/board", ANYONE, errors=[catalog_rules.HALL_UNKNOWN])
def read_board(hall: str) -> service.Board:
    """The hall's display; poll it with If-None-Match every few seconds. It names nobody."""
    return service.board(catalog.hall(hall))


@endpoint("GET", "/v1/halls/{hall}/overview", HALL_STAFF)
def read_overview(target: Hall) -> service.Overview:
    """The hall at a glance: who waits how long, windows, load."""
    return service.overview(target)


@endpoint("GET", "/v1/halls/{hall}/statistics", HALL_STAFF, errors=[rules.DAY_NOT_CLOSED])
def read_statistics(target: Hall, query: StatisticsQuery) -> service.DayStatistics:
    """What a day came to, once it is closed (soon after midnight)."""
    found = service.statistics(target, query.day)
    if found is None:
        raise rules.DAY_NOT_CLOSED()
    return found
