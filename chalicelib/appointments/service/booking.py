"""Booking: hold a place, confirm it, cancel or move the appointment (docs/decisions/booking.md).

Hold: the visitor's claim (limits), then the seat in the slot. Confirm: the appointment's item, written if
absent, decides; then the seat is marked kept. Whoever finds a seat whose hold has passed first makes sure, by
a void item in the appointment's place, that it can never be confirmed; so places come back without a sweeper,
and no step depends on clocks being equal.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.appointments import rules, store
from chalicelib.appointments.rules import Claim, Occupancy, Seat, Slot
from chalicelib.appointments.service import claims, entry, plans
from chalicelib.appointments.service.plans import Plan
from chalicelib.appointments.store import AppointmentItem, Book, WaiterItem
from chalicelib.catalog.definition import BookingRules
from chalicelib.identity import service as identity
from chalicelib.identity.service import Visitor
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import sealed
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Put

_TRIES = 4
_PURPOSE = "hold"


class NamedVisitor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who stands at a window or kiosk, as the ID card says."""

    name: Annotated[str, Meta(min_length=2, max_length=60)]
    id_number: Annotated[str, Meta(min_length=15, max_length=24)]


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants to book, for whom, and how they come by it.

    ``relative``: the id of a consenting relative; ``named``: who stands at a window (staff only); ``moves``: the
    appointment that this one shall replace; ``ticket``: a booking ticket; ``priority``: staff saw that the visitor
    belongs to a priority group.
    """

    hall: str
    services: list[str]
    day: date
    start: str
    relative: str = ""
    named: NamedVisitor | None = None
    moves: str = ""
    ticket: str = ""
    priority: bool = False


class HeldPlace(msgspec.Struct, frozen=True):
    """A place on hold (占号), as the client carries it, sealed."""

    id: str
    hall: str
    group: str
    day: str
    start: str
    ends: str
    channel: str
    places: int
    services: list[str]
    party: str
    visitor: str
    visitor_account: str
    name: str
    until: int
    moves: str
    waiter: str = ""
    seat_until: int = 0

    @property
    def seat(self) -> Seat:
        return Seat(self.id, self.channel, self.places, self.seat_until or self.until)

    @property
    def slot(self) -> Slot:
        return Slot(self.hall, self.group, date.fromisoformat(self.day), self.start)


def visitor_of(actor: Actor, relative: str = "", named: NamedVisitor | None = None) -> Visitor:
    """Who comes: who stands at the window, a relative, the enterprise's handler, or the caller."""
    if actor.kind == "staff":
        if named is None:
            raise errors.INVALID_REQUEST(
                fields=[errors.FieldError("/visitor", "required", "请填写来访人", "Say who comes")]
            )
        return identity.visitor_named(named.name, named.id_number)
    if relative and actor.organization:
        raise rules.RELATIVE_OR_ENTERPRISE()
    return identity.visitor_relative(actor, relative) if relative else identity.visitor_self(actor)


def check_mandate(actor: Actor, services: list[str]) -> None:
    """Raise ``mandate_does_not_cover`` unless whom the caller acts for lets the caller book these services."""
    if not all(actor.covers(service) for service in services):
        raise errors.MANDATE_DOES_NOT_COVER()


