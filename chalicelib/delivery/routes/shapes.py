"""Whose parcels are whose, for several of the endpoints of delivery."""

from __future__ import annotations

from chalicelib.delivery import store
from chalicelib.delivery.store import ShipmentItem
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Access, Actor


def _carries(actor: Actor, item: ShipmentItem) -> bool:
    return item.courier == actor.id


def concerns(actor: Actor, item: ShipmentItem) -> bool:
    """Whether a parcel is a staff member's own matter."""
    return identity.own_matters.is_own(actor, item.party, item.handler)


CARRIED = Access(
    staff=("courier",), target=store.shipment, related=_carries, relation="courier who carries it", own=concerns
)
