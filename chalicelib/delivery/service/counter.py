"""The counter: a parcel against its code, to the recipient or to who was named."""

from __future__ import annotations

import hmac

from chalicelib.catalog import service as catalog
from chalicelib.delivery import events, rules, store
from chalicelib.delivery.service import couriers, parcels, transitions
from chalicelib.delivery.store import Collector, Private, ShipmentItem
from chalicelib.identity import service as identity
from chalicelib.kernel import log, numbers
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables

QR = "BSC1"


def qr_text(item: ShipmentItem) -> str:
    """What the recipient's pick-up QR says."""
    return f"{QR}:{item.id}:{transitions.code(item)}"


def find(hall: str, code: str, phone_last4: str) -> ShipmentItem:
    """The parcel that a typed code opens at this hall; raises ``code_wrong``, the same for every wrong part of it, or
    ``code_locked``."""
    found = store.pick_up(hall, code, phone_last4.upper())
    parcel = store.shipment(found.shipment) if found else None
    if parcel is None or not hmac.compare_digest(transitions.code(parcel).encode(), code.encode()):
        raise _miss()
    refuse_if(parcel.misses >= rules.MOST_MISSES, rules.CODE_LOCKED)
    return parcel


def find_scanned(hall: str, text: str) -> ShipmentItem:
    """The parcel of a scanned QR; raises ``code_wrong``, ``wrong_station``, ``code_locked``."""
    kind, _, rest = text.partition(":")
    shipment_id, _, code = rest.partition(":")
    parcel = store.shipment(shipment_id) if kind == QR and shipment_id.isalnum() else None
    if parcel is None or parcel.direction != rules.OUT:
        raise _miss()
    if parcel.hall != hall:
        name = catalog.known_hall(parcel.hall).name
        raise rules.WRONG_STATION(hall_zh=name.zh, hall_en=name.en)
    couriers.check_code(parcel, code)
    couriers.forgive_tries(parcel)
    return parcel


def _miss() -> Exception:
    log.count("delivery_code_misses")
    return rules.CODE_WRONG()


def collect(actor: Actor, item: ShipmentItem, id_number: str) -> ShipmentItem:
    """Hand the parcel out at the counter; a clerk does not hand out their own, a kiosk is nobody's.

    Raises ``code_used``, ``shipment_wrong_state``, ``collector_id_needed``, ``collector_mismatch``, ``own_matter``,
    ``parcel_stopped``, ``staff_identity_unknown`` or ``changed_meanwhile``.
    """
    is_machine = actor.roles == ("kiosk",)
    if not is_machine:
        identity.own_matters.refuse_own(actor, item.party, item.handler)
    refuse_if(item.status == rules.DELIVERED, rules.CODE_USED)
    _check_collector(item, id_number)
    parcels.refuse_stopped(item)
    event = transitions.move(item, "collect", "clerk", actor)
    couriers.keep_proof(item, "counter", actor)
    item.misses = 0
    tables.write_or_conflict(transitions.record(item, event))
    return item


def _check_collector(item: ShipmentItem, id_number: str) -> None:
    """Where somebody was named, the person at the counter is that one, or the recipient.

    Whoever holds the code may be at a kiosk, so the tries for a parcel are counted. Raises ``too_many_requests``.
    """
    named = store.private(item).collector
    if named is None:
        return
    if not id_number:
        raise rules.COLLECTOR_NEEDED()
    couriers.CARD_TRIES.count(item.id)
    allowed = {named.id_number}
    if item.party_kind == "person":
        allowed.add(identity.person_party(item.party).number)
    refuse_if(numbers.normalized(id_number) not in allowed, rules.COLLECTOR_MISMATCH)


def name_collector(actor: Actor, item: ShipmentItem, name: str, id_number: str) -> None:
    """Let somebody else collect the parcel; empty takes that back. Raises ``id_number_invalid``, ``code_used``."""
    refuse_if(item.status in rules.ENDED, rules.TOO_LATE_TO_CHANGE)
    collector = None
    if id_number:
        named = identity.identities.identity_of(identity.ShownDocument(name=name, id_number=id_number))
        collector = Collector(named.name, named.number)
    kept = store.private(item)
    item.content = store.seal(item, "content", Private(kept.address, collector))
    happened = events.COLLECTOR_NAMED if collector else events.COLLECTOR_WITHDRAWN
    tables.write_or_conflict(transitions.record(item, Event(happened, actor)))


def new_code(actor: Actor, item: ShipmentItem) -> None:
    """Another code for the recipient; the old one is void from now on. Raises ``too_late_to_change``."""
    refuse_if(item.status in rules.ENDED, rules.TOO_LATE_TO_CHANGE)
    item.issue = item.issue + 1
    item.misses = 0
    event = Event(events.DELIVERY_CODE_RENEWED, actor)
    if item.status == rules.READY:
        parcels.keep_at_counter(item, event)
    else:
        tables.write_or_conflict(transitions.record(item, event))


def keep_here(actor: Actor, item: ShipmentItem, by: str) -> None:
    """A parcel that came back waits at the hall's counter for its recipient; nothing is owed at a door any more.

    Raises ``results_not_printed``, ``shipment_wrong_state`` or ``changed_meanwhile``.
    """
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)
    if item.status == rules.RETURNED:
        parcels.require_printed(item)
    event = transitions.move(item, "keep", by, actor)
    item.mode = rules.PICK_UP
    item.carrier = ""
    if item.postage_by == "on_delivery":
        item.postage = 0
        item.postage_by = "free"
    parcels.keep_at_counter(item, event)