def hold(actor: Actor, wish: Wish, key: str) -> HeldPlace:
    """Hold a place for a short time; a repeat with the same ``key`` finds the same hold, or what became of it.

    Costs two and a half read units when the slot is sold out. Raises what ``plans.plan``, ``Plan.open_slot``,
    ``claims.claim`` and ``entry.check`` raise, ``slot_full``, ``slot_busy`` or ``hold_expired``.
    """
    check_mandate(actor, wish.services)
    plan = plans.plan(wish.hall, wish.services)
    slot = plan.open_slot(wish.day, wish.start)
    appointment = ids.checked_id("appointment", key)
    seen = store.occupancy(slot)
    visitor = visitor_of(actor, wish.relative, wish.named)
    channels = _channels(plan, actor, visitor, wish)
    has_room = any(_room(plan, seen, channel) for channel in channels)
    is_seated = seen.seat_of(appointment) is not None
    # A first try may have died after its claim, or its seat may be too young to be seen here. Its repeat goes on from
    # the claim even if the slot looks full: it finds the seat, or takes the claim back.
    if not has_room and not is_seated and not claims.has_claim(visitor.key, appointment):
        raise rules.SLOT_FULL()
    became = store.fate(appointment)
    if became is not None:
        return _confirmed_before(became)
    ticket = entry.check(plan, visitor.key, wish.ticket, slot.day) if actor.kind == "person" else ""
    wanted = _claim_of(plan, slot, appointment, wish.moves, _party(actor, visitor))
    claimed = claims.claim(actor, visitor.key, wanted, plan, ticket=ticket)
    held = _held(plan, visitor, claimed)
    if held.until <= clock.now().timestamp():
        raise rules.HOLD_EXPIRED()
    try:
        seated = _seated(plan, held, channels)
        if claimed is not wanted:
            _check_not_void(seated)
        return seated
    except errors.Problem as problem:
        if problem.error is not rules.SLOT_FULL:
            raise  # busy, or a lost answer: the claim stays, and a repeat goes on with it
        return _seat_of_a_twin(actor, held, ticket, problem)


def _check_not_void(held: HeldPlace) -> None:
    """Another request may have taken the claim for dead while this repeat took its seat: give the seat back then.

    Raises ``hold_expired``.
    """
    if store.is_void(held.id):
        with suppress(tables.ConditionFailed):
            store.free(held.slot, held.seat, "held")
        raise rules.HOLD_EXPIRED()


def _seat_of_a_twin(actor: Actor, held: HeldPlace, ticket: str, problem: errors.Problem) -> HeldPlace:
    """The same request sent twice may have got the seat meanwhile; otherwise this hold ends, and its claim with it."""
    seat = store.occupancy(held.slot, consistent=True).seat_of(held.id)
    if seat is not None:
        return msgspec.structs.replace(held, channel=seat.channel)
    if store.void(held.id) == rules.VOID:
        claims.drop(actor, held.visitor, held.id, ticket)
    raise problem


def _confirmed_before(item: AppointmentItem) -> HeldPlace:
    """The hold that became this appointment, for who asks again; raises ``hold_expired`` for a void one."""
    if item.status == rules.VOID:
        raise rules.HOLD_EXPIRED()
    return HeldPlace(
        id=item.id,
        hall=item.hall,
        group=item.group,
        day=item.day,
        start=item.start,
        ends=item.ends,
        channel=item.channel,
        places=int(item.places),
        services=item.service_codes,
        party=item.party,
        visitor=item.visitor,
        visitor_account=item.visitor_account,
        name=store.name_of(item),
        until=clock.seconds(clock.now()),
        moves="",
    )


def _room(plan: Plan, seen: Occupancy, channel: str) -> bool:
    return seen.free(channel, plan.capacity(channel), clock.now()) >= plan.places


def _channels(plan: Plan, actor: Actor, visitor: Visitor, wish: Wish) -> list[str]:
    """The channels whose places the visitor may have, the one to try first first."""
    channels = ["window"] if actor.kind == "staff" else ["online"]
    is_old = not actor.organization and rules.age(visitor.born, wish.day) >= plan.rules.priority_age
    return ["priority", *channels] if is_old or wish.priority else channels


def _claim_of(plan: Plan, slot: Slot, appointment: str, moves: str, party: str) -> Claim:
    now = clock.seconds(clock.now())
    return Claim(
        appointment=appointment,
        services=plan.services,
        hall=slot.hall,
        group=slot.group,
        day=str(slot.day),
        start=slot.start,
        until=now + plan.rules.hold_seconds,
        party=party,
        moves=moves,
        made=now,
    )


def _held(plan: Plan, visitor: Visitor, claim: Claim) -> HeldPlace:
    return HeldPlace(
        id=claim.appointment,
        hall=claim.hall,
        group=claim.group,
        day=claim.day,
        start=claim.start,
        ends=rules.slot_end(claim.start, plan.group.slot_minutes),
        channel="",
        places=plan.places,
        services=list(claim.services),
        party=claim.party,
        visitor=visitor.key,
        visitor_account=visitor.account,
        name=visitor.name,
        until=claim.until,
        moves=claim.moves,
    )


