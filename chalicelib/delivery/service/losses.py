"""Parcels that are lost: what was printed for them is void at once, and the results are made again."""

from __future__ import annotations

import msgspec

from chalicelib.certificates import service as certificates
from chalicelib.delivery import rules, store
from chalicelib.delivery.service import transitions
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def lose(actor: Actor, item: ShipmentItem, reason: str) -> None:
    """Say that a parcel is lost; a repeat changes nothing. Raises ``shipment_wrong_state``, ``changed_meanwhile``."""
    if item.status == rules.LOST:
        return
    event = transitions.move(item, "lose", "supervisor", actor, reason)
    tables.write_or_conflict(transitions.record(item, event), *void_writes(actor, item))


def void_writes(actor: Actor, item: ShipmentItem) -> list[tables.Write]:
    """The writes by which nobody can use what was printed for a parcel."""
    return [
        write
        for result in item.results
        if result.certificate_id
        for write in certificates.void_prints_writes(actor, result.certificate_id, "寄递遗失 lost in the post")
    ]


def find(actor: Actor, item: ShipmentItem) -> None:
    """A lost parcel has turned up at the hall: originals have arrived; what was printed stays void and is made anew."""
    if item.direction == rules.IN:
        event = transitions.move(item, "arrive", "supervisor", actor)
    else:
        item.results = [msgspec.structs.replace(result, printed=False) for result in item.results]
        event = transitions.move(item, "find", "supervisor", actor)
    tables.write_or_conflict(transitions.record(item, event))


def replace(actor: Actor, item: ShipmentItem) -> ShipmentItem:
    """A new parcel with the same results in the place of a lost one, free of postage; a repeat finds it.

    Raises ``shipment_wrong_state`` or ``changed_meanwhile``.
    """
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)
    if item.replaced_by:
        found = store.shipment(item.replaced_by)
        assert found is not None
        return found
    new = ShipmentItem(
        f"SHIPMENT#{ids.derived_id('shipment', item.id)}",
        direction=item.direction,
        mode=item.mode,
        hall=item.hall,
        carrier=item.carrier,
        division=item.division,
        party=item.party,
        party_kind=item.party_kind,
        handler=item.handler,
        created_at=clock.now(),
        replaces=item.id,
    )
    new.results = [msgspec.structs.replace(result, printed=False) for result in item.results]
    new.content = store.seal(new, "content", store.private(item))
    replaced = transitions.move(item, "replace", "supervisor", actor, data={"by": new.id})
    created = rules.SHIPMENTS.move(new, "create", "supervisor")
    item.replaced_by = new.id
    tables.write_or_conflict(
        transitions.record(item, replaced),
        transitions.record_new(new, Event(created, actor, data={"replaces": item.id})),
        store.ref_write(new),
    )
    return new
