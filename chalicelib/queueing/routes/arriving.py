"""Coming to a hall: check-in with an appointment, walk-in tickets."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import rules as appointment_rules
from chalicelib.appointments import service as appointments
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.identity import rules as identity_rules
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.queueing import rules, service
from chalicelib.queueing.routes.shapes import DESK, Code, Materials, Services

OWN_APPOINTMENT = Access(
    person=Level.CLAIMED,
    target=appointments.appointment,
    related=appointments.is_visitor,
    relation="visitor, or who booked",
)
DESK_LIMIT = Limit(name="check_in_code", times=200, seconds=300, failures_only=True)


class ArrivalCode(msgspec.Struct, forbid_unknown_fields=True):
    """The appointment's number (typed or scanned), or the visitor's ID number; the materials handed in, by number."""

    code: Annotated[str, Meta(min_length=4, max_length=40)]
    materials: Materials = []


class WalkIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which services; who, if the ID card was read; ``priority``: staff saw that the visitor may go first."""

    services: Services
    visitor: identity.ShownDocument | None = None
    priority: bool = False
    materials: Materials = []


class OwnWalkIn(msgspec.Struct, forbid_unknown_fields=True):
    """For which services, and what shows that the caller is in the hall."""

    hall: Code
    services: Services
    where: service.Whereabouts


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
    rules.TICKETS_USED_UP,
    rules.HALL_CLOSED,
]


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
    visitor = identity.visitor_named(body.visitor) if body.visitor else None
    priority = body.priority and "officer" in actor.roles
    ticket = service.walk_in(
        actor, target, body.services, request.key, visitor=visitor, priority=priority, materials=body.materials
    )
    return service.ticket(ticket, fresh=True)


@endpoint(
    "POST",
    "/v1/tickets",
    Access(person=Level.CLAIMED),
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
