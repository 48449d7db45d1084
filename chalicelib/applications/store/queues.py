"""The units' queues (待办): a row for each task that somebody can act on."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Day, Integer, OptionalDay
from chalicelib.kernel.storage.tables import Page

TABLE = "applications"


class QueueRow(tables.Table):
    """A row of a unit's queue (待办); the application's head is what decides about it.

    The key is the queue and then the due day, so a page of a queue costs the same however many wait, without an index.
    ``head_version``: of the head that it shows, or an older one. ``due_on``: None while the clock stands: at the end.
    """

    class Meta:
        table_name = TABLE

    step = UnicodeAttribute()
    seat = Integer()
    kind = UnicodeAttribute()
    post = UnicodeAttribute()
    mark = UnicodeAttribute()
    unit = UnicodeAttribute()
    service = UnicodeAttribute()
    service_version = Integer()
    receipt = UnicodeAttribute()
    officer = UnicodeAttribute(default="")
    head_version = Integer(default=0)
    due_on = OptionalDay(null=True)
    opened = Day()

    @property
    def id(self) -> str:
        """The task's id."""
        return self.sk.partition("#")[2]

    @property
    def application_id(self) -> str:
        return self.id.partition("-")[0]


def queue_key(unit: str, post: str) -> str:
    """The queue of a unit: that of its officers, or that of its head."""
    return f"QUEUE#{unit}" if post == "officer" else f"QUEUE#{unit}/{post}"


def queue(unit: str, post: str, cursor: str | None, limit: int = 20) -> Page:
    """A page of a unit's open tasks, the most urgent first."""
    return tables.query(QueueRow, queue_key(unit, post), cursor=cursor, limit=limit)


def has_row(row: QueueRow) -> bool:
    """Whether a unit's queue shows a task at this place."""
    return tables.read(QueueRow, row.pk, row.sk, consistent=True) is not None


def new_row_write(row: QueueRow) -> tables.Put:
    """The write of a row that is new; refused if there is one that shows a newer head."""
    return tables.Put(row, tables.absent(QueueRow) | (QueueRow.head_version <= row.head_version))


def newer_row_write(row: QueueRow) -> tables.Put:
    """The write of a row that shows a newer head; refused if the row is gone, or shows this one or a newer one."""
    return tables.Put(row, QueueRow.pk.exists() & (QueueRow.head_version < row.head_version))


def row_removal(row: QueueRow, head_version: int) -> tables.Delete:
    """The removal of a row that the head does not have any more; refused if it shows a newer head."""
    return tables.Delete(row, QueueRow.head_version <= head_version)
