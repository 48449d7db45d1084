"""Hand-overs: each side shows a code and scans the other's, and only then do the parcels change hands."""

from __future__ import annotations

import msgspec

from chalicelib.delivery import events, rules, store
from chalicelib.delivery.service import couriers, parcels, transitions
from chalicelib.delivery.store import HandoverItem, ShipmentItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import sealed
from chalicelib.kernel.storage import tables

_PURPOSE = "handover"
_ACTIONS = {"giver": "give", "taker": "take"}
_OTHER = {"giver": "taker", "taker": "giver"}


class Code(msgspec.Struct, frozen=True):
    """What one side's QR says, sealed: which side of which hand-over shows it, until when (epoch seconds)."""

    handover: str
    side: str
    until: int


def side_of(actor: Actor, item: HandoverItem) -> str:
    """``giver`` or ``taker``; empty for somebody who has nothing to do with it."""
    mine = {actor.id, *actor.accounts, *actor.parties}
    if item.giver in mine:
        return "giver"
    return "taker" if item.taker in mine else ""


def is_side(actor: Actor, item: HandoverItem) -> bool:
    return side_of(actor, item) != ""


def dispatch(actor: Actor, hall: str, courier: str, wanted: list[str], handover_id: str) -> HandoverItem:
    """The clerk hands over what the courier has accepted at this hall, or ``wanted`` of it.

    A stopped parcel stays where it is. Raises ``parcel_gone`` for parcels that are not there, or ``parcel_stopped`` for
    a stopped one that is wanted, or if there is no other.
    """
    mine = [item for item in _of_courier(courier) if item.hall == hall and item.direction == rules.OUT]
    here = [item for item in mine if item.status == rules.ACCEPTED]
    chosen = [item for item in _chosen(here, wanted) if not parcels.is_stopped(item)]
    refuse_if(not chosen or len(chosen) < len(set(wanted)), rules.PARCEL_STOPPED)
    return _open(rules.DISPATCH, hall, actor.id, courier, chosen, actor, handover_id)


def take_back(actor: Actor, hall: str, courier: str, wanted: list[str], handover_id: str) -> HandoverItem:
    """The clerk takes from the courier: parcels that come back, and originals that arrive."""
    coming = [item for item in _of_courier(courier) if item.hall == hall and _may_come(item)]
    return _open(rules.RETURN, hall, courier, actor.id, _chosen(coming, wanted), actor, handover_id)


def _may_come(item: ShipmentItem) -> bool:
    return item.status in rules.ON_THE_WAY


def collect(actor: Actor, item: ShipmentItem, handover_id: str) -> HandoverItem:
    """The courier takes originals from the citizen at the door; raises ``shipment_wrong_state``."""
    if item.status != rules.ACCEPTED or item.direction != rules.IN:
        raise rules.SHIPMENTS.refusal(item.status)
    opened = _open(rules.COLLECTION, item.hall, item.party, actor.id, [item], actor, handover_id)
    if item.handover != opened.id:
        item.handover = opened.id
        event = Event(events.SHIPMENT_AT_THE_DOOR, actor, data={"handover": opened.id})
        tables.write_or_conflict(transitions.record(item, event))
    return opened


def _of_courier(courier: str) -> list[ShipmentItem]:
    return list(store.desk(f"COURIER#{courier}", None, limit=200).items)


def _chosen(here: list[ShipmentItem], wanted: list[str]) -> list[ShipmentItem]:
    missing = sorted(set(wanted) - {item.id for item in here})
    chosen = [item for item in here if not wanted or item.id in wanted][: rules.MOST_IN_HANDOVER]
    refuse_if(missing or not chosen, rules.PARCEL_GONE, parcels=", ".join(missing) or "0")
    return chosen


def _open(
    kind: str, hall: str, giver: str, taker: str, items: list[ShipmentItem], actor: Actor, handover_id: str
) -> HandoverItem:
    existing = store.handover(handover_id)
    if existing is not None:
        return existing
    item = HandoverItem(
        f"HANDOVER#{handover_id}",
        kind=kind,
        hall=hall,
        giver=giver,
        taker=taker,
        shipments=sorted(one.id for one in items),
        until=clock.now() + rules.HANDOVER_LIFE,
    )
    opened = rules.HANDOVERS.move(item, "open", side_of(actor, item))
    tables.write_or_conflict(changes.record(item, Event(opened, actor, data={"kind": kind})))
    return item


