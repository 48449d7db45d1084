"""What appointments show: places on hold, appointments, places in waiting lists, appeals."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from chalicelib.appointments import rules, service, store
from chalicelib.appointments.store import AppointmentItem, WaiterItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.shapes import Date, Instant, View, given, one_of
from chalicelib.kernel.security import vault

AppointmentStatus = Annotated[str, one_of({*rules.APPOINTMENTS.states} - {rules.VOID})]
WaitingStatus = Annotated[str, one_of(rules.WAITERS.states)]


class HoldView(View, frozen=True, kw_only=True):
    """A place on hold until ``until``; ``hold`` is what to send with POST /v1/appointments."""

    hold: str
    id: str
    hall: str
    date: Date
    start: str
    end: str
    services: list[str]
    until: Instant
    warnings: list[Text]


class AppointmentView(View, frozen=True, kw_only=True):
    """An appointment. ``number`` is its id as people read it and what its QR code says; the visitor is masked."""

    id: str
    number: str
    status: AppointmentStatus
    hall: str
    hall_name: Text
    address: Text
    group: str
    date: Date
    start: str
    end: str
    services: list[str]
    visitor: str
    cancel_until: Instant
    check_in_from: Instant
    check_in_until: Instant
    appeal_open: bool
    warnings: list[Text]


class AppointmentList(View, frozen=True):
    """The visitor's places: on hold, appointments of this month and later, and no-shows that still count."""

    holds: list[HoldView]
    items: list[AppointmentView]


class WaiterView(View, frozen=True, kw_only=True):
    """A place in a waiting list: ``waiting`` at a position, ``offered`` with a hold to confirm, or over."""

    id: str
    status: WaitingStatus
    hall: str
    date: Date
    earliest: str
    latest: str
    warnings: list[Text]
    position: int | None = None
    offer: HoldView | None = None


class Appeal(View, frozen=True):
    """A no-show and why it should be forgiven."""

    appointment: AppointmentView
    reason: str


class AppealList(View, frozen=True):
    """A part of the appeals that wait for a decision, the oldest first."""

    items: list[Appeal]
    cursor: str | None = None


def waiter_view(actor: Actor, item: WaiterItem) -> WaiterView:
    held = service.waiting_list.held_for(item)
    return WaiterView(
        id=item.id,
        status=item.status,
        hall=item.hall,
        date=item.day,
        earliest=item.earliest,
        latest=item.latest,
        position=given(service.waiting_list.position(item)),
        offer=hold_view(actor, held) if held else None,
        warnings=catalog.calendar_warnings(item.day),
    )


def hold_view(actor: Actor, held: service.holds.HeldPlace) -> HoldView:
    until = clock.from_seconds(held.until)
    return HoldView(
        hold=service.holds.carried(actor, held),
        id=held.id,
        hall=held.hall,
        date=held.day,
        start=held.start,
        end=held.ends,
        services=held.services,
        until=until,
        warnings=catalog.calendar_warnings(held.day),
    )


def service_names(item: AppointmentItem) -> list[str]:
    names = {summary.code: summary.name.zh for summary in catalog.release().services}
    return [names.get(code, code) for code in item.services]


def appointment_view(item: AppointmentItem) -> AppointmentView:
    hall = catalog.find_hall(item.hall)
    limits = service.plans.rules_of(item.hall, item.group)
    begins = item.slot.starts_at
    return AppointmentView(
        id=item.id,
        number=ids.grouped(item.id),
        status=item.status,
        hall=item.hall,
        hall_name=hall.name if hall else Text(item.hall, item.hall),
        address=hall.address if hall else Text("（大厅已撤销）", "(the hall is closed)"),
        group=item.group,
        date=item.day,
        start=item.start,
        end=item.ends,
        services=item.services,
        visitor=vault.mask_name(store.name_of(item)),
        cancel_until=begins - timedelta(hours=limits.cancel_until_hours),
        check_in_from=begins - timedelta(minutes=limits.early_minutes),
        check_in_until=begins + timedelta(minutes=limits.late_minutes),
        appeal_open=item.appeal_is_open,
        warnings=catalog.calendar_warnings(item.day),
    )
