"""What is looked at by the schedule: running cases, the jobs that walk them, and corrections that become due."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.applications.store.queues import TABLE
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Integer, OptionalMoment
from chalicelib.kernel.storage.tables import Page

if TYPE_CHECKING:
    from chalicelib.applications.store import ApplicationItem


class ClockItem(worker.WorkItem):
    """When a running case has to be looked at next, and the list of all running cases (gsi1, in 16 parts).

    A hint and not a timer: what is due follows from the head, whenever it is looked at.
    """

    class Meta:
        table_name = TABLE

    service = UnicodeAttribute()
    service_version = Integer()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def application_id(self) -> str:
        return self.pk.removeprefix("CLOCK#")


class JobItem(tables.VersionedTable):
    """How far a job has got that walks all running cases: it can be interrupted and goes on where it was.

    ``wanted``: what it works towards (a calendar's fingerprint); ``part`` and ``cursor``: where it is.
    """

    class Meta:
        table_name = TABLE

    wanted = UnicodeAttribute(default="")
    part = Integer(default=0)
    cursor = UnicodeAttribute(null=True)
    seen = Integer(default=0)
    altered = Integer(default=0)
    failed = Integer(default=0)
    began_at = OptionalMoment(null=True)
    ended_at = OptionalMoment(null=True)


class CorrectionDueItem(tables.Table):
    """A reminder for the schedule: which correction ends on which day (gsi1: one partition a day)."""

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()


PARTS = 16


def clock_item(item: ApplicationItem) -> ClockItem:
    """A new entry of the list of running cases."""
    part = part_of(item.id)
    return ClockItem(
        f"CLOCK#{item.id}",
        service=item.service,
        service_version=item.service_version,
        gsi1pk=f"RUNNING#{part}",
        gsi1sk=item.id,
    )


def clock_of(application_id: str) -> ClockItem | None:
    return tables.read(ClockItem, f"CLOCK#{application_id}", consistent=True)


def part_of(application_id: str) -> int:
    return hashlib.sha256(application_id.encode()).digest()[0] % PARTS


def running(part: int, cursor: str | None, limit: int = 100) -> Page:
    """A page of one part of the running cases."""
    return tables.query(ClockItem.gsi1, f"RUNNING#{part}", index="gsi1", cursor=cursor, limit=limit)


def job(name: str) -> JobItem:
    """A job's progress; a new one if it has never run."""
    return tables.read(JobItem, f"JOB#{name}", consistent=True) or JobItem(f"JOB#{name}")


def correction_due(application_id: str, last_day: date) -> CorrectionDueItem:
    return CorrectionDueItem(
        f"CORRECTION#{application_id}",
        application_id=application_id,
        gsi1pk=f"CORRECTIONS#{last_day}",
        gsi1sk=application_id,
    )


def corrections_due(last_day: date, cursor: str | None) -> Page:
    """The corrections that ended on a day."""
    return tables.query(CorrectionDueItem.gsi1, f"CORRECTIONS#{last_day}", index="gsi1", limit=100, cursor=cursor)
