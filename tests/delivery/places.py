"""What the places in the paths of parcels stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.delivery import made
from tests.laws.access import Places

ABSENT = {"shipment_id": "0" * 26, "handover_id": "0" * 26}


def address_id(places: Places) -> str:
    """An address in the caller's own book: none that exists."""
    return "0" * 26


def shipment_id(places: Places) -> str:
    return made.shipment(places.enterprise, places["hall"])


def handover_id(places: Places) -> str:
    return made.handover(places["hall"], places["shipment_id"])
