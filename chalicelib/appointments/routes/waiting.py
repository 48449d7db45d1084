"""Endpoints of appointments: the waiting list."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.appointments import rules, service, store
from chalicelib.appointments.routes.shapes import (
    ANY_VISITOR,
    PLAN_ERRORS,
    VISITOR_ERRORS,
    Code,
    Id,
    Services,
    TimeOfDay,
)
from chalicelib.appointments.routes.views import WaiterView, waiter_view
from chalicelib.appointments.store import WaiterItem
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint

OWN_WAITING = Access(person=Level.CLAIMED, target=store.waiter, related=service.relations.waits, relation="who waits")


class Wait(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which day and between which times of it a place is waited for."""

    hall: Code
    services: Services
    date: date
    earliest: TimeOfDay = "00:00"
    latest: TimeOfDay = "23:59"
    relative: Id = ""


@endpoint(
    "POST",
    "/v1/waiting",
    ANY_VISITOR,
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
    wish = service.holds.BookingWish(
        hall=body.hall, services=body.services, day=body.date, start=body.earliest, relative=body.relative
    )
    return waiter_view(actor, service.waiting_list.join(actor, wish, body.latest))


@endpoint("GET", "/v1/waiting/{waiter_id}", OWN_WAITING)
def read_waiting(actor: Actor, target: WaiterItem) -> WaiterView:
    """One's place in the list, or the offer."""
    return waiter_view(actor, target)


@endpoint("DELETE", "/v1/waiting/{waiter_id}", OWN_WAITING, errors=[rules.WAITER_WRONG_STATE])
def leave_waiting_list(actor: Actor, target: WaiterItem) -> WaiterView:
    """Wait no longer; an offered place goes to the next."""
    service.waiting_list.leave(actor, target)
    return waiter_view(actor, target)
