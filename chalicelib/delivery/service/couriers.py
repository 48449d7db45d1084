"""The courier's day: accepting, leaving, delivering, failing, and what is in the bag."""

from __future__ import annotations

import hmac
from datetime import date

import msgspec

from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choices, parcels, transitions
from chalicelib.delivery.store import ShipmentItem
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, log, numbers
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events.changes import Data
from chalicelib.kernel.security import sealed
from chalicelib.kernel.storage import tables

CARD_TRIES = Limit(name="delivery_card", times=5, seconds=86400)
AT_THE_DOOR = ("code", "screen", "id_card", "left_with")
PROOFS = (*AT_THE_DOOR, "counter", "carrier", "two_scans")
"""How a delivery was proven, or that it was left with somebody. A signature is an addition and proves nothing."""


class Signature(msgspec.Struct, frozen=True):
    """What the recipient drew on the courier's phone: lines of points, 0 to 1000 each way; and who signed."""

    signer: str
    strokes: list[list[list[int]]]


class Proof(View, frozen=True, kw_only=True):
    """How delivery was proven (``PROOFS``), who saw to it, when; and a signature, if somebody drew one."""

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

    Raises ``shipment_taken``, ``parcel_stopped`` or ``shipment_wrong_state``.
    """
    if item.courier == actor.id and item.status == rules.ACCEPTED:
        return
    refuse_if(item.courier, rules.SHIPMENT_TAKEN)
    parcels.refuse_stopped(item)
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


class DoorProof(msgspec.Struct, frozen=True, kw_only=True):
    """How a courier hands a parcel over: by one of ``code``, ``screen`` (what the recipient's screen shows),
    ``id_number`` (of the document that somebody shows) and ``left_with``; ``collected``: fen taken at the door.

    ``signature`` may come with any of them.
    """

    code: str = ""
    screen: str = ""
    id_number: str = ""
    left_with: str = ""
    left_name: str = ""
    signature: Signature | None = None
    collected: int = 0

    @property
    def proof(self) -> str:
        """Which of the ways it is; empty for none, and for more than one."""
        ways = {"code": self.code, "screen": self.screen, "id_card": self.id_number, "left_with": self.left_with}
        given = [kind for kind, value in ways.items() if value]
        return given[0] if len(given) == 1 else ""


def deliver(actor: Actor, item: ShipmentItem, handed: DoorProof) -> None:
    """Hand the parcel to its recipient, who proves that it is they; or leave it with somebody, which they may dispute.

    A repeat changes nothing. Raises ``shipment_wrong_state``, ``proof_needed``, ``code_wrong``, ``code_locked``,
    ``screen_code_invalid``, ``recipient_card_differs``, ``leaving_not_allowed``, ``parcel_stopped``,
    ``postage_differs``, ``too_many_requests`` or ``changed_meanwhile``.
    """
    if item.status == rules.DELIVERED and item.courier == actor.id:
        return
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)
    kind = handed.proof
    action = "leave" if kind == "left_with" else "deliver"
    facts: Data = {"proof": kind, "with": handed.left_with}
    event = transitions.move(item, action, "courier", actor, note=handed.left_name, data=facts)
    parcels.refuse_stopped(item)
    wanted = item.postage if item.postage_by == "on_delivery" else 0
    refuse_if(handed.collected != wanted, rules.POSTAGE_DIFFERS, amount=wanted)
    _check_proof(item, kind, handed)
    keep_proof(item, kind, actor, handed.signature)
    item.misses = 0
    tables.write_or_conflict(transitions.record(item, event))


def _check_proof(item: ShipmentItem, kind: str, handed: DoorProof) -> None:
    """Whoever holds the parcel's code, screen or document is its recipient. A drawn line proves nothing."""
    signature = handed.signature
    if signature is not None and not rules.strokes_are_a_signature(signature.strokes):
        raise rules.PROOF_NEEDED()
    if kind == "code":
        check_code(item, handed.code)
    elif kind == "screen":
        _check_screen(item, handed.screen)
    elif kind == "id_card":
        _check_card(item, handed.id_number)
    elif kind == "left_with":
        carrier = choices.carrier(item.carrier)
        # After so many wrong codes whoever is at the door is not the recipient.
        is_locked = item.misses >= rules.MOST_MISSES
        if is_locked or carrier is None or not carrier.leaving:
            raise rules.LEAVING_REFUSED()
    else:
        raise rules.PROOF_NEEDED()


class Screen(msgspec.Struct, frozen=True):
    """What the recipient's screen shows, sealed: good until a moment (epoch seconds)."""

    issue: int
    until: int


class ScreenCode(View, frozen=True, kw_only=True):
    """The content of the QR that the recipient shows at the door, and until when it is good."""

    screen: str
    until: Instant


def screen_code(item: ShipmentItem) -> ScreenCode:
    """What the recipient shows to a courier's scanner: made anew with each reading, and too long to be guessed.

    Raises ``shipment_wrong_state`` for a parcel that no courier brings.
    """
    if item.direction != rules.OUT or item.status not in rules.WITH_CARRIER:
        raise rules.SHIPMENTS.refusal(item.status)
    until = clock.now() + rules.SCREEN_LASTS
    text = sealed.seal("door", item.id, Screen(item.issue, clock.seconds(until)))
    return ScreenCode(screen=text, until=clock.local(until))


def _check_screen(item: ShipmentItem, text: str) -> None:
    try:
        shown = sealed.open_sealed("door", item.id, text, Screen)
    except sealed.NotGenuine:
        raise rules.SCREEN_INVALID() from None
    is_over = shown.until <= clock.seconds(clock.now())
    refuse_if(shown.issue != item.issue or is_over, rules.SCREEN_INVALID)


def _check_card(item: ShipmentItem, id_number: str) -> None:
    """The document is the recipient's, the handler's of an enterprise, or of whom the recipient has named.

    It is a courier who types the number, so the tries for a parcel are counted. Raises ``too_many_requests``.
    """
    CARD_TRIES.count(item.id)
    allowed = {identity.person_party(item.party if item.party_kind == "person" else item.handler).number}
    collector = store.private(item).collector
    if collector is not None:
        allowed.add(collector.id_number)
    refuse_if(numbers.normalized(id_number) not in allowed - {""}, rules.CARD_DIFFERS)


def check_code(item: ShipmentItem, code: str) -> None:
    """Raise ``code_wrong`` unless this is the recipient's code, or ``code_locked``.

    Each try is counted before it is looked at, so that many guesses at once are no better than one after another.
    """
    refuse_if(item.misses >= rules.MOST_MISSES, rules.CODE_LOCKED)
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