def _party(actor: Actor, visitor: Visitor) -> str:
    """Whose appointment it is: the enterprise's, the caller's, or at a window the visitor's."""
    if actor.kind == "staff":
        return visitor.account
    return actor.organization or actor.id


def _seated(plan: Plan, held: HeldPlace, channels: list[str]) -> HeldPlace:
    for channel in channels:
        seat = take(held.slot, Seat(held.id, channel, held.places, held.until), plan.capacity(channel))
        if seat is not None:
            return msgspec.structs.replace(held, channel=seat.channel)
    raise rules.SLOT_FULL()


def take(slot: Slot, seat: Seat, capacity: int) -> Seat | None:
    """Take a seat, bringing back places whose time has passed; None when the channel is sold out.

    A repeat finds the seat that the first attempt took. Raises ``slot_busy`` when others were always faster.
    """
    if seat.places > capacity:
        return None
    for _ in range(_TRIES):
        try:
            store.take(slot, seat, capacity)
            return seat
        except tables.ConditionFailed:
            seen = store.occupancy(slot, consistent=True)
        known = seen.seat_of(seat.appointment)
        if known is not None:
            return known
        if seen.taken[seat.channel] + seat.places <= capacity:
            continue
        if not bring_back(slot, seen, seat.channel):
            return None
    raise rules.SLOT_BUSY(retry_after=1)


def bring_back(slot: Slot, seen: Occupancy, channel: str) -> bool:
    """Free a channel's seats whose time has passed; whether there were any."""
    passed = [seat for seat in seen.passed(clock.now()) if seat.channel == channel]
    for seat in passed:
        with suppress(tables.ConditionFailed):
            if seat in seen.cooling:
                store.free(slot, seat, "cooling")
            elif _is_somebodys(slot, seat):
                store.keep(slot, seat)
            else:
                store.free(slot, seat, "held")
    return bool(passed)


def _is_somebodys(slot: Slot, seat: Seat) -> bool:
    """Whether a held seat's appointment was confirmed; if not, it never will be."""
    if store.void(seat.appointment) == rules.VOID:
        return False
    item = store.appointment(seat.appointment)
    return item is not None and item.slot == slot and item.status != rules.CANCELLED


def carried(actor: Actor, held: HeldPlace) -> str:
    """The hold as the caller carries it."""
    return sealed.seal(_PURPOSE, _holder(actor), held)


def _holder(actor: Actor) -> str:
    return f"{actor.kind}/{actor.id}/{actor.organization}"


def opened(actor: Actor, text: str) -> HeldPlace:
    """The hold that the caller brings back; raises ``hold_invalid``."""
    try:
        return sealed.open_sealed(_PURPOSE, _holder(actor), text, HeldPlace)
    except sealed.NotGenuine:
        raise rules.HOLD_INVALID() from None


def confirm(actor: Actor, text: str) -> AppointmentItem:
    """Make a hold an appointment, once; a repeat finds it. Two write units (three more to replace another one).

    Raises ``hold_invalid``, ``hold_expired`` or, for a move, ``appointment_wrong_state``.
    """
    held = opened(actor, text)
    for _ in range(_TRIES):
        if held.until <= clock.now().timestamp():
            item = store.appointment(held.id)
            if item is None:
                raise rules.HOLD_EXPIRED()
        else:
            item = _confirmed(actor, held)
        if item is not None:
            if item.status == rules.CONFIRMED:
                with suppress(tables.ConditionFailed, errors.Problem):
                    store.keep(held.slot, held.seat)
            return item
    raise errors.CONFLICT()


def _confirmed(actor: Actor, held: HeldPlace) -> AppointmentItem | None:
    """The appointment that the hold has become, now or before; None when what it replaces changed meanwhile."""
    item = _appointment(held)
    event = Event("appointment_confirmed", actor, data=_facts(item))
    try:
        tables.write(changes.put(item, event), *_replacing(actor, held))
        return item
    except tables.ConditionFailed:
        if store.is_void(held.id):
            raise rules.HOLD_EXPIRED() from None
        return store.appointment(held.id)


