"""Endpoints of appointments: what is free, booking, the visitor's appointments, the waiting list, appeals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import calendar_file, pages, rules, service, store
from chalicelib.appointments.store import AppointmentItem, WaiterItem
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, Text
from chalicelib.identity import rules as identity_rules
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Download, Page, Request, endpoint
from chalicelib.kernel.security import vault
from chalicelib.kernel.settings import settings

Code = Annotated[str, Meta(min_length=3, max_length=40)]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Services = Annotated[list[Code], Meta(min_length=1, max_length=5)]
Id = Annotated[str, Meta(max_length=80)]
Sealed = Annotated[str, Meta(min_length=1, max_length=4000)]
Words = Annotated[str, Meta(min_length=4, max_length=500)]


REAL_PERSON = Access(person=Level.REAL_NAME)
PERSON_OR_WINDOW = Access(person=Level.REAL_NAME, staff=("officer",))
OWN = Access(
    person=Level.REAL_NAME, target=store.appointment, related=service.is_visitor, relation="visitor, or who booked"
)
OWN_OR_HALL = Access(
    person=Level.REAL_NAME,
    staff=("officer", "supervisor"),
    target=store.appointment,
    related=service.concerns,
    relation="visitor, who booked, or staff of the hall",
)
HALL_SUPERVISOR = Access(
    staff=("supervisor",), target=store.appointment, related=service.is_of_hall, relation="supervisor of the hall"
)
SUPERVISED_HALL = Access(
    staff=("supervisor",), target=catalog.find_hall, related=catalog.works_at, relation="supervisor of the hall"
)
OWN_WAITING = Access(person=Level.REAL_NAME, target=store.waiter, related=service.waits, relation="who waits")


class MonthQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which month (``2026-11``), for which services (codes with commas between)."""

    month: Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    services: Annotated[str, Meta(min_length=3, max_length=205)]


class ServicesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """For which services (codes with commas between)."""

    services: Annotated[str, Meta(min_length=3, max_length=205)]


class RelativeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose: the caller's, or a consenting relative's."""

    relative: Id = ""


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    """For which places the booking ticket is, and for which relative if not for the caller."""

    hall: Code
    services: Services
    date: date
    relative: Id = ""


class NewHold(msgspec.Struct, forbid_unknown_fields=True):
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
    visitor: service.NamedVisitor | None = None
    moves: Id = ""
    ticket: Annotated[str, Meta(max_length=4000)] = ""
    priority: bool = False


class CarriedHold(msgspec.Struct, forbid_unknown_fields=True):
    """The hold as it was given out."""

    hold: Sealed


class Cancellation(msgspec.Struct, forbid_unknown_fields=True):
    """Why, if the visitor wants to say."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """The reason, kept in the event log."""

    reason: Words


class AppealDecision(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the no-show is forgiven, and why."""

    granted: bool
    opinion: Words


