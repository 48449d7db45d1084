"""The courier's day: accepting, leaving, delivering, failing, and what is in the bag."""

from __future__ import annotations

import hmac
from datetime import date

import msgspec

from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choices, transitions
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock, log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.storage import tables


class Signature(msgspec.Struct, frozen=True):
    """What the recipient drew on the courier's phone: lines of points, 0 to 1000 each way; and who signed."""

    signer: str
    strokes: list[list[list[int]]]


class Proof(View, frozen=True, kw_only=True):
    """How delivery was proven: by code, signature, at the counter, by the carrier or by scans; who saw to it, when."""

    kind: str
    by: str
    at: Instant
    signer: str | None = None
    strokes: list[list[list[int]]] | None = None


def keep_proof(item: ShipmentItem, kind: str, actor: Actor, signature: Signature | None = None) -> None:
    """Keep the proof with the parcel, sealed."""
    at = clock.local(clock.now())
    signer = signature.signer if signature else None
    strokes = signature.strokes if signature else None
    item.proof_kind = kind
    item.proof = store.seal(item, "proof", Proof(kind=kind, by=actor.id, at=at, signer=signer, strokes=strokes))


def proof_of(item: ShipmentItem) -> Proof | None:
    """How delivery was proven, in clear; None before it is."""
    found: Proof | None = store.proof_text(item, Proof)
    return found


def offered(hall: str, route: str, cursor: str | None) -> tables.Page:
    """The parcels at a hall that a courier may take, in the order of their divisions; ``route`` begins the division."""
    return store.desk(f"OFFERED#{hall}", cursor, prefix=route)


def in_hand(actor: Actor, cursor: str | None) -> tables.Page:
    """What the courier has accepted and not brought to its end, in the order of the route."""
    return store.desk(f"COURIER#{actor.id}", cursor)


def ended_on(actor: Actor, day: date, cursor: str | None) -> tables.Page:
    """What the courier brought to its end on a day."""
    return store.desk(f"ENDED#{actor.unit}#{day}", cursor, prefix=f"{actor.id}#")


def accept(actor: Actor, item: ShipmentItem) -> None:
    """Take a parcel on; only one courier can, and taking one's own again changes nothing.

    Raises ``shipment_taken``, ``shipment_wrong_state``.
    """
    if item.courier == actor.id and item.status == rules.ACCEPTED:
        return
    if item.courier:
        raise rules.SHIPMENT_TAKEN()
    event = transitions.move(item, "accept", "courier", actor)
    item.courier = actor.id
    item.carrier = item.carrier or actor.unit
    try:
        tables.write(transitions.record(item, event))
    except tables.ConditionFailed:
        raise rules.SHIPMENT_TAKEN() from None


def release(actor: Actor, item: ShipmentItem) -> None:
    """Give a parcel back that was not handed over yet."""
    transitions.move_and_store(item, "release", "courier", actor)


def depart(actor: Actor) -> int:
    """Leave the hall: everything that was handed over is in transit from now on; how many parcels."""
    left = 0
    cursor = None
    while True:
        page = in_hand(actor, cursor)
        for row in page.items:
            item = store.shipment(row.id)
            if item is not None and item.status == rules.HANDED_OVER and item.courier == actor.id:
                transitions.move_and_store(item, "depart", "courier", actor)
                left += 1
        cursor = page.cursor
        if cursor is None:
            return left


def deliver(actor: Actor, item: ShipmentItem, code: str, signature: Signature | None, collected: int) -> None:
    """Hand the parcel to its recipient, who says the code or signs; ``collected``: fen taken at the door.

    A repeat changes nothing. Raises ``shipment_wrong_state``, ``proof_needed``, ``code_wrong``, ``code_locked``,
    ``postage_differs`` or ``changed_meanwhile``.
    """
    if item.status == rules.DELIVERED and item.courier == actor.id:
        return
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)
    kind = "code" if code else "signature"
    event = transitions.move(item, "deliver", "courier", actor, data={"proof": kind})
    wanted = item.postage if item.postage_by == "on_delivery" else 0
    if collected != wanted:
        raise rules.POSTAGE_DIFFERS(amount=wanted)
    if code:
        check_code(item, code)
    else:
        _check_signature(item, signature)
    keep_proof(item, kind, actor, signature)
    item.misses = 0
    tables.write_or_conflict(transitions.record(item, event))


def _check_signature(item: ShipmentItem, signature: Signature | None) -> None:
    carrier = choices.carrier(item.carrier)
    if signature is None or carrier is None or not carrier.signature:
        raise rules.PROOF_NEEDED()
    if not rules.strokes_are_a_signature(signature.strokes):
        raise rules.PROOF_NEEDED()


def check_code(item: ShipmentItem, code: str) -> None:
    """Raise ``code_wrong`` unless this is the recipient's code, or ``code_locked``.

    Each try is counted before it is looked at, so that many guesses at once are no better than one after another.
    """
    if item.misses >= rules.MOST_MISSES:
        raise rules.CODE_LOCKED()
    _count_try(item)
    if not hmac.compare_digest(transitions.code(item).encode(), code.encode()):
        log.count("delivery_code_misses")
        raise rules.CODE_WRONG()


def forgive_tries(item: ShipmentItem) -> None:
    """The code was right: what was counted for it is taken back, whatever happens next."""
    item.misses = 0
    tables.write_or_conflict(tables.Touch(item, ("misses",), ShipmentItem.version == item.version))


def _count_try(item: ShipmentItem) -> None:
    """A write of its own, valid only if nobody changed the parcel or counted a try since it was read."""
    still = (ShipmentItem.version == item.version) & (ShipmentItem.misses == item.misses)
    item.misses = item.misses + 1
    tables.write_or_conflict(tables.Touch(item, ("misses",), still))


def fail(actor: Actor, item: ShipmentItem, reason: str, next_try: date | None) -> None:
    """The attempt did not succeed: why, and when the next one will be.

    Raises ``no_more_tries`` for a next try after the last one.
    """
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)
    item.tries = item.tries + 1
    carrier = choices.carrier(item.carrier)
    if next_try is not None and carrier is not None and item.tries >= carrier.tries:
        raise rules.NO_MORE_TRIES(tries=carrier.tries)
    item.next_try = next_try
    transitions.move_and_store(item, "fail", "courier", actor, data={"reason": reason, "try": item.tries})


def retry(actor: Actor, item: ShipmentItem) -> None:
    """Go again; raises ``no_more_tries`` once it has to go back to the hall."""
    carrier = choices.carrier(item.carrier)
    if carrier is not None and item.tries >= carrier.tries:
        raise rules.NO_MORE_TRIES(tries=carrier.tries)
    transitions.move_and_store(item, "retry", "courier", actor)
