"""What becomes of places that come back: cooling down, and offers to the waiting list (候补) in order."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from chalicelib.appointments import rules, store
from chalicelib.appointments.rules import ACCEPTED, LAPSED, LEFT, OFFERED, WAITING
from chalicelib.appointments.seats import NOTHING_TAKEN, Claim, Seat, Slot
from chalicelib.appointments.service import bookings, claims, holds, plans
from chalicelib.appointments.service.holds import HeldPlace
from chalicelib.appointments.service.plans import Plan
from chalicelib.appointments.store import AppointmentItem, Offer, WaiterItem
from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.identity.service import Visitor
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Data, Event
from chalicelib.kernel.storage import batch, streams, tables
from chalicelib.kernel.storage.streams import Record

_CONSIDERED = 200
_KEPT_DAYS = 90
_RUSH = timedelta(minutes=10)
_FILLER = system("waiting_list")


def join(actor: Actor, wish: holds.BookingWish, latest: str) -> WaiterItem:
    """Wait for a place between two times of a released day; joining again changes times and services.

    Raises what ``plans.plan`` raises, ``already_booked``, ``hold_in_progress``, ``booking_limit_reached``,
    ``booking_blocked``, ``slot_unknown``, ``slot_not_released``, ``slot_past`` or ``waiting_list_full``.
    """
    holds.check_mandate(actor, wish.services)
    plan = plans.plan(wish.hall, wish.services)
    _check_day(plan, wish.day)
    visitor = holds.visitor_of(actor, wish.relative)
    party = actor.principal or actor.id
    waiter_id = ids.derived_id("waiter", visitor.key, party, plan.hall.code, plan.group.code, str(wish.day))
    item = store.waiter(waiter_id)
    if item is not None and item.status == OFFERED:
        return item
    wanted = Claim(
        appointment=waiter_id,
        services=plan.services,
        hall=plan.hall.code,
        group=plan.group.code,
        day=wish.day,
        start=wish.start,
        until=0,
    )
    claims.check(visitor.key, wanted, plan)
    if item is None or item.status != WAITING:
        most = plan.rules.waiting_most
        if len(store.waiting(plan.hall.code, plan.group.code, wish.day, most)) >= most:
            raise rules.WAITING_LIST_FULL()
        item = item or _new_waiter(waiter_id, plan, wish, visitor, party)
        item.joined_at = clock.now()
    item.earliest = wish.start
    item.latest = latest
    item.places = plan.places
    item.services = list(plan.services)
    joined = _move(item, "join", "visitor")
    tables.write_or_conflict(changes.record(item, Event(joined, actor, data={"day": str(wish.day)})))
    return item


def _check_day(plan: Plan, day: date) -> None:
    refuse_if(not plan.starts_on(day), rules.SLOT_UNKNOWN)
    refuse_if(day < clock.today(), rules.SLOT_PAST)
    released = plan.released_at(day)
    now = clock.now()
    if now < released:
        raise rules.not_released(now, released, released)


def _new_waiter(waiter_id: str, plan: Plan, wish: holds.BookingWish, visitor: Visitor, party: str) -> WaiterItem:
    item = WaiterItem(f"WAITER#{waiter_id}", hall=plan.hall.code, group=plan.group.code, day=wish.day)
    item.visitor = visitor.key
    item.visitor_account = visitor.account
    item.party = party
    item.relative = wish.relative or None
    item.name = store.seal_name(item, visitor.name)
    item.expires_at = clock.seconds(plan.slot(wish.day, "00:00").starts_at + timedelta(_KEPT_DAYS))
    return item


def _move(item: WaiterItem, action: str, by: str, offer: Offer | None = None) -> EventType:
    """Give the entry its next state, and put it on the list on which it is then; returns the event."""
    happened = rules.WAITERS.move(item, action, by)
    item.offer = offer
    item.gsi1pk = None
    item.gsi1sk = None
    if item.status == WAITING:
        item.gsi1pk = store.waiting_key(item.hall, item.group, item.day)
        item.gsi1sk = store.order_of_arrival(item)
    if item.status == OFFERED and offer:
        item.gsi1pk = f"OFFERS#{item.hall}"
        item.gsi1sk = f"{offer.until:010d}#{item.id}"
    return happened


def leave(actor: Actor, item: WaiterItem) -> None:
    """Wait no longer; an offer goes to the next."""
    if item.status in (LEFT, LAPSED):
        return
    if item.status == ACCEPTED:
        raise rules.WAITERS.refusal(item.status)
    offer = item.offer
    if offer is not None and store.void(offer.appointment) != rules.VOID:
        raise rules.WAITERS.refusal(ACCEPTED)
    left = _move(item, "leave", "visitor")
    tables.write_or_conflict(changes.record(item, Event(left, actor)))
    if offer is not None:
        _pass_on(item, offer)


def held_for(item: WaiterItem) -> HeldPlace | None:
    """The hold behind an offer, to be confirmed like any other; None when there is none any more."""
    offer = item.offer
    if offer is None or item.status != OFFERED or offer.until <= clock.now().timestamp():
        return None
    slot = _slot(item, offer)
    has_seat = store.slots.occupancy(slot, consistent=True).seat_of(offer.appointment) is not None
    until = offer.seat(item.places).until
    return bookings.offered(item, offer.until, until, slot, offer.ends, offer.appointment) if has_seat else None


def _consents(item: WaiterItem) -> bool:
    """Whether the relative for whom somebody waits still consents."""
    return not item.relative or identity.relatives.consent_stands(item.relative)


def _slot(item: WaiterItem, offer: Offer) -> Slot:
    return Slot(hall=item.hall, group=item.group, day=item.day, start=offer.start)


def follow(event: Mapping[str, Any]) -> streams.Answer:
    """Settle each cancelled appointment of a batch of the table's stream; the records to bring again."""

    def settle(record: Record) -> None:
        if record.text("status") == rules.CANCELLED:
            settle_cancelled(record.pk.removeprefix("APPOINTMENT#"))

    return streams.work_through(event, settle, "settlement_failed")


