"""Endpoints of appointments: appeals against no-shows, and the hall's supervisor who decides them."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.appointments import rules, service, store
from chalicelib.appointments.routes.shapes import OWN, Words, check_near
from chalicelib.appointments.routes.views import Appeal, AppealList, AppointmentView, appointment_view
from chalicelib.appointments.store import AppointmentItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.kernel import clock
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import ListQuery, Reason

HALL_SUPERVISOR = Access(
    staff=("supervisor",),
    target=store.appointment,
    related=service.relations.is_of_hall,
    relation="supervisor of the hall",
    own=service.relations.is_own_matter,
)


SUPERVISED_HALL = Access(
    staff=("supervisor",), target=catalog.find_hall, related=catalog.works_at, relation="supervisor of the hall"
)


class AppealDecision(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the no-show is forgiven, and why."""

    granted: bool
    opinion: Words


class Amnesty(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day all no-shows are forgiven, and why."""

    day: date
    reason: Words


class Forgiven(msgspec.Struct, frozen=True):
    """How many no-shows were forgiven."""

    count: int


@endpoint("POST", "/v1/appointments/{appointment_id}/appeal", OWN, errors=[rules.WRONG_STATE])
def appeal_no_show(actor: Actor, target: AppointmentItem, body: Reason) -> AppointmentView:
    """Say why a no-show should not count."""
    service.credit.appeal(actor, target, body.reason)
    return appointment_view(target)


@endpoint("GET", "/v1/halls/{hall}/appeals", SUPERVISED_HALL)
def list_appeals(actor: Actor, target: Hall, query: ListQuery) -> AppealList:
    """Appeals at the hall that wait for a decision; each reading is recorded."""
    page = store.appeals(target.code, query.cursor)
    for item in page.items:
        store.record_reading(item, actor)
    return AppealList(
        [Appeal(appointment_view(item), service.credit.appeal_text(item)) for item in page.items], page.cursor
    )


@endpoint("POST", "/v1/appointments/{appointment_id}/appeal_decision", HALL_SUPERVISOR, errors=[rules.APPEAL_DECIDED])
def decide_appeal(actor: Actor, target: AppointmentItem, body: AppealDecision) -> AppointmentView:
    """Forgive the no-show, or leave it."""
    service.credit.decide_appeal(actor, target, body.granted, body.opinion)
    return appointment_view(target)


@endpoint("POST", "/v1/appointments/{appointment_id}/forgive", HALL_SUPERVISOR, errors=[rules.WRONG_STATE])
def forgive_no_show(actor: Actor, target: AppointmentItem, body: Reason) -> AppointmentView:
    """Forgive a no-show without an appeal, for example after a breakdown of the metro."""
    service.credit.forgive(actor, target, body.reason)
    return appointment_view(target)


@endpoint("POST", "/v1/halls/{hall}/amnesties", SUPERVISED_HALL, errors=[rules.DAY_NOT_OVER])
def forgive_day(actor: Actor, target: Hall, body: Amnesty) -> Forgiven:
    """Forgive all no-shows of a day at the hall, for example after a storm; repeating it finishes what was left."""
    check_near(body.day, "/day")
    if body.day >= clock.today():
        raise rules.DAY_NOT_OVER()
    return Forgiven(service.day.forgive_day(actor, target, body.day, body.reason))
