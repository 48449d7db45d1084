"""Holding a place (占号) before it is booked (docs/decisions/booking.md).

First the visitor's claim (limits), then the seat in the slot. Whoever finds a seat whose hold has passed first makes
sure, by a void item in the appointment's place, that it can never be confirmed; so places come back without a sweeper,
and no step depends on clocks being equal.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import msgspec

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import Claim, Occupancy, Seat, Slot
from chalicelib.appointments.service import booking_tickets, claims, plans
from chalicelib.appointments.service.plans import Plan
from chalicelib.appointments.store import AppointmentItem
from chalicelib.identity import service as identity
from chalicelib.identity.service import ShownDocument, Visitor
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.security import sealed
from chalicelib.kernel.storage import optimistic, tables

_PURPOSE = "hold"


class BookingWish(msgspec.Struct, frozen=True, kw_only=True):
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
    named: ShownDocument | None = None
    moves: str = ""
    ticket: str = ""
    priority: bool = False


class HeldPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place on hold (占号), as the client carries it, sealed."""

    id: str
    hall: str
    group: str
    day: date
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
        return Seat(appointment=self.id, channel=self.channel, places=self.places, until=self.seat_until or self.until)

    @property
    def slot(self) -> Slot:
        return Slot(hall=self.hall, group=self.group, day=self.day, start=self.start)


def visitor_of(actor: Actor, relative: str = "", named: ShownDocument | None = None) -> Visitor:
    """Who comes: who stands at the window, a relative, the enterprise's handler, or the caller."""
    if actor.kind == "staff":
        if named is None:
            raise errors.INVALID_REQUEST(
                fields=[errors.FieldError("/visitor", "required", zh="请填写来访人", en="Say who comes")]
            )
        return identity.visitor_named(named)
    refuse_if(relative and actor.principal, rules.RELATIVE_OR_ENTERPRISE)
    return identity.visitor_relative(actor, relative) if relative else identity.visitor_self(actor)


def check_mandate(actor: Actor, services: list[str]) -> None:
    """Raise ``mandate_does_not_cover`` unless whom the caller acts for lets the caller book these services."""
    refuse_if(not all(actor.covers(service) for service in services), errors.MANDATE_DOES_NOT_COVER)


def hold(actor: Actor, wish: BookingWish, key: str) -> HeldPlace:
    """Hold a place for a short time; a repeat with the same ``key`` finds the same hold, or what became of it.

    Costs two and a half read units when the slot is sold out. Raises what ``plans.plan``, ``Plan.open_slot``,
    ``claims.claim`` and ``booking_tickets.check`` raise, ``slot_full``, ``slot_busy`` or ``hold_expired``.
    """
    check_mandate(actor, wish.services)
    plan = plans.plan(wish.hall, wish.services)
    slot = plan.open_slot(wish.day, wish.start)
    appointment = ids.checked_id("appointment", key)
    seen = store.slots.occupancy(slot)
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
    ticket = booking_tickets.check(plan, visitor.key, wish.ticket, slot.day) if actor.kind == "person" else ""
    wanted = _claim_of(plan, slot, appointment, wish.moves, _party(actor, visitor))
    claimed = claims.claim(actor, visitor.key, wanted, plan, ticket=ticket)
    held = held_place(plan, visitor, claimed)
    refuse_if(held.until <= clock.now().timestamp(), rules.HOLD_EXPIRED)
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
            store.slots.free(held.slot, held.seat, "held")
        raise rules.HOLD_EXPIRED()


def _seat_of_a_twin(actor: Actor, held: HeldPlace, ticket: str, problem: errors.Problem) -> HeldPlace:
    """The same request sent twice may have got the seat meanwhile; otherwise this hold ends, and its claim with it."""
    seat = store.slots.occupancy(held.slot, consistent=True).seat_of(held.id)
    if seat is not None:
        return msgspec.structs.replace(held, channel=seat.channel)
    if store.void(held.id) == rules.VOID:
        claims.drop(actor, held.visitor, held.id, ticket)
    raise problem


def _confirmed_before(item: AppointmentItem) -> HeldPlace:
    """The hold that became this appointment, for who asks again; raises ``hold_expired`` for a void one."""
    refuse_if(item.status == rules.VOID, rules.HOLD_EXPIRED)
    return HeldPlace(
        id=item.id,
        hall=item.hall,
        group=item.group,
        day=item.day,
        start=item.start,
        ends=item.ends,
        channel=item.channel,
        places=item.places,
        services=item.services,
        party=item.party,
        visitor=item.visitor,
        visitor_account=item.visitor_account,
        name=store.name_of(item),
        until=clock.seconds(clock.now()),
        moves="",
    )


def _room(plan: Plan, seen: Occupancy, channel: str) -> bool:
    return seen.free(channel, plan.capacity(channel), clock.now()) >= plan.places


def _channels(plan: Plan, actor: Actor, visitor: Visitor, wish: BookingWish) -> list[str]:
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
        day=slot.day,
        start=slot.start,
        until=now + plan.rules.hold_seconds,
        party=party,
        moves=moves,
        made=now,
    )


def held_place(plan: Plan, visitor: Visitor, claim: Claim) -> HeldPlace:
    """The hold that a claim becomes, without its seat."""
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
    return actor.principal or actor.id


def _seated(plan: Plan, held: HeldPlace, channels: list[str]) -> HeldPlace:
    for channel in channels:
        seat = take(
            held.slot,
            Seat(appointment=held.id, channel=channel, places=held.places, until=held.until),
            plan.capacity(channel),
        )
        if seat is not None:
            return msgspec.structs.replace(held, channel=seat.channel)
    raise rules.SLOT_FULL()


def take(slot: Slot, seat: Seat, capacity: int) -> Seat | None:
    """Take a seat, bringing back places whose time has passed; None when the channel is sold out.

    A repeat finds the seat that the first attempt took. Raises ``slot_busy`` when others were always faster.
    """
    if seat.places > capacity:
        return None

    def attempt() -> Seat | None:
        try:
            store.slots.take(slot, seat, capacity)
            return seat
        except tables.ConditionFailed:
            seen = store.slots.occupancy(slot, consistent=True)
        known = seen.seat_of(seat.appointment)
        if known is not None:
            return known
        has_room = seen.taken[seat.channel] + seat.places <= capacity
        if has_room or bring_back(slot, seen, seat.channel):
            raise tables.ConditionFailed  # there is room again
        return None

    return optimistic.repeat(attempt, otherwise=lambda: rules.SLOT_BUSY(retry_after=1))


def bring_back(slot: Slot, seen: Occupancy, channel: str) -> bool:
    """Free a channel's seats whose time has passed; whether there were any."""
    passed = [seat for seat in seen.passed(clock.now()) if seat.channel == channel]
    for seat in passed:
        with suppress(tables.ConditionFailed):
            if seat in seen.cooling:
                store.slots.free(slot, seat, "cooling")
            elif _is_somebodys(slot, seat):
                store.slots.keep(slot, seat)
            else:
                store.slots.free(slot, seat, "held")
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
    return f"{actor.kind}/{actor.id}/{actor.principal}"


def opened(actor: Actor, text: str) -> HeldPlace:
    """The hold that the caller brings back; raises ``hold_invalid``."""
    try:
        return sealed.open_sealed(_PURPOSE, _holder(actor), text, HeldPlace)
    except sealed.NotGenuine:
        raise rules.HOLD_INVALID() from None