def settle_cancelled(appointment_id: str) -> None:
    """After a cancellation: the place cools down, or is offered to who waits. Doing it again changes nothing."""
    item = store.appointment(appointment_id)
    if item is None or item.status != rules.CANCELLED:
        return
    until = bookings.random_release(item, secrets.randbelow(1000) / 1000)
    while (seat := store.slots.occupancy(item.slot, consistent=True).seat_of(item.id)) is not None:
        with suppress(tables.ConditionFailed):  # a late confirmation may move it from held to kept meanwhile
            if seat.until:
                store.slots.cool_held(item.slot, seat, until)
            else:
                store.slots.cool(item.slot, seat, until)
    fill(item.hall, item.group, item.slot.day)


def fill(hall: str, group: str, day: date) -> int:
    """Offer a day's places that are free or came back to those who wait for it, in order; how many offers."""
    made = 0
    for waiter in store.waiting(hall, group, day, _CONSIDERED):
        plan = _plan_of(waiter)
        for slot, source in _offerable(plan, waiter) if plan else ():
            outcome = _offer(plan, waiter, slot, source) if plan else "not_now"
            made += outcome == "made"
            if outcome != "place_gone":
                break
    return made


def _plan_of(waiter: WaiterItem) -> Plan | None:
    """What the waiter waits for; None when the hall does not handle it any more, or the consent has ended."""
    try:
        return plans.plan(waiter.hall, waiter.services) if _consents(waiter) else None
    except errors.Problem as problem:
        if problem.error is errors.UNAVAILABLE:
            raise
        return None


def _offerable(plan: Plan, waiter: WaiterItem) -> Iterator[tuple[Slot, Seat | None]]:
    """Slots within the waiter's times that have a place: one that cools down, or (None) a free one.

    Right after a release that asks for booking tickets, free places are for who has one.
    """
    day = waiter.day
    now = clock.now()
    places = waiter.places
    taken = store.slots.day_occupancy(plan.hall.code, plan.group.code, day)
    for start in plan.starts_on(day):
        slot = plan.slot(day, start)
        if not waiter.earliest <= start <= waiter.latest or _closes(plan, slot) <= now:
            continue
        seen = taken.get(start, NOTHING_TAKEN)
        is_rush = plan.rules.ticket_required and now < plan.released_at(day) + _RUSH
        cooling = [seat for seat in seen.cooling if seat.channel == "online" and seat.places >= places]
        yield from ((slot, seat) for seat in cooling)
        if not is_rush and seen.free("online", plan.capacity("online"), now) >= places:
            yield slot, None


def _closes(plan: Plan, slot: Slot) -> datetime:
    return slot.starts_at - timedelta(minutes=plan.rules.cut_off_minutes)


def _offer(plan: Plan, waiter: WaiterItem, slot: Slot, source: Seat | None) -> str:
    """Offer a place to one waiter: ``made``, ``place_gone`` to somebody else, or ``not_now`` for this waiter.

    The waiter's own item decides who is at work for it; then come the claim and the seat.
    """
    until = clock.seconds(min(clock.now() + timedelta(minutes=plan.rules.offer_minutes), _closes(plan, slot)))
    appointment = ids.checked_id("offer", ids.new_id())
    offer = Offer(
        appointment=appointment, start=slot.start, ends=rules.slot_end(slot.start, plan.group.slot_minutes), until=until
    )
    services = tuple(waiter.services)
    wanted = Claim(
        appointment=appointment,
        services=services,
        hall=slot.hall,
        group=slot.group,
        day=waiter.day,
        start=slot.start,
        until=until,
        party=waiter.party,
        made=clock.seconds(clock.now()),
    )
    if not claims.may(waiter.visitor, wanted, plan):
        return "not_now"
    if not _moved(waiter, "keep_place", offer=offer):
        return "not_now"
    try:
        claims.claim(_FILLER, waiter.visitor, wanted, plan)
    except errors.Problem:
        _moved(waiter, "drop_offer")
        return "not_now"
    if not _seated(plan, slot, source, offer.seat(waiter.places)):
        claims.drop(_FILLER, waiter.visitor, appointment)
        back = _moved(waiter, "drop_offer")
        return "place_gone" if back else "not_now"
    made = msgspec.structs.replace(offer, made=True)
    is_announced = _moved(waiter, "announce", {"start": slot.start, "until": until}, made)
    return "made" if is_announced else "not_now"


