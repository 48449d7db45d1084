"""Whose parcels are whose, for several of the endpoints of delivery."""

from __future__ import annotations

from chalicelib.delivery import store
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel.access import Access, Actor


def _carries(actor: Actor, item: ShipmentItem) -> bool:
    return item.courier == actor.id


CARRIED = Access(staff=("courier",), target=store.shipment, related=_carries, relation="courier who carries it")
