"""What becomes of places that come back: cooling down, and offers to the waiting list (候补) in order."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta

import msgspec

from chalicelib.appointments import rules, store
from chalicelib.appointments.rules import Seat, Slot
from chalicelib.appointments.service import booking, claims, plans
from chalicelib.appointments.service.booking import HeldPlace
from chalicelib.appointments.service.plans import Plan
from chalicelib.appointments.store import AppointmentItem, Book, WaiterItem
from chalicelib.catalog import service as catalog
from chalicelib.identity.service import Visitor
from chalicelib.kernel import changes, clock, errors, ids, tables
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.changes import Event

WAITING, OFFERED, ACCEPTED, LEFT, LAPSED = "waiting", "offered", "accepted", "left", "lapsed"
_CONSIDERED = 20
_RESERVED_MINUTES = 10
_KEPT_DAYS = 90
_FILLER = system("waiting_list")


class Offer(msgspec.Struct, frozen=True):
    """A place that is kept for somebody on the waiting list until ``until`` (epoch seconds)."""

    appointment: str
    start: str
    ends: str
    channel: str
    until: int


def join(actor: Actor, wish: booking.Wish, latest: str) -> WaiterItem:
    """Wait for a place between two times of a released day; a repeat finds the entry.

    Raises what ``plans.plan`` raises, ``booking_blocked``, ``slot_not_released``, ``slot_past`` or
    ``waiting_list_full``.
    """
    booking.check_mandate(actor, wish.services)
    plan = plans.plan(wish.hall, wish.services)
    _check_day(plan, wish.day)
    visitor = booking.visitor_of(actor, wish.relative, None)
    booker = store.booker(visitor.key)
    claims.check_credit(booker.opened() if booker else Book(), plan)
    item = store.waiter(ids.derived_id("waiter", visitor.key, plan.hall.code, plan.group.code, str(wish.day)))
    if item is not None and item.status in (WAITING, OFFERED, ACCEPTED):
        return item
    most = plan.rules.waiting_most
    if len(store.waiting(plan.hall.code, plan.group.code, str(wish.day), most)) >= most:
        raise rules.WAITING_LIST_FULL()
    if item is None:
        item = _new_waiter(plan, wish.day, visitor)
    item.earliest, item.latest = wish.start, latest
    item.places, item.services = plan.places, ",".join(plan.services)
    item.party = actor.organization or actor.id
    item.joined = store.order_of_arrival(clock.now(), item.id)
    _set_status(item, WAITING)
    tables.write_or_conflict(changes.put(item, Event("waiting_joined", actor, data={"day": str(wish.day)})))
    return item


def _check_day(plan: Plan, day: date) -> None:
    if not plan.starts_on(day):
        raise rules.SLOT_UNKNOWN()
    if day < clock.today():
        raise rules.SLOT_PAST()
    released = plan.released_at(day)
    if clock.now() < released:
        raise rules.SLOT_NOT_RELEASED(at=rules.spoken(released))


def _new_waiter(plan: Plan, day: date, visitor: Visitor) -> WaiterItem:
    waiter_id = ids.derived_id("waiter", visitor.key, plan.hall.code, plan.group.code, str(day))
    item = WaiterItem(f"WAITER#{waiter_id}", hall=plan.hall.code, group=plan.group.code, day=str(day))
    item.visitor, item.visitor_account = visitor.key, visitor.account
    item.name = store.seal_name(item, visitor.name)
    item.expires_at = clock.seconds(plan.slot(day, "00:00").starts_at + timedelta(_KEPT_DAYS))
    return item


def _set_status(item: WaiterItem, status: str, offer: Offer | None = None) -> None:
    """The state, and in which list the entry is for it."""
    item.status = status
    item.offer = msgspec.json.encode(offer).decode() if offer else None
    if status == WAITING:
        item.gsi1pk, item.gsi1sk = store.waiting_key(item.hall, item.group, item.day), item.joined
    elif status == OFFERED and offer:
        item.gsi1pk, item.gsi1sk = f"OFFERS#{item.hall}", f"{offer.until:010d}#{item.id}"
    else:
        item.gsi1pk = item.gsi1sk = None


def leave(actor: Actor, item: WaiterItem) -> None:
    """Wait no longer; an offer goes to the next."""
    if item.status in (LEFT, LAPSED):
        return
    if item.status == ACCEPTED:
        raise rules.WAITER_WRONG_STATE(status=item.status)
    offer = offer_of(item)
    if offer is not None and store.void(offer.appointment) != rules.VOID:
        raise rules.WAITER_WRONG_STATE(status=ACCEPTED)
    _set_status(item, LEFT)
    tables.write_or_conflict(changes.put(item, Event("waiting_left", actor)))
    if offer is not None:
        _pass_on(item, offer)


def offer_of(item: WaiterItem) -> Offer | None:
    return msgspec.json.decode(item.offer, type=Offer) if item.offer else None


def held_for(item: WaiterItem) -> HeldPlace | None:
    """The hold behind an offer, to be confirmed like any other; None when there is none any more."""
    offer = offer_of(item)
    if offer is None or item.status != OFFERED or offer.until <= clock.now().timestamp():
        return None
    slot = _slot(item, offer)
    if store.occupancy(slot, consistent=True).seat_of(offer.appointment) is None:
        return None
    return booking.offered(item, offer.until, slot, offer.ends, offer.channel, offer.appointment)


def _slot(item: WaiterItem, offer: Offer) -> Slot:
    return Slot(item.hall, item.group, date.fromisoformat(item.day), offer.start)


def settle_cancelled(appointment_id: str) -> None:
    """After a cancellation: the place cools down, or is offered to who waits. Doing it again changes nothing."""
    item = store.appointment(appointment_id)
    if item is None or item.status != rules.CANCELLED:
        return
    until = booking.random_release(item, secrets.randbelow(1000) / 1000)
    with suppress(tables.ConditionFailed):
        store.cool(item.slot, item.seat, until)
    with suppress(tables.ConditionFailed):
        seen = store.occupancy(item.slot, consistent=True)
        held = next((seat for seat in seen.held if seat.appointment == item.id), None)
        if held is not None:
            store.cool_held(item.slot, held, until)
    fill(item.hall, item.group, item.slot.day)


def fill(hall: str, group: str, day: date) -> int:
    """Offer a day's places that are free or came back to those who wait for it, in order; how many offers."""
    waiters = store.waiting(hall, group, str(day), _CONSIDERED)
    if not waiters:
        return 0
    plan = _plan_of(waiters[0])
    if plan is None:
        return 0
    made = 0
    for waiter in waiters:
        for slot, source in _offerable(plan, waiter):
            outcome = _offer(plan, waiter, slot, source)
            made += outcome == "made"
            if outcome != "place_gone":
                break
    return made


