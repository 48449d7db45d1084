"""Another destination for a parcel that is still, or again, at the hall."""

from __future__ import annotations

from chalicelib.delivery import events, rules, store
from chalicelib.delivery.service import choices, counter, transitions
from chalicelib.delivery.store import Private, ShipmentItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.payments import service as payments


def redirect(actor: Actor, item: ShipmentItem, mode: str, address_id: str) -> None:
    """Send the parcel to the hall's counter, or to another address to which the same carrier goes.

    Raises ``too_late_to_change``, ``address_unknown``, ``carrier_differs``, ``bill_already_paid``,
    ``other_payment_open`` or ``changed_meanwhile``.
    """
    if item.direction != rules.OUT or item.status not in (rules.CREATED, rules.RETURNED):
        raise rules.TOO_LATE_TO_CHANGE()
    if mode == rules.COURIER:
        return _to_address(actor, item, address_id)
    if item.status == rules.RETURNED:
        return counter.keep_here(actor, item, "recipient")
    return _to_counter(actor, item)


def _to_address(actor: Actor, item: ShipmentItem, address_id: str) -> None:
    address = choices.of_book(item.party, address_id)
    refuse_if(choices.carrier_for(address.division).code != item.carrier, rules.CARRIER_DIFFERS)
    item.content = store.seal(item, "content", Private(address, store.private(item).collector))
    item.division = address.division
    item.place = ""
    tables.write_or_conflict(transitions.record(item, Event(events.DESTINATION_CHANGED, actor)))


def _to_counter(actor: Actor, item: ShipmentItem) -> None:
    """Nothing is posted, so nothing is owed for it; postage that was paid already stays paid."""
    unpaid = [item.bill] if item.bill and not item.paid else []
    cancelling = payments.bills.cancel_writes(actor, unpaid, "改为到大厅自取 picked up instead")
    if unpaid or item.postage_by == "on_delivery":
        item.bill = None
        item.postage = 0
        item.postage_by = "free"
    item.mode = rules.PICK_UP
    item.carrier = ""
    item.division = ""
    item.place = ""
    item.paid = True
    transitions.start_clock(item)
    tables.write_or_conflict(transitions.record(item, Event(events.DESTINATION_CHANGED, actor)), *cancelling)
