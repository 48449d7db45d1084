"""Stored queues, numbers, tickets, windows and their signs of life, and the statistics of each day."""

from __future__ import annotations

from datetime import date, timedelta

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.kernel import clock
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Names
from chalicelib.queueing import packing
from chalicelib.queueing.queue import Queue
from chalicelib.queueing.statistics import DayStatistics

TABLE = "queueing"
KEPT_DAYS = 400


class QueueItem(tables.VersionedTable):
    """A hall's queue of one day, as a whole: about one write unit (1 kB) with 2,000 people and 8 windows."""

    class Meta:
        table_name = TABLE

    state = BinaryAttribute(legacy_encoding=False, default=b"")
    expires_at = Integer()

    def unpacked(self) -> Queue:
        return packing.unpack(self.state) if self.state else Queue()

    def pack(self, queue: Queue) -> None:
        self.state = packing.pack(queue)


class NumberItem(tables.Table):
    """Whose number it is: the ticket's id, and since when (seconds of the day) its holder is here.

    A repeat writes the same once more.
    """

    class Meta:
        table_name = TABLE

    ticket = UnicodeAttribute()
    since = Integer()
    expires_at = Integer()


class TicketItem(tables.AggregateTable):
    """A ticket (排队号). While ``open``, the queue says where its holder is; after that, ``status`` how it ended.

    ``holder`` may see it: the person, or the enterprise for which ``handler`` (an account) comes. ``key`` is the
    request that took it. ``since``: seconds of the day.
    """

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute()
    number = UnicodeAttribute()
    hall = UnicodeAttribute()
    group = UnicodeAttribute()
    day = Day()
    since = Integer()
    lane = UnicodeAttribute()
    services = Names()
    appointment = UnicodeAttribute(null=True)
    holder = UnicodeAttribute(null=True)
    handler = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    name = BinaryAttribute(legacy_encoding=False, null=True)
    materials = Json[list[int]](list[int], default=list)
    expires_at = Integer()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("TICKET#")


class WindowItem(tables.AggregateTable):
    """A window on one day: which clerk opened it last, and who opened, closed and lost it."""

    class Meta:
        table_name = TABLE

    clerk = UnicodeAttribute(default="")
    expires_at = Integer()


class SignItem(tables.Table):
    """When a window's screen last gave a sign of life."""

    class Meta:
        table_name = TABLE

    seen = Integer()
    expires_at = Integer()


class StatisticsItem(tables.AggregateTable):
    """What a hall's day came to; written once, when the day is closed."""

    class Meta:
        table_name = TABLE

    content = Json[DayStatistics](DayStatistics)


def _expiry(day: date) -> int:
    return clock.seconds(clock.now() + timedelta(KEPT_DAYS + (day - clock.today()).days))


def queue(hall: str, day: date, *, consistent: bool = False) -> QueueItem | None:
    """Half a read unit for each 4 kB (some thousand people), a whole one when ``consistent``."""
    return tables.read(QueueItem, f"QUEUE#{hall}#{day}", consistent=consistent)


def new_queue(hall: str, day: date) -> QueueItem:
    return QueueItem(f"QUEUE#{hall}#{day}", expires_at=_expiry(day))


def number(hall: str, day: date, printed: str) -> NumberItem | None:
    return tables.read(NumberItem, f"NUMBER#{hall}#{day}", printed, consistent=True)


def new_number(hall: str, day: date, printed: str, ticket_id: str, since: int) -> NumberItem:
    return NumberItem(f"NUMBER#{hall}#{day}", printed, ticket=ticket_id, since=since, expires_at=_expiry(day))


def ticket(ticket_id: str, *, consistent: bool = True) -> TicketItem | None:
    return tables.read(TicketItem, f"TICKET#{ticket_id}", consistent=consistent)


def new_ticket(ticket_id: str, hall: str, day: date) -> TicketItem:
    return TicketItem(f"TICKET#{ticket_id}", hall=hall, day=day, expires_at=_expiry(day))


def seal_name(item: TicketItem, name: str) -> bytes | None:
    return vault.seal(name.encode(), TABLE, item.pk, "name") if name else None


def name_of(item: TicketItem) -> str:
    return vault.unseal(item.name, TABLE, item.pk, "name").decode() if item.name else ""


def window(hall: str, day: date, code: str, *, consistent: bool = False) -> WindowItem:
    """A window's item; a new one if nobody has opened it on this day."""
    key = f"WINDOW#{hall}#{day}"
    return tables.read(WindowItem, key, code, consistent=consistent) or WindowItem(key, code, expires_at=_expiry(day))


def clerks(hall: str, day: date) -> dict[str, str]:
    """Who opened each window last: one query of the hall's windows."""
    page = tables.query(WindowItem, f"WINDOW#{hall}#{day}", limit=500)
    return {item.sk: item.clerk for item in page.items}


def sign(hall: str, day: date, window_code: str, seen: int) -> None:
    """Note a window's sign of life: one write unit."""
    item = SignItem(f"SIGNS#{hall}#{day}", window_code, seen=seen, expires_at=seen + 86400)
    tables.write(tables.Put(item))


def signs(hall: str, day: date) -> dict[str, int]:
    """Each window's last sign of life: one query of the hall's windows."""
    page = tables.query(SignItem, f"SIGNS#{hall}#{day}", limit=500)
    return {item.sk: item.seen for item in page.items}


def statistics(hall: str, day: date) -> StatisticsItem | None:
    return tables.read(StatisticsItem, f"STATISTICS#{hall}", str(day))


def new_statistics(hall: str, day: date, content: DayStatistics) -> StatisticsItem:
    return StatisticsItem(f"STATISTICS#{hall}", str(day), content=content)