def _moved(waiter: WaiterItem, action: str, data: Data | None = None, offer: Offer | None = None) -> bool:
    """Move the waiter and store it; False when somebody else changed it meanwhile."""
    happened = _move(waiter, action, "system", offer)
    try:
        tables.write(changes.record(waiter, Event(happened, _FILLER, data=data or {})))
        return True
    except tables.ConditionFailed:
        return False


def _seated(plan: Plan, slot: Slot, source: Seat | None, seat: Seat) -> bool:
    if source is None:
        try:
            return holds.take(slot, seat, plan.capacity("online")) == seat
        except errors.Problem:
            return _has_seat(slot, seat)
    try:
        store.slots.hand_on(slot, source, seat, plan.capacity("online"))
        return True
    except (tables.ConditionFailed, errors.Problem):
        return _has_seat(slot, seat)


def _has_seat(slot: Slot, seat: Seat) -> bool:
    """Whether the write was done although no answer said so."""
    return store.slots.occupancy(slot, consistent=True).seat_of(seat.appointment) is not None


def confirm(actor: Actor, text: str) -> AppointmentItem:
    """``bookings.confirm``; an offer of the waiting list is then taken.

    Raises as that, and ``relative_not_consented`` for an offer to a relative who has withdrawn consent.
    """
    waiter = _offered_to(holds.opened(actor, text))
    if waiter is not None and not _consents(waiter):
        raise identity.RELATIVE_NOT_CONSENTED()
    item = bookings.confirm(actor, text)
    if waiter is not None:
        _moved(waiter, "accept", {"appointment": item.id})
    return item


def _offered_to(held: HeldPlace) -> WaiterItem | None:
    """Who has this very hold as an offer now."""
    waiter = store.waiter(held.waiter) if held.waiter else None
    offer = waiter.offer if waiter is not None and waiter.status == OFFERED else None
    return waiter if offer is not None and offer.appointment == held.id else None


def give_up(actor: Actor, text: str) -> None:
    """``bookings.give_up``; an offer of the waiting list goes to the next."""
    waiter = _offered_to(holds.opened(actor, text))
    if waiter is None:
        bookings.give_up(actor, text)
    else:
        leave(actor, waiter)


def pass_on_expired(hall: str) -> int:
    """Offers of a hall whose time is over go to the next; how many."""
    passed = 0
    for waiter in store.open_offers(hall, 100):
        offer = waiter.offer
        if offer is None or offer.until > clock.now().timestamp():
            continue
        if store.void(offer.appointment) != rules.VOID:
            _moved(waiter, "accept", {"appointment": offer.appointment})
        elif not offer.made:
            _moved(waiter, "drop_offer")
        else:
            passed += _moved(waiter, "lapse", {"reason": "offer_not_taken"})
        _pass_on(waiter, offer)
    return passed


def _pass_on(item: WaiterItem, offer: Offer) -> None:
    """A void offer's place is kept for the next in the list for some minutes."""
    slot = _slot(item, offer)
    until = clock.seconds(clock.now() + timedelta(minutes=rules.RESERVED_MINUTES))
    if store.is_void(offer.appointment):
        with suppress(tables.ConditionFailed):
            store.slots.cool_held(slot, offer.seat(item.places), until)
    fill(item.hall, item.group, slot.day)


def offer_everywhere() -> int:
    """Every hall and released day: pass on expired offers, offer what is free; how many offers were made."""
    return batch.total(_offer_at, [summary.code for summary in catalog.release().halls])


def _offer_at(code: str) -> int:
    hall = catalog.hall(code)
    pass_on_expired(code)
    return sum(
        fill(code, group.code, clock.today() + timedelta(days))
        for group in hall.groups
        for days in range(hall.rules_of(group).horizon_days + 1)
    )


def position(item: WaiterItem) -> int:
    """How many wait before this one, and one more; 0 when it does not wait."""
    if item.status != WAITING:
        return 0
    listed = store.waiting(item.hall, item.group, item.day, 200)
    return next((place for place, other in enumerate(listed, 1) if other.id == item.id), 0)