def _plan_of(waiter: WaiterItem) -> Plan | None:
    try:
        return plans.plan(waiter.hall, waiter.service_codes)
    except errors.Problem:
        return None


def _offerable(plan: Plan, waiter: WaiterItem) -> Iterator[tuple[Slot, Seat | None]]:
    """Slots within the waiter's times that have a place: one that cools down, or (None) a free one."""
    day, now, places = date.fromisoformat(waiter.day), clock.now(), int(waiter.places)
    taken = store.day_occupancy(plan.hall.code, plan.group.code, day)
    for start in plan.starts_on(day):
        slot = plan.slot(day, start)
        if not waiter.earliest <= start <= waiter.latest or _closes(plan, slot) <= now:
            continue
        seen = taken.get(start, rules.NOTHING_TAKEN)
        cooling = [seat for seat in seen.cooling if seat.channel == "online" and seat.places >= places]
        yield from ((slot, seat) for seat in cooling)
        if seen.free("online", plan.capacity("online"), now) >= places:
            yield slot, None


def _closes(plan: Plan, slot: Slot) -> datetime:
    return slot.starts_at - timedelta(minutes=plan.rules.cut_off_minutes)


def _offer(plan: Plan, waiter: WaiterItem, slot: Slot, source: Seat | None) -> str:
    """Offer a place to one waiter: ``made``, ``place_gone`` to somebody else, or ``not_now`` for this waiter.

    The waiter's own item decides who is at work for it; then come the claim and the seat.
    """
    until = min(clock.now() + timedelta(minutes=plan.rules.offer_minutes), _closes(plan, slot))
    appointment = ids.checked_id("offer", ids.new_id())
    seat = Seat(appointment, "online", int(waiter.places), clock.seconds(until))
    ends = rules.slot_end(slot.start, plan.group.slot_minutes)
    services = tuple(waiter.service_codes)
    wanted = rules.Claim(appointment, services, slot.hall, slot.group, waiter.day, slot.start, seat.until)
    if not _put(
        waiter, OFFERED, Event("offer_begun", _FILLER), Offer(appointment, slot.start, ends, "online", seat.until)
    ):
        return "not_now"
    try:
        claims.claim(_FILLER, waiter.visitor, wanted, plan)
    except errors.Problem as problem:
        _put(waiter, LAPSED, Event("waiting_lapsed", _FILLER, data={"reason": problem.error.code}))
        return "not_now"
    if not _seated(plan, slot, source, seat):
        claims.drop(_FILLER, waiter.visitor, appointment)
        back = _put(waiter, WAITING, Event("offer_dropped", _FILLER))
        return "place_gone" if back else "not_now"
    event = Event("place_offered", _FILLER, data={"start": slot.start, "until": seat.until})
    return "made" if _put(waiter, OFFERED, event, offer_of(waiter)) else "not_now"


