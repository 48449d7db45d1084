"""What becomes of a person's parcels and address book when they close their account."""

from __future__ import annotations

from typing import Any

from chalicelib.delivery import rules, store
from chalicelib.delivery.store import Choice, Private, ShipmentItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage import tables


def is_open(entry: dict[str, Any]) -> bool:
    """Whether a parcel is still on its way, or lost and not replaced."""
    return not rules.CONSEQUENCES[entry["status"]].is_end


def erase_parcel(_: Actor, entry: dict[str, Any]) -> None:
    """Remove address, collector and signature; the parcel itself stays."""
    item = store.shipment(entry["id"])
    if item is None:
        return
    for result in item.results:
        _erase_choice(result.application_id)
    item.content = store.seal(item, "content", Private())
    item.proof = None
    tables.write(tables.Touch(item, ("content", "proof"), ShipmentItem.version == item.version))


def _erase_choice(application_id: str) -> None:
    """Remove the address to which a result was to be sent."""
    item = store.result(application_id)
    if item is not None:
        item.choice = store.seal(item, "choice", Choice(mode=store.choice_of(item).mode))
        tables.write(tables.replace(item))


def erase_address(actor: Actor, entry: dict[str, Any]) -> None:
    """Remove an entry of the address book."""
    for account_id in actor.accounts:
        found = store.address(account_id, entry["id"])
        if found is not None:
            tables.write(tables.Delete(found))
