"""Stored appointments: slots, visitors' claims, appointments, waiting lists (docs/decisions/booking.md)."""

from __future__ import annotations

import zlib
from datetime import date

import msgspec
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    UnicodeAttribute,
)

from chalicelib.appointments import rules
from chalicelib.appointments.rules import VOID
from chalicelib.appointments.seats import Claim, Seat, Slot
from chalicelib.appointments.store import slots
from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Moment, Names
from chalicelib.kernel.storage.tables import Page

VOID_SECONDS = 2 * 86400
KEPT_DAYS = 400
"""How long an appointment is kept after its day: no-shows are remembered for a year at most."""


class BookerItem(tables.AggregateTable):
    """A visitor's claims on places, no-shows and pace; the limits hold because it changes only as a whole."""

    class Meta:
        table_name = slots.TABLE

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
    """An appointment (预约), written when a hold is confirmed. It decides whether the seat is somebody's.

    It disappears by itself ``KEPT_DAYS`` after its day.
    """

    class Meta:
        table_name = slots.TABLE

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
    expires_at = Integer()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        """Also its number: 11 characters and a check character."""
        return self.pk.removeprefix("APPOINTMENT#")

    @property
    def slot(self) -> Slot:
        return Slot(hall=self.hall, group=self.group, day=self.day, start=self.start)

    @property
    def seat(self) -> Seat:
        return Seat(appointment=self.id, channel=self.channel, places=self.places)


class VoidItem(tables.Table):
    """In an appointment's place: its hold expired or was given up, and can never be confirmed."""

    class Meta:
        table_name = slots.TABLE

    status = UnicodeAttribute()
    expires_at = Integer()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A place that is kept for somebody on the waiting list until ``until`` (epoch seconds).

    The seat is kept some minutes longer, so that the next in the list gets it and nobody else.
    """

    appointment: str
    start: str
    ends: str
    until: int
    made: bool = False

    def seat(self, places: int) -> Seat:
        return Seat(
            appointment=self.appointment,
            channel="online",
            places=places,
            until=self.until + 60 * rules.RESERVED_MINUTES,
        )


class WaiterItem(tables.AggregateTable):
    """Somebody on a day's waiting list (候补); in gsi1 while waiting, in order of arrival."""

    class Meta:
        table_name = slots.TABLE

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


class AppointmentReadingItem(readings.ReadingItem):
    """Which staff member read whose appointment, and when."""

    class Meta:
        table_name = slots.TABLE


def record_reading(item: AppointmentItem, actor: Actor) -> None:
    """Record that staff are about to read this; if that fails, nothing is shown."""
    party = item.visitor_account or item.party
    tables.write(readings.record(AppointmentReadingItem, item.subject, actor, party))


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
    return vault.seal(name.encode(), slots.TABLE, item.pk, "name")


def name_of(item: AppointmentItem | WaiterItem) -> str:
    return vault.unseal(item.name, slots.TABLE, item.pk, "name").decode()


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
