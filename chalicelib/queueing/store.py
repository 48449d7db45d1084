"""Stored queues, tickets, windows' signs of life, and the statistics of each day."""

from __future__ import annotations

import zlib
from datetime import date, timedelta

import msgspec
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.kernel import clock
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Names
from chalicelib.queueing.rules import Queue
from chalicelib.queueing.statistics import DayStatistics

TABLE = "queueing"
KEPT_DAYS = 400


class QueueItem(tables.AggregateTable):
    """A hall's queue of one day, as a whole; it holds those who are there now, so it stays small."""

    class Meta:
        table_name = TABLE

    state = BinaryAttribute(legacy_encoding=False, default=b"")
    expires_at = Integer()

    def opened(self) -> Queue:
        return msgspec.msgpack.decode(zlib.decompress(self.state), type=Queue) if self.state else Queue()

    def close(self, queue: Queue) -> None:
        self.state = zlib.compress(msgspec.msgpack.encode(queue), 6)


class TicketItem(tables.AggregateTable):
    """A ticket (排队号). While ``open``, the queue says where its holder is; after that, ``status`` how it ended."""

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute()
    number = UnicodeAttribute()
    hall = UnicodeAttribute()
    group = UnicodeAttribute()
    day = Day()
    lane = UnicodeAttribute()
    services = Names()
    appointment = UnicodeAttribute(null=True)
    holder = UnicodeAttribute(null=True)
    name = BinaryAttribute(legacy_encoding=False, null=True)
    materials = Json[list[int]](list[int], default=list)
    expires_at = Integer()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("TICKET#")


class SignItem(tables.Table):
    """When a window's screen last gave a sign of life."""

    class Meta:
        table_name = TABLE

    seen = Integer()
    expires_at = Integer()


class StatisticsItem(tables.Table):
    """What a hall's day came to; written once, when the day is closed."""

    class Meta:
        table_name = TABLE

    content = Json[DayStatistics](DayStatistics)


def _expiry(day: date) -> int:
    return clock.seconds(clock.now() + timedelta(KEPT_DAYS + (day - clock.today()).days))


def queue(hall: str, day: date, *, consistent: bool = False) -> QueueItem | None:
    """Half a read unit for each 4 kB (some hundred people), a whole one when ``consistent``."""
    return tables.read(QueueItem, f"QUEUE#{hall}#{day}", consistent=consistent)


def new_queue(hall: str, day: date) -> QueueItem:
    return QueueItem(f"QUEUE#{hall}#{day}", expires_at=_expiry(day))


def ticket(ticket_id: str, *, consistent: bool = True) -> TicketItem | None:
    return tables.read(TicketItem, f"TICKET#{ticket_id}", consistent=consistent)


def new_ticket(ticket_id: str, hall: str, day: date) -> TicketItem:
    return TicketItem(f"TICKET#{ticket_id}", hall=hall, day=day, expires_at=_expiry(day))


def seal_name(item: TicketItem, name: str) -> bytes | None:
    return vault.seal(name.encode(), TABLE, item.pk, "name") if name else None


def name_of(item: TicketItem) -> str:
    return vault.unseal(item.name, TABLE, item.pk, "name").decode() if item.name else ""


def sign(hall: str, day: date, window: str, seen: int) -> None:
    """Note a window's sign of life: one write unit."""
    item = SignItem(f"SIGNS#{hall}#{day}", window, seen=seen, expires_at=seen + 86400)
    tables.write(tables.Put(item))


def signs(hall: str, day: date) -> dict[str, int]:
    """Each window's last sign of life: one query of the hall's windows."""
    page = tables.query(SignItem, f"SIGNS#{hall}#{day}", limit=500)
    return {item.sk: item.seen for item in page.items}


def statistics(hall: str, day: date) -> StatisticsItem | None:
    return tables.read(StatisticsItem, f"STATISTICS#{hall}", str(day))


def new_statistics(hall: str, day: date, content: DayStatistics) -> StatisticsItem:
    return StatisticsItem(f"STATISTICS#{hall}", str(day), content=content)
