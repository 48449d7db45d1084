"""Parcels, hand-overs and letters made directly, for tests that only need one to be there."""

from __future__ import annotations

import secrets
from datetime import date

from chalicelib.delivery import events, rules, store
from chalicelib.delivery.service import transitions
from chalicelib.delivery.store import Address, Private, Result, ShipmentItem
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.notices import store as notices
from scenes.world import Enterprise

MAKER = system("test")
ADDRESS = Address(recipient="张收件", phone="13812345678", division="320102", detail="示例路 8 号", hint="")


def shipment(enterprise: Enterprise, hall: str, status: str = rules.ACCEPTED, courier: str = "courier.a") -> str:
    """A parcel of the enterprise that a courier has accepted."""
    item = ShipmentItem(
        f"SHIPMENT#{secrets.token_hex(13).upper()}",
        direction=rules.OUT,
        mode=rules.COURIER,
        status=status,
        hall=hall,
        carrier="city_couriers",
        division="320102",
        party=enterprise.organization_id,
        party_kind="organization",
        handler="",
        created_at=clock.now(),
        promised_by=date(2026, 11, 4),
        courier=courier if status in rules.WITH_CARRIER else None,
    )
    item.results = [
        Result(
            application_id=secrets.token_hex(13),
            service="tour_bus_sticker",
            title="旅游包车标贴",
            receipt="K7M2-9QXA-4TB3",
            certificate_id="",
            printed=True,
        )
    ]
    item.content = store.seal(item, "content", Private(ADDRESS))
    tables.write(transitions.record_new(item, Event(events.SHIPMENT_CREATED, MAKER)))
    return item.id


def handover(hall: str, shipment_id: str, giver: str = "officer.a", taker: str = "courier.a") -> str:
    """A hand-over that nobody has confirmed."""
    item = store.HandoverItem(f"HANDOVER#{secrets.token_hex(13)}", kind=rules.DISPATCH, hall=hall)
    item.giver, item.taker, item.shipments = giver, taker, [shipment_id]
    item.until = clock.now() + rules.HANDOVER_LIFE
    opened = rules.HANDOVERS.move(item, "open", "giver")
    tables.write(changes.record(item, Event(opened, MAKER)))
    return item.id


def letter() -> str:
    """A dead letter about an event that is not in the log."""
    subject = f"APPLICATION#{secrets.token_hex(13)}"
    tables.write(tables.Put(notices.new_letter("event", "application_completed: KeyError", subject, 1)))
    return ids.derived_id("letter", "event", subject, "1", "")
