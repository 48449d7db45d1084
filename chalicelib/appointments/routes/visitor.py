"""Endpoints of appointments: holding, confirming, reading, moving and cancelling one's own."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import calendar_file, pages, rules, service, store
from chalicelib.appointments.routes.shapes import (
    ANY_VISITOR,
    OWN,
    PLAN_ERRORS,
    VISITOR_ERRORS,
    Code,
    Id,
    Services,
    TimeOfDay,
)
from chalicelib.appointments.routes.views import (
    AppointmentList,
    AppointmentView,
    HoldView,
    appointment_view,
    hold_view,
    service_names,
)
from chalicelib.appointments.store import AppointmentItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.identity import rules as identity_rules
from chalicelib.identity.service import ShownDocument
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Download, HtmlPage, Request, endpoint
from chalicelib.kernel.security import vault
from chalicelib.kernel.settings import settings

Sealed = Annotated[str, Meta(min_length=1, max_length=4000)]


PERSON_OR_WINDOW = Access(person=Level.CLAIMED, staff=("officer",))


OWN_OR_HALL = Access(
    person=Level.CLAIMED,
    staff=("officer", "supervisor"),
    target=store.appointment,
    related=service.relations.concerns,
    relation="visitor, who booked, or staff of the hall",
)


class RelativeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose: the caller's, or a consenting relative's."""

    relative: Id = ""


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which places the booking ticket is, and for which relative if not for the caller."""

    hall: Code
    services: Services
    date: date
    relative: Id = ""


class NewHold(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which place: hall, services of the visit, date and beginning of the slot.

    ``relative``: book for a consenting relative; ``visitor``: who stands at the window (staff only); ``moves``:
    the appointment that the new one shall replace; ``ticket``: the booking ticket where the hall asks for one;
    ``priority``: staff saw that the visitor belongs to a priority group.
    """

    hall: Code
    services: Services
    date: date
    start: TimeOfDay
    relative: Id = ""
    visitor: ShownDocument | None = None
    moves: Id = ""
    ticket: Annotated[str, Meta(max_length=4000)] = ""
    priority: bool = False


class CarriedHold(msgspec.Struct, forbid_unknown_fields=True):
    """The hold as it was given out."""

    hold: Sealed


class Cancellation(msgspec.Struct, forbid_unknown_fields=True):
    """Why, if the visitor wants to say."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Gone(msgspec.Struct, frozen=True):
    """The hold is given back."""

    done: bool = True


@endpoint(
    "POST",
    "/v1/booking_tickets",
    ANY_VISITOR,
    errors=[*PLAN_ERRORS, *VISITOR_ERRORS, rules.SLOT_UNKNOWN, rules.SLOT_NOT_RELEASED],
)
def issue_booking_ticket(actor: Actor, body: TicketRequest) -> service.booking_tickets.BookingTicket:
    """A booking ticket, from ten minutes before the release on: good for one hold, from a moment drawn by lot."""
    service.check_mandate(actor, body.services)
    plan = service.plan(body.hall, body.services)
    return service.booking_tickets.issue(plan, service.visitor_of(actor, body.relative).key, body.date)


@endpoint(
    "POST",
    "/v1/holds",
    PERSON_OR_WINDOW,
    status=201,
    idempotent=True,
    recorded=False,
    errors=[
        *PLAN_ERRORS,
        *VISITOR_ERRORS,
        identity_rules.ID_NUMBER_INVALID,
        rules.SLOT_UNKNOWN,
        rules.SLOT_PAST,
        rules.SLOT_NOT_RELEASED,
        rules.SLOT_CLOSED,
        rules.SLOT_FULL,
        rules.SLOT_BUSY,
        rules.ALREADY_BOOKED,
        rules.HOLD_IN_PROGRESS,
        rules.LIMIT_REACHED,
        rules.BLOCKED,
        rules.TOO_MANY_HOLDS,
        rules.TICKET_REQUIRED,
        rules.TICKET_INVALID,
        rules.TICKET_EARLY,
        rules.MOVE_TO_OTHERS,
        rules.WRONG_STATE,
        rules.TOO_LATE_TO_CANCEL,
        rules.HOLD_EXPIRED,
        errors.NOT_FOUND,
    ],
)
def hold_place(actor: Actor, body: NewHold, request: Request) -> HoldView:
    """Hold a place for some minutes; nobody else can take it until then."""
    if actor.kind == "staff" and not catalog.works_at(actor, catalog.hall(body.hall)):
        raise errors.FORBIDDEN()
    if actor.kind == "person" and body.visitor is not None:
        raise errors.INVALID_REQUEST(
            fields=[errors.FieldError("/visitor", "invalid", zh="仅限窗口人员填写", en="For staff at a window only")]
        )
    wish = service.holds.BookingWish(
        hall=body.hall,
        services=body.services,
        day=body.date,
        start=body.start,
        relative=body.relative,
        named=body.visitor,
        moves=ids.normalized(body.moves) if body.moves else "",
        ticket=body.ticket,
        priority=body.priority and actor.kind == "staff",
    )
    return hold_view(actor, service.holds.hold(actor, wish, request.key))


@endpoint("POST", "/v1/holds/give_up", PERSON_OR_WINDOW, errors=[rules.HOLD_INVALID, rules.WRONG_STATE])
def give_up_hold(actor: Actor, body: CarriedHold) -> Gone:
    """Give a hold back before it expires."""
    service.waiting_list.give_up(actor, body.hold)
    return Gone()


@endpoint(
    "POST",
    "/v1/appointments",
    PERSON_OR_WINDOW,
    status=201,
    idempotent=True,
    recorded=False,
    errors=[rules.HOLD_INVALID, rules.HOLD_EXPIRED, rules.WRONG_STATE, identity_rules.RELATIVE_NOT_CONSENTED],
)
def confirm_appointment(actor: Actor, body: CarriedHold) -> AppointmentView:
    """Make a hold an appointment; what it moves is given up in the same moment. A repeat finds it."""
    item = service.waiting_list.confirm(actor, body.hold)
    return appointment_view(item)


@endpoint("GET", "/v1/appointments", ANY_VISITOR, errors=VISITOR_ERRORS)
def list_appointments(actor: Actor, query: RelativeQuery) -> AppointmentList:
    """The caller's places and appointments, or a relative's, or those of the enterprise acted for."""
    visitor = service.visitor_of(actor, query.relative)
    book = service.bookings.book_of(visitor)
    holds = []
    items = []
    for claim in sorted(book.claims, key=lambda claim: (claim.day, claim.start)):
        item = store.appointment(claim.appointment)
        if item is None:
            held = service.bookings.resumed(actor, visitor, claim)
            if held is not None:
                holds.append(hold_view(actor, held))
        elif service.is_visitor(actor, item):
            items.append(appointment_view(item))
    listed = {item.id for item in items}
    for appointment, _ in book.no_shows:
        missed = store.appointment(appointment) if appointment not in listed else None
        if missed is not None and service.is_visitor(actor, missed):
            items.append(appointment_view(missed))
    return AppointmentList(holds, items)


@endpoint("GET", "/v1/appointments/{appointment_id}", OWN_OR_HALL)
def read_appointment(actor: Actor, target: AppointmentItem) -> AppointmentView:
    """One appointment; staff's reading is recorded first."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    return appointment_view(target)


