"""Stored slots: what is taken of each, and by whose seats (docs/decisions/booking.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pynamodb.attributes import (
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition

from chalicelib.appointments.seats import CHANNELS, NOTHING_TAKEN, Occupancy, Seat, Slot
from chalicelib.kernel import clock
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer

TABLE = "appointments"
SLOT_DAYS = 400


class SlotItem(tables.Table):
    """What is taken of one slot: how many places of each channel, and the seats behind them.

    One partition holds a month of one window group's slots, so that a month or a day is one query.
    Items exist only for slots of which something is or was taken.
    """

    class Meta:
        table_name = TABLE

    online = Integer(null=True)
    window = Integer(null=True)
    priority = Integer(null=True)
    held = UnicodeSetAttribute(null=True)
    kept = UnicodeSetAttribute(null=True)
    cooling = UnicodeSetAttribute(null=True)
    expires_at = Integer(null=True)


def _calendar(hall: str, group: str, day: date) -> str:
    return f"CALENDAR#{hall}#{group}#{day:%Y-%m}"


def _slot_key(slot: Slot) -> tuple[str, str]:
    return _calendar(slot.hall, slot.group, slot.day), f"{slot.day:%d}#{slot.start}"


def occupancy(slot: Slot, *, consistent: bool = False) -> Occupancy:
    """What is taken of a slot: half a read unit, a whole one when ``consistent``."""
    item = tables.read(SlotItem, *_slot_key(slot), consistent=consistent)
    return _occupancy(item) if item else NOTHING_TAKEN


def _occupancy(item: SlotItem) -> Occupancy:
    def seats(texts: set[str] | None) -> tuple[Seat, ...]:
        return tuple(Seat.parse(text) for text in sorted(texts or ()))

    taken = {channel: int(getattr(item, channel) or 0) for channel in CHANNELS}
    return Occupancy(taken=taken, held=seats(item.held), kept=seats(item.kept), cooling=seats(item.cooling))


def day_occupancy(hall: str, group: str, day: date) -> dict[str, Occupancy]:
    """What is taken of a day's slots, by when they begin: one query."""
    return {start: found for (_, start), found in _occupancies(hall, group, day, f"{day:%d}#").items()}


def month_occupancy(hall: str, group: str, month: date) -> dict[tuple[int, str], Occupancy]:
    """What is taken of a month's slots, by day of the month and beginning: one query."""
    return _occupancies(hall, group, month, "")


def _occupancies(hall: str, group: str, day: date, prefix: str) -> dict[tuple[int, str], Occupancy]:
    condition = SlotItem.sk.startswith(prefix) if prefix else None
    found: dict[tuple[int, str], Occupancy] = {}
    cursor = None
    while True:
        page = tables.query(SlotItem, _calendar(hall, group, day), condition, limit=10_000, cursor=cursor)
        for item in page.items:
            number, start = item.sk.split("#")
            found[int(number), start] = _occupancy(item)
        cursor = page.cursor
        if cursor is None:
            return found


def take(slot: Slot, seat: Seat, capacity: int) -> None:
    """Take a seat on hold if its channel has the places and the appointment has no seat in the slot yet.

    Raises ``ConditionFailed`` otherwise. One write unit.
    """
    counter = getattr(SlotItem, seat.channel)
    condition = counter.does_not_exist() | (counter <= capacity - seat.places)
    for channel in CHANNELS:
        same = replace(seat, channel=channel)
        condition &= ~SlotItem.held.contains(same.text) & ~SlotItem.kept.contains(same.as_kept().text)
    expires = clock.seconds(slot.starts_at + timedelta(SLOT_DAYS))
    actions = [counter.add(seat.places), SlotItem.held.add({seat.text}), SlotItem.expires_at.set(expires)]
    _update_slot(slot, actions, condition)


def keep(slot: Slot, seat: Seat) -> None:
    """A held seat's appointment is confirmed; raises ``ConditionFailed`` if it is not held."""
    _move(slot, "held", seat, "kept", seat.as_kept())


def cool(slot: Slot, seat: Seat, until: int) -> None:
    """A kept seat's appointment is cancelled: it is free again at ``until``; raises ``ConditionFailed``."""
    _move(
        slot,
        "kept",
        seat.as_kept(),
        "cooling",
        Seat(appointment=seat.appointment, channel=seat.channel, places=seat.places, until=until),
    )


def cool_held(slot: Slot, seat: Seat, until: int) -> None:
    """A held seat's hold is void or its appointment cancelled: its place is free again at ``until``."""
    _move(
        slot,
        "held",
        seat,
        "cooling",
        Seat(appointment=seat.appointment, channel=seat.channel, places=seat.places, until=until),
    )


def _move(slot: Slot, source: str, seat: Seat, target: str, moved: Seat) -> None:
    taken_from = getattr(SlotItem, source)
    given_to = getattr(SlotItem, target)
    actions = [taken_from.delete({seat.text}), given_to.add({moved.text})]
    _update_slot(slot, actions, taken_from.contains(seat.text))


def hand_on(slot: Slot, cooling: Seat, seat: Seat, capacity: int) -> None:
    """Give a cooling seat on to somebody else, on hold; what it has too many becomes free.

    Raises ``ConditionFailed`` if it is not cooling any more, or its channel has fewer places than are taken.
    """
    counter = getattr(SlotItem, seat.channel)
    actions = [SlotItem.cooling.delete({cooling.text}), SlotItem.held.add({seat.text})]
    if cooling.places > seat.places:
        actions.append(counter.add(seat.places - cooling.places))
    room = counter <= capacity + cooling.places - seat.places
    _update_slot(slot, actions, SlotItem.cooling.contains(cooling.text) & room)


def free(slot: Slot, seat: Seat, source: str) -> None:
    """Give a ``held`` or ``cooling`` seat's places back; raises ``ConditionFailed`` if it is not there any more."""
    attribute = getattr(SlotItem, source)
    counter = getattr(SlotItem, seat.channel)
    _update_slot(slot, [attribute.delete({seat.text}), counter.add(-seat.places)], attribute.contains(seat.text))


def _update_slot(slot: Slot, actions: Sequence[Any], condition: Condition) -> None:
    tables.update(SlotItem, *_slot_key(slot), actions, condition)
