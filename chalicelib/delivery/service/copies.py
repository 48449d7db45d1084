"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.delivery import store
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page


def parcels(actor: Actor, cursor: str | None) -> Page:
    """The person's parcels with address and collector."""
    page = store.shipments_of_each(actor.accounts, cursor)
    entries = []
    for row in page.items:
        item = store.shipment(row.shipment)
        if item is None:
            continue
        private = store.private(item)
        entry = {
            "id": item.id,
            "direction": item.direction,
            "mode": item.mode,
            "status": item.status,
            "created_at": clock.local(item.created_at),
            "address": private.address,
            "collector": private.collector,
            "waybill": item.waybill,
        }
        entries.append(entry)
    return Page(entries, page.cursor)


def addresses(actor: Actor, _: str | None) -> Page:
    """The person's address book."""
    entries = []
    for account_id in actor.accounts:
        for item in store.addresses(account_id):
            entries.append({"id": item.id, "address": store.address_of(item)})
    return Page(entries, None)