@endpoint(
    "POST",
    "/v1/appointments/{appointment_id}/cancel",
    OWN_OR_HALL,
    errors=[rules.TOO_LATE_TO_CANCEL, rules.WRONG_STATE],
)
def cancel_appointment(actor: Actor, target: AppointmentItem, body: Cancellation) -> AppointmentView:
    """Cancel; the place is free again after a while. To move it, hold a new place with ``moves`` instead."""
    return appointment_view(service.bookings.cancel(actor, target, body.reason))


@endpoint("GET", "/v1/appointments/{appointment_id}/calendar", OWN, files=("text/calendar",))
def read_calendar_file(target: AppointmentItem) -> Download:
    """The appointment for the phone's calendar (iCalendar)."""
    hall = catalog.hall(target.hall)
    begins = target.slot.starts_at
    warnings = [warning.zh for warning in catalog.calendar_warnings(target.day)]
    entry = calendar_file.Entry(
        uid=f"{target.id}@{settings().public_url.split('//')[1]}",
        sequence=target.version,
        stamp=clock.now(),
        start=begins,
        end=target.slot._replace(start=target.ends).starts_at,
        summary=f"{hall.name.zh} {'、'.join(service_names(target))}",
        place=hall.address.zh,
        description="\n".join([f"预约号 {ids.grouped(target.id)}，电话 {hall.phone}", *warnings]),
        cancelled=target.status == rules.CANCELLED,
    )
    return Download(calendar_file.text(entry), "text/calendar; charset=utf-8", f"{target.id}.ics")


@endpoint("GET", "/v1/appointments/{appointment_id}/slip", OWN_OR_HALL)
def show_slip(actor: Actor, target: AppointmentItem) -> HtmlPage:
    """The appointment as a printable slip with the QR code that kiosk and desk read."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    hall = catalog.hall(target.hall)
    lines = [
        (Text("日期", "Date"), str(target.day)),
        (Text("时间", "Time"), f"{target.start}-{target.ends}"),
        (Text("事项", "Service"), "、".join(service_names(target))),
        (Text("来访人", "Visitor"), vault.mask_name(store.name_of(target))),
        (Text("地址", "Address"), hall.address.zh),
    ]
    late = service.plans.rules_of(target.hall, target.group).late_minutes
    note = Text(
        f"请携带身份证，迟到超过 {late} 分钟需重新取号。", f"Bring your ID card; come at most {late} minutes late."
    )
    notes = [note, *catalog.calendar_warnings(target.day)]
    return HtmlPage(
        pages.slip(pages.Slip(title=hall.name, number=ids.grouped(target.id), lines=lines, code=target.id, notes=notes))
    )