def _appointment(held: HeldPlace) -> AppointmentItem:
    item = AppointmentItem(
        f"APPOINTMENT#{held.id}",
        status=rules.CONFIRMED,
        hall=held.hall,
        group=held.group,
        day=held.day,
        start=held.start,
        ends=held.ends,
        channel=held.channel,
        places=held.places,
        services=",".join(held.services),
        party=held.party,
        visitor=held.visitor,
        visitor_account=held.visitor_account,
    )
    item.name = store.seal_name(item, held.name)
    return item


def _facts(item: AppointmentItem) -> dict[str, str | int | list[str]]:
    return {"hall": item.hall, "day": item.day, "start": item.start, "services": item.service_codes}


def _replacing(actor: Actor, held: HeldPlace) -> list[Put]:
    """The write that cancels the appointment which this one replaces; with the other write it is one transaction."""
    if not held.moves:
        return []
    old = store.appointment(held.moves)
    if old is None or store.appointment(held.id) is not None:
        return []
    old.status = rules.after(old.status, "cancel")
    return [changes.put(old, Event("appointment_moved", actor, data={"to": held.id}))]


def give_up(actor: Actor, text: str) -> None:
    """Give a hold back before it expires; raises ``hold_invalid``, or ``appointment_wrong_state`` once confirmed."""
    held = opened(actor, text)
    status = store.void(held.id)
    if status != rules.VOID:
        raise rules.WRONG_STATE(status=status)
    with suppress(tables.ConditionFailed):
        store.free(held.slot, held.seat, "held")


def cancel(actor: Actor, item: AppointmentItem, reason: str) -> AppointmentItem:
    """Cancel an appointment; its place comes back at a random moment. Repeating it changes nothing.

    Raises ``too_late_to_cancel`` or ``appointment_wrong_state``.
    """
    if item.status == rules.CANCELLED:
        return item
    if actor.kind == "person":
        rules.check_cancellable(item.slot, clock.now(), _rules_of(item).cancel_until_hours)
    item.status = rules.after(item.status, "cancel")
    tables.write_or_conflict(changes.put(item, Event("appointment_cancelled", actor, reason)))
    return item


def _rules_of(item: AppointmentItem) -> BookingRules:
    return plans.rules_of(item.hall, item.group)


def resumed(actor: Actor, visitor: Visitor, claim: Claim) -> HeldPlace | None:
    """The hold behind a visitor's claim, for a client that has lost it; None when there is none any more."""
    if claim.until <= clock.now().timestamp() or not actor.holds(claim.party):
        return None
    slot = Slot(claim.hall, claim.group, date.fromisoformat(claim.day), claim.start)
    seat = store.occupancy(slot, consistent=True).seat_of(claim.appointment)
    if seat is None or seat.until != claim.until:
        return None  # nothing, or an offer of the waiting list, which is found there
    held = _held(plans.plan(claim.hall, list(claim.services)), visitor, claim)
    return msgspec.structs.replace(held, channel=seat.channel, places=seat.places)


def book_of(visitor: Visitor) -> Book:
    """What the visitor has booked, and the no-shows that are remembered."""
    item = store.booker(visitor.key)
    return item.opened() if item else Book()


def offered(item: WaiterItem, until: int, seat_until: int, slot: Slot, ends: str, appointment: str) -> HeldPlace:
    """The hold that a place for the waiting list is."""
    return HeldPlace(
        id=appointment,
        hall=slot.hall,
        group=slot.group,
        day=str(slot.day),
        start=slot.start,
        ends=ends,
        channel="online",
        places=int(item.places),
        services=item.service_codes,
        party=item.party,
        visitor=item.visitor,
        visitor_account=item.visitor_account,
        name=store.name_of(item),
        until=until,
        moves="",
        waiter=item.id,
        seat_until=seat_until,
    )


def random_release(item: AppointmentItem, fraction: float) -> int:
    """When a cancelled place is free again (epoch seconds)."""
    low, high = _rules_of(item).release_delay_minutes
    minutes = rules.between(low, high, fraction)
    return clock.seconds(clock.now() + timedelta(minutes=minutes)) + 1