class Amnesty(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day all no-shows are forgiven, and why."""

    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    reason: Words


class Forgiven(msgspec.Struct, frozen=True):
    """How many no-shows were forgiven."""

    count: int


class Wait(msgspec.Struct, forbid_unknown_fields=True):
    """For which day and between which times of it a place is waited for."""

    hall: Code
    services: Services
    date: date
    earliest: TimeOfDay = "00:00"
    latest: TimeOfDay = "23:59"
    relative: Id = ""


class PageQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of the list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class HoldView(msgspec.Struct, frozen=True):
    """A place on hold until ``until``; ``hold`` is what to send with POST /v1/appointments."""

    hold: str
    id: str
    hall: str
    date: str
    start: str
    end: str
    services: list[str]
    until: str
    warnings: list[Text]


class AppointmentView(msgspec.Struct, frozen=True):
    """An appointment. ``number`` is its id as people read it and what its QR code says; the visitor is masked."""

    id: str
    number: str
    status: str
    hall: str
    hall_name: Text
    address: Text
    group: str
    date: str
    start: str
    end: str
    services: list[str]
    visitor: str
    cancel_until: str
    check_in_from: str
    check_in_until: str
    appeal_open: bool
    warnings: list[Text]


class AppointmentList(msgspec.Struct, frozen=True):
    """The visitor's places: on hold, appointments of this month and later, and no-shows that still count."""

    holds: list[HoldView]
    items: list[AppointmentView]


class WaiterView(msgspec.Struct, frozen=True):
    """A place in a waiting list: ``waiting`` at a position, ``offered`` with a hold to confirm, or over."""

    id: str
    status: str
    hall: str
    date: str
    earliest: str
    latest: str
    position: int
    offer: HoldView | None
    warnings: list[Text]


class Appeal(msgspec.Struct, frozen=True):
    """A no-show and why it should be forgiven."""

    appointment: AppointmentView
    reason: str


class AppealList(msgspec.Struct, frozen=True):
    """A part of the appeals that wait for a decision, the oldest first."""

    items: list[Appeal]
    cursor: str | None


class Gone(msgspec.Struct, frozen=True):
    """The hold is given back."""

    done: bool = True


PLAN_ERRORS = [
    catalog_rules.HALL_UNKNOWN,
    rules.SERVICE_NOT_HERE,
    rules.SERVICES_APART,
    rules.VISIT_TOO_LONG,
]
VISITOR_ERRORS = [
    errors.MANDATE_DOES_NOT_COVER,
    identity_rules.RELATIVE_NOT_CONSENTED,
    rules.RELATIVE_OR_ENTERPRISE,
]


@endpoint("GET", "/v1/halls/{hall}/days", ANYONE, errors=PLAN_ERRORS)
def read_month(hall: str, query: MonthQuery) -> service.MonthView:
    """A month of a hall: on which days there are places for these services."""
    return service.month(service.plan(hall, query.services.split(",")), _date(f"{query.month}-01"))


@endpoint("GET", "/v1/halls/{hall}/days/{day}", ANYONE, errors=PLAN_ERRORS)
def read_day(hall: str, day: str, query: ServicesQuery) -> service.SlotList:
    """A day's slots for these services, as they are now."""
    return service.day(service.plan(hall, query.services.split(",")), _date(day))


def _date(text: str) -> date:
    """A date near enough to mean something here; raises ``not_found``."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise errors.NOT_FOUND() from None
    if abs(found - clock.today()) > timedelta(service.FURTHEST_DAYS):
        raise errors.NOT_FOUND()
    return found


@endpoint(
    "POST",
    "/v1/booking_tickets",
    REAL_PERSON,
    errors=[*PLAN_ERRORS, *VISITOR_ERRORS, rules.SLOT_UNKNOWN, rules.SLOT_NOT_RELEASED],
)
def issue_booking_ticket(actor: Actor, body: TicketRequest) -> service.BookingTicket:
    """A booking ticket, from ten minutes before the release on: good for one hold, from a moment drawn by lot."""
    service.check_mandate(actor, body.services)
    plan = service.plan(body.hall, body.services)
    return service.issue(plan, service.visitor_of(actor, body.relative).key, body.date)


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
    ],
)
def hold_place(actor: Actor, body: NewHold, request: Request) -> HoldView:
    """Hold a place for some minutes; nobody else can take it until then."""
    if actor.kind == "staff" and not catalog.works_at(actor, catalog.hall(body.hall)):
        raise errors.FORBIDDEN()
    if actor.kind == "person" and body.visitor is not None:
        raise errors.INVALID_REQUEST(
            fields=[errors.FieldError("/visitor", "invalid", "仅限窗口人员填写", "For staff at a window only")]
        )
    wish = service.Wish(
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
    return _hold_view(actor, service.hold(actor, wish, request.key))


@endpoint("POST", "/v1/holds/give_up", PERSON_OR_WINDOW, errors=[rules.HOLD_INVALID, rules.WRONG_STATE])
def give_up_hold(actor: Actor, body: CarriedHold) -> Gone:
    """Give a hold back before it expires."""
    service.give_up(actor, body.hold)
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
    item = service.confirm(actor, body.hold)
    return _view(item)


@endpoint("GET", "/v1/appointments", REAL_PERSON, errors=VISITOR_ERRORS)
def list_appointments(actor: Actor, query: RelativeQuery) -> AppointmentList:
    """The caller's places and appointments, or a relative's, or those of the enterprise acted for."""
    visitor = service.visitor_of(actor, query.relative)
    book, holds, items = service.book_of(visitor), [], []
    for claim in sorted(book.claims, key=lambda claim: (claim.day, claim.start)):
        item = store.appointment(claim.appointment)
        if item is not None and service.is_visitor(actor, item):
            items.append(_view(item))
        elif item is None and (held := service.resumed(actor, visitor, claim)) is not None:
            holds.append(_hold_view(actor, held))
    listed = {item.id for item in items}
    missed = [store.appointment(one) for one, _ in book.no_shows if one not in listed]
    items += [_view(item) for item in missed if item is not None and service.is_visitor(actor, item)]
    return AppointmentList(holds, items)


@endpoint("GET", "/v1/appointments/{appointment_id}", OWN_OR_HALL)
def read_appointment(actor: Actor, target: AppointmentItem) -> AppointmentView:
    """One appointment; staff's reading is recorded first."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    return _view(target)


@endpoint(
    "POST",
    "/v1/appointments/{appointment_id}/cancel",
    OWN_OR_HALL,
    errors=[rules.TOO_LATE_TO_CANCEL, rules.WRONG_STATE],
)
def cancel_appointment(actor: Actor, target: AppointmentItem, body: Cancellation) -> AppointmentView:
    """Cancel; the place is free again after a while. To move it, hold a new place with ``moves`` instead."""
    return _view(service.cancel(actor, target, body.reason))


@endpoint("GET", "/v1/appointments/{appointment_id}/calendar", OWN)
def read_calendar_file(target: AppointmentItem) -> Download:
    """The appointment for the phone's calendar (iCalendar)."""
    hall = catalog.hall(target.hall)
    begins = target.slot.starts_at
    warnings = [warning.zh for warning in catalog.calendar_warnings(str(target.day))]
    entry = calendar_file.Entry(
        uid=f"{target.id}@{settings().public_url.split('//')[1]}",
        sequence=int(target.version),
        stamp=clock.now(),
        start=begins,
        end=target.slot._replace(start=target.ends).starts_at,
        summary=f"{hall.name.zh} {'、'.join(_service_names(target))}",
        place=hall.address.zh,
        description="\n".join([f"预约号 {ids.grouped(target.id)}，电话 {hall.phone}", *warnings]),
        cancelled=target.status == rules.CANCELLED,
    )
    return Download(calendar_file.text(entry), "text/calendar; charset=utf-8", f"{target.id}.ics")


@endpoint("GET", "/v1/appointments/{appointment_id}/slip", OWN_OR_HALL)
def show_slip(actor: Actor, target: AppointmentItem) -> Page:
    """The appointment as a printable slip with the QR code that kiosk and desk read."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    hall = catalog.hall(target.hall)
    lines = [
        (Text("日期", "Date"), str(target.day)),
        (Text("时间", "Time"), f"{target.start}-{target.ends}"),
        (Text("事项", "Service"), "、".join(_service_names(target))),
        (Text("来访人", "Visitor"), vault.mask_name(store.name_of(target))),
        (Text("地址", "Address"), hall.address.zh),
    ]
    late = service.rules_of(target.hall, target.group).late_minutes
    note = Text(
        f"请携带身份证，迟到超过 {late} 分钟需重新取号。", f"Bring your ID card; come at most {late} minutes late."
    )
    notes = [note, *catalog.calendar_warnings(str(target.day))]
    return Page(pages.slip(pages.Slip(hall.name, ids.grouped(target.id), lines, target.id, notes)))


@endpoint("POST", "/v1/appointments/{appointment_id}/appeal", OWN, errors=[rules.WRONG_STATE])
def appeal_no_show(actor: Actor, target: AppointmentItem, body: Reason) -> AppointmentView:
    """Say why a no-show should not count."""
    service.appeal(actor, target, body.reason)
    return _view(target)


@endpoint("GET", "/v1/halls/{hall}/appeals", SUPERVISED_HALL)
def list_appeals(actor: Actor, target: Hall, query: PageQuery) -> AppealList:
    """Appeals at the hall that wait for a decision; each reading is recorded."""
    page = store.appeals(target.code, query.cursor)
    for item in page.items:
        store.record_reading(item, actor)
    return AppealList([Appeal(_view(item), service.appeal_text(item)) for item in page.items], page.cursor)


@endpoint("POST", "/v1/appointments/{appointment_id}/appeal_decision", HALL_SUPERVISOR, errors=[rules.APPEAL_DECIDED])
def decide_appeal(actor: Actor, target: AppointmentItem, body: AppealDecision) -> AppointmentView:
    """Forgive the no-show, or leave it."""
    service.decide_appeal(actor, target, body.granted, body.opinion)
    return _view(target)


@endpoint("POST", "/v1/appointments/{appointment_id}/forgive", HALL_SUPERVISOR, errors=[rules.WRONG_STATE])
def forgive_no_show(actor: Actor, target: AppointmentItem, body: Reason) -> AppointmentView:
    """Forgive a no-show without an appeal, for example after a breakdown of the metro."""
    service.forgive(actor, target, body.reason)
    return _view(target)


@endpoint("POST", "/v1/halls/{hall}/amnesties", SUPERVISED_HALL, errors=[rules.DAY_NOT_OVER])
def forgive_day(actor: Actor, target: Hall, body: Amnesty) -> Forgiven:
    """Forgive all no-shows of a day at the hall, for example after a storm; repeating it finishes what was left."""
    day = _date(body.day)
    if day >= clock.today():
        raise rules.DAY_NOT_OVER()
    return Forgiven(service.forgive_day(actor, target, day, body.reason))


@endpoint(
    "POST",
    "/v1/waiting",
    REAL_PERSON,
    status=201,
    idempotent=True,
    errors=[
        *PLAN_ERRORS,
        *VISITOR_ERRORS,
        rules.SLOT_UNKNOWN,
        rules.SLOT_PAST,
        rules.SLOT_NOT_RELEASED,
        rules.ALREADY_BOOKED,
        rules.HOLD_IN_PROGRESS,
        rules.LIMIT_REACHED,
        rules.BLOCKED,
        rules.SLOT_BUSY,
        rules.WAITING_LIST_FULL,
    ],
)
def join_waiting_list(actor: Actor, body: Wait) -> WaiterView:
    """Wait for a place that comes back; it is offered in order, with some time to accept."""
    wish = service.Wish(body.hall, body.services, body.date, body.earliest, relative=body.relative)
    return _waiter_view(actor, service.join(actor, wish, body.latest))


@endpoint("GET", "/v1/waiting/{waiter_id}", OWN_WAITING)
def read_waiting(actor: Actor, target: WaiterItem) -> WaiterView:
    """One's place in the list, or the offer."""
    return _waiter_view(actor, target)


@endpoint("DELETE", "/v1/waiting/{waiter_id}", OWN_WAITING, errors=[rules.WAITER_WRONG_STATE])
def leave_waiting_list(actor: Actor, target: WaiterItem) -> WaiterView:
    """Wait no longer; an offered place goes to the next."""
    service.leave(actor, target)
    return _waiter_view(actor, target)


def _waiter_view(actor: Actor, item: WaiterItem) -> WaiterView:
    held = service.held_for(item)
    return WaiterView(
        item.id,
        str(item.status),
        str(item.hall),
        str(item.day),
        str(item.earliest),
        str(item.latest),
        service.position(item),
        _hold_view(actor, held) if held else None,
        catalog.calendar_warnings(str(item.day)),
    )


def _hold_view(actor: Actor, held: service.HeldPlace) -> HoldView:
    until = clock.from_seconds(held.until).isoformat()
    return HoldView(
        hold=service.carried(actor, held),
        id=held.id,
        hall=held.hall,
        date=held.day,
        start=held.start,
        end=held.ends,
        services=held.services,
        until=until,
        warnings=catalog.calendar_warnings(held.day),
    )


def _service_names(item: AppointmentItem) -> list[str]:
    names = {summary.code: summary.name.zh for summary in catalog.release().services}
    return [names.get(code, code) for code in item.service_codes]


def _view(item: AppointmentItem) -> AppointmentView:
    hall = catalog.find_hall(item.hall)
    limits = service.rules_of(item.hall, item.group)
    begins = item.slot.starts_at
    return AppointmentView(
        id=item.id,
        number=ids.grouped(item.id),
        status=str(item.status),
        hall=str(item.hall),
        hall_name=hall.name if hall else Text(str(item.hall), str(item.hall)),
        address=hall.address if hall else Text("-", "-"),
        group=str(item.group),
        date=str(item.day),
        start=str(item.start),
        end=str(item.ends),
        services=item.service_codes,
        visitor=vault.mask_name(store.name_of(item)),
        cancel_until=(begins - timedelta(hours=limits.cancel_until_hours)).isoformat(),
        check_in_from=(begins - timedelta(minutes=limits.early_minutes)).isoformat(),
        check_in_until=(begins + timedelta(minutes=limits.late_minutes)).isoformat(),
        appeal_open=item.gsi1pk is not None,
        warnings=catalog.calendar_warnings(str(item.day)),
    )
