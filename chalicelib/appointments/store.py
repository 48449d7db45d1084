"""Stored appointments: slots, visitors' claims, appointments, waiting lists (docs/decisions/booking.md)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition

from chalicelib.appointments import rules
from chalicelib.appointments.rules import CHANNELS, NOTHING_TAKEN, VOID, Claim, Occupancy, Seat, Slot
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Moment, Names
from chalicelib.kernel.storage.tables import Page

TABLE = "appointments"
SLOT_DAYS = 400
VOID_SECONDS = 2 * 86400


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


class BookerItem(tables.AggregateTable):
    """A visitor's claims on places, no-shows and pace; the limits hold because it changes only as a whole."""

    class Meta:
        table_name = TABLE

    book = BinaryAttribute(legacy_encoding=False, default=b"")

    def opened(self) -> Book:
        return msgspec.msgpack.decode(zlib.decompress(self.book), type=Book) if self.book else Book()

    def close(self, book: Book) -> None:
        self.book = zlib.compress(msgspec.msgpack.encode(book), 9)


class Book(msgspec.Struct):
    """``tries``: when places were held lately (epoch seconds) and with which booking tickets."""

    claims: list[Claim] = []
    no_shows: list[tuple[str, date]] = []
    tries: list[tuple[int, str]] = []


class AppointmentItem(tables.AggregateTable):
    """An appointment (预约), written when a hold is confirmed. It decides whether the seat is somebody's."""

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute()
    hall = UnicodeAttribute()
    group = UnicodeAttribute()
    day = Day()
    start = UnicodeAttribute()
    ends = UnicodeAttribute()
    channel = UnicodeAttribute()
    places = Integer()
    services = Names()
    party = UnicodeAttribute()
    visitor = UnicodeAttribute()
    visitor_account = UnicodeAttribute(default="")
    name = BinaryAttribute(legacy_encoding=False)
    reminded = BooleanAttribute(default=False)
    appeal = BinaryAttribute(legacy_encoding=False, null=True)
    appeal_is_open = BooleanAttribute(default=False)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        """Also its number: 11 characters and a check character."""
        return self.pk.removeprefix("APPOINTMENT#")

    @property
    def slot(self) -> Slot:
        return Slot(self.hall, self.group, self.day, self.start)

    @property
    def seat(self) -> Seat:
        return Seat(self.id, self.channel, self.places)


class VoidItem(tables.Table):
    """In an appointment's place: its hold expired or was given up, and can never be confirmed."""

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute()
    expires_at = Integer()


class Offer(msgspec.Struct, frozen=True):
    """A place that is kept for somebody on the waiting list until ``until`` (epoch seconds).

    The seat is kept some minutes longer, so that the next in the list gets it and nobody else.
    """

    appointment: str
    start: str
    ends: str
    until: int
    made: bool = False

    def seat(self, places: int) -> Seat:
        return Seat(self.appointment, "online", places, self.until + 60 * rules.RESERVED_MINUTES)


class WaiterItem(tables.AggregateTable):
    """Somebody on a day's waiting list (候补); in gsi1 while waiting, in order of arrival."""

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute()
    hall = UnicodeAttribute()
    group = UnicodeAttribute()
    day = Day()
    earliest = UnicodeAttribute()
    latest = UnicodeAttribute()
    places = Integer()
    services = Names()
    party = UnicodeAttribute()
    relative = UnicodeAttribute(null=True)
    visitor = UnicodeAttribute()
    visitor_account = UnicodeAttribute(default="")
    name = BinaryAttribute(legacy_encoding=False)
    joined_at = Moment()
    offer = Json[Offer | None](Offer, null=True)
    expires_at = Integer()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("WAITER#")


class AppointmentReadingItem(changes.ReadingItem):
    """Which staff member read whose appointment, and when."""

    class Meta:
        table_name = TABLE


def record_reading(item: AppointmentItem, actor: Actor) -> None:
    """Record that staff are about to read this; if that fails, nothing is shown."""
    tables.write(changes.record_reading(AppointmentReadingItem, item.subject, actor))


# Slots


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
    return Occupancy(taken, seats(item.held), seats(item.kept), seats(item.cooling))


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
    _move(slot, "kept", seat.as_kept(), "cooling", Seat(seat.appointment, seat.channel, seat.places, until))


