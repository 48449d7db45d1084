"""Originals on their way in: a courier collects them from the citizen and hands them to the hall."""

from __future__ import annotations

from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choices, transitions
from chalicelib.delivery.store import Private, Result, ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def request(
    actor: Actor, about: Result, party: str, party_kind: str, address_id: str, shipment_id: str
) -> ShipmentItem:
    """Let a courier of the city collect originals at an address and bring them to the hall; a repeat finds the request.

    Raises ``address_unknown`` or ``no_carrier``.
    """
    existing = store.shipment(shipment_id)
    if existing is not None:
        return existing
    address = choices.of_book(party, address_id)
    carrier = choices.carrier_for(address.division)
    refuse_if(carrier.kind != "own", rules.NO_CARRIER)
    item = ShipmentItem(
        f"SHIPMENT#{shipment_id}",
        direction=rules.IN,
        mode=rules.COURIER,
        hall=choices.station_of(about.service),
        carrier=carrier.code,
        division=address.division,
        party=party,
        party_kind=party_kind,
        handler=actor.id,
        created_at=clock.now(),
    )
    item.results = [about]
    item.content = store.seal(item, "content", Private(address))
    created = rules.SHIPMENTS.move(item, "create", "system")
    happened = [Event(created, actor, data={"application": about.application_id})]
    happened.append(transitions.move(item, "offer", "system", system("delivery")))
    tables.write_or_conflict(transitions.record(item, *happened), store.ref_write(item))
    return item


def cancel(actor: Actor, item: ShipmentItem) -> None:
    """Call a collection off that no courier has accepted; raises ``shipment_wrong_state``."""
    if item.status == rules.CANCELLED:
        return
    if item.direction != rules.IN:
        raise rules.SHIPMENTS.refusal(item.status)
    transitions.move_and_store(item, "cancel", "recipient", actor)
