"""Appointments: confirmed from a hold, moved, cancelled (docs/decisions/booking.md).

The appointment's item, written if absent, decides; then the seat is marked kept.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import msgspec

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import Claim, Slot
from chalicelib.appointments.service import holds, plans
from chalicelib.appointments.service.holds import HeldPlace, opened
from chalicelib.appointments.store import AppointmentItem, Book, WaiterItem
from chalicelib.catalog.definition import BookingRules
from chalicelib.identity.service import Visitor
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Put


def confirm(actor: Actor, text: str) -> AppointmentItem:
    """Make a hold an appointment, once; a repeat finds it. Two write units (three more to replace another one).

    Raises ``hold_invalid``, ``hold_expired`` or, for a move, ``appointment_wrong_state``.
    """
    held = opened(actor, text)
    if held.until <= clock.now().timestamp():
        item = store.appointment(held.id)
        if item is None:
            raise rules.HOLD_EXPIRED()
    else:
        item = optimistic.repeat(lambda: _confirmed(actor, held))
    if item.status == rules.CONFIRMED:
        with suppress(tables.ConditionFailed, errors.Problem):
            store.slots.keep(held.slot, held.seat)
    return item


def _confirmed(actor: Actor, held: HeldPlace) -> AppointmentItem:
    """The appointment that the hold has become, now or before.

    Raises ``ConditionFailed`` when what it replaces changed meanwhile.
    """
    item = _appointment(held)
    confirmed = rules.APPOINTMENTS.move(item, "confirm", "visitor")
    event = Event(confirmed, actor, data=_facts(item))
    try:
        tables.write(changes.record(item, event), *_replacement_writes(actor, held))
        return item
    except tables.ConditionFailed:
        if store.is_void(held.id):
            raise rules.HOLD_EXPIRED() from None
        known = store.appointment(held.id)
        if known is None:
            raise
        return known


def _appointment(held: HeldPlace) -> AppointmentItem:
    item = AppointmentItem(
        f"APPOINTMENT#{held.id}",
        hall=held.hall,
        group=held.group,
        day=held.day,
        start=held.start,
        ends=held.ends,
        channel=held.channel,
        places=held.places,
        services=held.services,
        party=held.party,
        visitor=held.visitor,
        visitor_account=held.visitor_account,
    )
    item.name = store.seal_name(item, held.name)
    item.expires_at = clock.seconds(held.slot.starts_at + timedelta(days=store.KEPT_DAYS))
    return item


def _facts(item: AppointmentItem) -> dict[str, str | int | list[str]]:
    return {"hall": item.hall, "day": str(item.day), "start": item.start, "services": item.services}


def _replacement_writes(actor: Actor, held: HeldPlace) -> list[Put]:
    """The write that cancels the appointment which this one replaces; with the other write it is one transaction."""
    if not held.moves:
        return []
    old = store.appointment(held.moves)
    if old is None or store.appointment(held.id) is not None:
        return []
    moved = rules.APPOINTMENTS.move(old, "move", "visitor")
    return [changes.record(old, Event(moved, actor, data={"to": held.id}))]


def give_up(actor: Actor, text: str) -> None:
    """Give a hold back before it expires; raises ``hold_invalid``, or ``appointment_wrong_state`` once confirmed."""
    held = opened(actor, text)
    status = store.void(held.id)
    if status != rules.VOID:
        raise rules.APPOINTMENTS.refusal(status)
    with suppress(tables.ConditionFailed):
        store.slots.free(held.slot, held.seat, "held")


def cancel(actor: Actor, item: AppointmentItem, reason: str) -> AppointmentItem:
    """Cancel an appointment; its place comes back at a random moment. Repeating it changes nothing.

    Raises ``too_late_to_cancel`` or ``appointment_wrong_state``.
    """
    if item.status == rules.CANCELLED:
        return item
    if actor.kind == "person":
        rules.check_cancellable(item.slot, clock.now(), _rules_of(item).cancel_until_hours)
    cancelled = rules.APPOINTMENTS.move(item, "cancel", "visitor")
    tables.write_or_conflict(changes.record(item, Event(cancelled, actor, note=reason)))
    return item


def _rules_of(item: AppointmentItem) -> BookingRules:
    return plans.rules_of(item.hall, item.group)


def resumed(actor: Actor, visitor: Visitor, claim: Claim) -> HeldPlace | None:
    """The hold behind a visitor's claim, for a client that has lost it; None when there is none any more."""
    if claim.until <= clock.now().timestamp() or not actor.holds(claim.party):
        return None
    seat = store.slots.occupancy(claim.slot, consistent=True).seat_of(claim.appointment)
    if seat is None or seat.until != claim.until:
        return None  # nothing, or an offer of the waiting list, which is found there
    held = holds.held_place(plans.plan(claim.hall, list(claim.services)), visitor, claim)
    return msgspec.structs.replace(held, channel=seat.channel, places=seat.places)


def book_of(visitor: Visitor) -> Book:
    """What the visitor has booked, also before a proof, and the no-shows that are remembered."""
    found = Book(claims=[], no_shows=[])
    for key in visitor.keys:
        item = store.booker(key)
        if item is not None:
            book = item.opened()
            found.claims += book.claims
            found.no_shows += book.no_shows
    return found


def offered(item: WaiterItem, until: int, seat_until: int, slot: Slot, ends: str, appointment: str) -> HeldPlace:
    """The hold that a place for the waiting list is."""
    return HeldPlace(
        id=appointment,
        hall=slot.hall,
        group=slot.group,
        day=slot.day,
        start=slot.start,
        ends=ends,
        channel="online",
        places=item.places,
        services=item.services,
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