def _put(waiter: WaiterItem, status: str, event: Event, offer: Offer | None = None) -> bool:
    """Write the waiter's new state; False when somebody else changed it meanwhile."""
    _set_status(waiter, status, offer)
    try:
        tables.write(changes.put(waiter, event))
        return True
    except tables.ConditionFailed:
        return False


def _seated(plan: Plan, slot: Slot, source: Seat | None, seat: Seat) -> bool:
    if source is None:
        try:
            return booking.take(slot, seat, plan.capacity("online")) == seat
        except errors.Problem:
            return False
    try:
        store.hand_on(slot, source, seat)
        return True
    except tables.ConditionFailed:
        return False


def confirm(actor: Actor, text: str) -> AppointmentItem:
    """``booking.confirm``; an offer of the waiting list is then taken."""
    item = booking.confirm(actor, text)
    waiter_id = booking.opened(actor, text).waiter
    waiter = store.waiter(waiter_id) if waiter_id else None
    if waiter is not None and waiter.status == OFFERED:
        _put(waiter, ACCEPTED, Event("offer_accepted", _FILLER, data={"appointment": item.id}))
    return item


def pass_on_expired(hall: str) -> int:
    """Offers of a hall whose time is over go to the next; how many."""
    passed = 0
    for waiter in store.open_offers(hall, 100):
        offer = offer_of(waiter)
        if offer is None or offer.until > clock.now().timestamp():
            continue
        if store.void(offer.appointment) != rules.VOID:
            _put(waiter, ACCEPTED, Event("offer_accepted", _FILLER, data={"appointment": offer.appointment}))
        elif store.occupancy(_slot(waiter, offer), consistent=True).seat_of(offer.appointment) is None:
            _put(waiter, WAITING, Event("offer_dropped", _FILLER))
        else:
            passed += _put(waiter, LAPSED, Event("waiting_lapsed", _FILLER, data={"reason": "offer_not_taken"}))
            _pass_on(waiter, offer)
    return passed


def _pass_on(item: WaiterItem, offer: Offer) -> None:
    """A void offer's place is kept for the next in the list for some minutes."""
    slot = _slot(item, offer)
    seat = Seat(offer.appointment, offer.channel, int(item.places), offer.until)
    until = clock.seconds(clock.now() + timedelta(minutes=_RESERVED_MINUTES))
    with suppress(tables.ConditionFailed):
        store.cool_held(slot, seat, until)
    fill(item.hall, item.group, slot.day)


def offer_everywhere() -> int:
    """Every hall and released day: pass on expired offers, offer what is free; how many offers were made."""
    made = 0
    for summary in catalog.release().halls:
        hall = catalog.hall(summary.code)
        pass_on_expired(hall.code)
        for group in hall.groups:
            horizon = hall.rules_of(group).horizon_days
            made += sum(fill(hall.code, group.code, clock.today() + timedelta(days)) for days in range(horizon + 1))
    return made


def position(item: WaiterItem) -> int:
    """How many wait before this one, and one more; 0 when it does not wait."""
    if item.status != WAITING:
        return 0
    listed = store.waiting(item.hall, item.group, item.day, 200)
    return next((place for place, other in enumerate(listed, 1) if other.id == item.id), 0)