def cool_held(slot: Slot, seat: Seat, until: int) -> None:
    """A held seat's hold is void or its appointment cancelled: its place is free again at ``until``."""
    _move(slot, "held", seat, "cooling", Seat(seat.appointment, seat.channel, seat.places, until))


def _move(slot: Slot, source: str, seat: Seat, target: str, moved: Seat) -> None:
    taken_from, given_to = getattr(SlotItem, source), getattr(SlotItem, target)
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


# Visitors and appointments


def booker(visitor: str) -> BookerItem | None:
    return tables.read(BookerItem, f"BOOKER#{visitor}", consistent=True)


def new_booker(visitor: str) -> BookerItem:
    return BookerItem(f"BOOKER#{visitor}")


def appointment(appointment_id: str, *, consistent: bool = True) -> AppointmentItem | None:
    """An appointment by id or by its number as people write it; None also for a void hold."""
    compact = ids.normalized(appointment_id)
    found = tables.read(AppointmentItem, f"APPOINTMENT#{compact}", consistent=consistent) if compact else None
    return found if found is not None and found.status != VOID else None


def fate(appointment_id: str) -> AppointmentItem | None:
    """What became of a hold: the appointment, an item with the state ``VOID``, or None as yet."""
    return tables.read(AppointmentItem, f"APPOINTMENT#{appointment_id}", consistent=True)


def seal_name(item: AppointmentItem | WaiterItem, name: str) -> bytes:
    return vault.seal(name.encode(), TABLE, item.pk, "name")


def name_of(item: AppointmentItem | WaiterItem) -> str:
    return vault.unseal(item.name, TABLE, item.pk, "name").decode()


def void(appointment_id: str) -> str:
    """Make sure that a hold is never confirmed; ``VOID`` then, or the state of the appointment that it became."""
    pk = f"APPOINTMENT#{appointment_id}"
    item = VoidItem(pk, expires_at=clock.seconds(clock.now()) + VOID_SECONDS)
    rules.APPOINTMENTS.move(item, "void", "system")
    try:
        tables.write(tables.Put(item, tables.absent(VoidItem)))
        return VOID
    except tables.ConditionFailed:
        stored = tables.read(VoidItem, pk, consistent=True)
        assert stored is not None
        return stored.status


def is_void(appointment_id: str) -> bool:
    """Whether a hold can never be confirmed any more."""
    stored = tables.read(VoidItem, f"APPOINTMENT#{appointment_id}", consistent=True)
    return stored is not None and stored.status == VOID


def open_appeal(item: AppointmentItem) -> None:
    """Put a no-show on the list of those on which the hall has to decide."""
    item.appeal_is_open = True
    item.gsi1pk = f"APPEALS#{item.hall}"
    item.gsi1sk = f"{item.day}#{item.id}"


def close_appeal(item: AppointmentItem) -> None:
    item.appeal_is_open = False
    item.gsi1pk = None
    item.gsi1sk = None


def appeals(hall: str, cursor: str | None) -> Page:
    """No-shows of a hall against which an appeal waits for a decision, the oldest first."""
    return tables.query(AppointmentItem.gsi1, f"APPEALS#{hall}", index="gsi1", cursor=cursor)


# Waiting lists


def waiter(waiter_id: str) -> WaiterItem | None:
    return tables.read(WaiterItem, f"WAITER#{waiter_id}", consistent=True)


def waiting_key(hall: str, group: str, day: date) -> str:
    return f"WAITING#{hall}#{group}#{day}"


def waiting(hall: str, group: str, day: date, limit: int) -> list[WaiterItem]:
    """The first of those who wait for a day, in order."""
    return tables.query(WaiterItem.gsi1, waiting_key(hall, group, day), index="gsi1", limit=limit).items


def open_offers(hall: str, limit: int) -> list[WaiterItem]:
    """The hall's offers that wait for an answer, those that end first."""
    return tables.query(WaiterItem.gsi1, f"OFFERS#{hall}", index="gsi1", limit=limit).items


def order_of_arrival(item: WaiterItem) -> str:
    """The sort key of a waiting list: who came first stands first."""
    return f"{int(item.joined_at.timestamp() * 1000):013d}#{item.id}"
