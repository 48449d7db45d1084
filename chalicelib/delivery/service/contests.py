"""Deliveries that the recipient disputes, or that the company takes back: a supervisor of the hall looks into them."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.delivery import rules
from chalicelib.delivery.service import transitions
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import tables

_DISPUTE_DAYS = 7


def _days() -> int:
    city = catalog.release().city.delivery
    return city.dispute_days if city else _DISPUTE_DAYS


def last_day(item: ShipmentItem) -> date | None:
    """Until when the recipient may say that nothing has come; None for a parcel that was not delivered."""
    if item.status != rules.DELIVERED or item.direction != rules.OUT or item.ended_at is None:
        return None
    return clock.local(item.ended_at).date() + timedelta(days=_days())


def dispute(actor: Actor, item: ShipmentItem, reason: str) -> None:
    """The recipient says that the parcel has not come; a repeat changes nothing.

    Raises ``shipment_wrong_state``, ``dispute_too_late`` or ``changed_meanwhile``.
    """
    if item.status == rules.DISPUTED:
        return
    last = last_day(item)
    if last is None:
        raise rules.SHIPMENTS.refusal(item.status)
    refuse_if(clock.today() > last, rules.DISPUTE_OVER, days=_days())
    transitions.move_and_store(item, "dispute", "recipient", actor, reason)


def uphold(actor: Actor, item: ShipmentItem, reason: str) -> None:
    """A supervisor has found out that it was delivered. Otherwise the parcel is lost, or was found at the hall.

    The days for a dispute are not begun anew. Raises ``shipment_wrong_state`` or ``changed_meanwhile``.
    """
    delivered_at = item.ended_at
    event = transitions.move(item, "uphold", "supervisor", actor, reason)
    item.ended_at = delivered_at
    tables.write_or_conflict(transitions.record(item, event))