def show(actor: Actor, item: HandoverItem) -> str:
    """The code that the caller's side shows to the other one; good for some minutes and for this hand-over only."""
    until = clock.seconds(clock.now() + rules.CODE_LIFE)
    return sealed.seal(_PURPOSE, item.id, Code(item.id, side_of(actor, item), until))


def confirm(actor: Actor, item: HandoverItem, text: str) -> HandoverItem:
    """One side has scanned the other's code; the second of both moves all parcels at once, or none.

    A repeat changes nothing. Raises ``handover_code_wrong``, ``handover_wrong_state``, ``parcel_gone`` or
    ``changed_meanwhile``.
    """
    side = side_of(actor, item)
    if item.status == rules.DONE or item.status == {"giver": rules.GIVEN, "taker": rules.TAKEN}[side]:
        return item
    _check_code(item, side, text)
    if clock.now() > item.until:
        raise rules.HANDOVERS.refusal(rules.CANCELLED)
    confirmed = rules.HANDOVERS.move(item, _ACTIONS[side], side)
    write = changes.record(item, Event(confirmed, actor, data={"side": side}))
    if item.status != rules.DONE:
        tables.write_or_conflict(write)
        return item
    moves = _move_writes(actor, item)
    try:
        tables.write(write, *moves)
    except tables.ConditionFailed:
        raise _what_changed(item) from None
    return item


def _check_code(item: HandoverItem, side: str, text: str) -> None:
    try:
        code = sealed.open_sealed(_PURPOSE, item.id, text, Code)
    except sealed.NotGenuine:
        raise rules.HANDOVER_CODE_WRONG() from None
    fresh = clock.seconds(clock.now()) <= code.until
    refuse_if(code.handover != item.id or code.side != _OTHER[side] or not fresh, rules.HANDOVER_CODE_WRONG)


def _move_writes(actor: Actor, item: HandoverItem) -> list[tables.Write]:
    writes: list[tables.Write] = []
    gone: list[str] = []
    for shipment_id in item.shipments:
        parcel = store.shipment(shipment_id)
        assert parcel is not None
        try:
            writes.append(_move_write(actor, item, parcel))
        except Problem:
            gone.append(shipment_id)
    refuse_if(gone, rules.PARCEL_GONE, parcels=", ".join(gone))
    return writes


def _move_write(actor: Actor, item: HandoverItem, parcel: ShipmentItem) -> tables.Put:
    """One parcel's part of the hand-over; the courier of the hand-over has to be the parcel's."""
    courier = item.giver if item.kind == rules.RETURN else item.taker
    if parcel.courier != courier or parcel.hall != item.hall:
        raise rules.SHIPMENTS.refusal(parcel.status)
    action = rules.handover_action(item.kind, parcel.direction)
    if action == "hand_over":
        parcels.refuse_stopped(parcel)
    data = {"handover": item.id, "giver": item.giver, "taker": item.taker}
    event = transitions.move(parcel, action, "two_scans", actor, data={**data})
    if action == "deliver":
        couriers.keep_proof(parcel, "two_scans", actor)
    return transitions.record(parcel, event)


def _what_changed(item: HandoverItem) -> Problem:
    """Somebody was faster: with the hand-over itself, or with a parcel in it."""
    now = store.handover(item.id)
    if now is not None and now.version >= item.version:
        return errors.CONFLICT()
    return rules.PARCEL_GONE(parcels=", ".join(item.shipments))


def cancel(actor: Actor, item: HandoverItem) -> HandoverItem:
    """Give a hand-over up that is not done; the parcels stay where they are."""
    if item.status == rules.CANCELLED:
        return item
    cancelled = rules.HANDOVERS.move(item, "cancel", side_of(actor, item))
    tables.write_or_conflict(changes.record(item, Event(cancelled, actor)))
    return item
