"""What appointments show: places on hold, appointments, places in waiting lists, appeals."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from chalicelib.appointments import service, store
from chalicelib.appointments.store import AppointmentItem, WaiterItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.security import vault


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
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


class AppointmentView(msgspec.Struct, frozen=True, kw_only=True):
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


class WaiterView(msgspec.Struct, frozen=True, kw_only=True):
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


def waiter_view(actor: Actor, item: WaiterItem) -> WaiterView:
    held = service.waiting_list.held_for(item)
    return WaiterView(
        id=item.id,
        status=item.status,
        hall=item.hall,
        date=str(item.day),
        earliest=item.earliest,
        latest=item.latest,
        position=service.waiting_list.position(item),
        offer=hold_view(actor, held) if held else None,
        warnings=catalog.calendar_warnings(item.day),
    )


def hold_view(actor: Actor, held: service.holds.HeldPlace) -> HoldView:
    until = clock.from_seconds(held.until).isoformat()
    return HoldView(
        hold=service.holds.carried(actor, held),
        id=held.id,
        hall=held.hall,
        date=str(held.day),
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
        date=str(item.day),
        start=item.start,
        end=item.ends,
        services=item.services,
        visitor=vault.mask_name(store.name_of(item)),
        cancel_until=(begins - timedelta(hours=limits.cancel_until_hours)).isoformat(),
        check_in_from=(begins - timedelta(minutes=limits.early_minutes)).isoformat(),
        check_in_until=(begins + timedelta(minutes=limits.late_minutes)).isoformat(),
        appeal_open=item.appeal_is_open,
        warnings=catalog.calendar_warnings(item.day),
    )
