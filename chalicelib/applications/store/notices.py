"""What is made public (公示): a row for each notice, which disappears after its last day."""

from __future__ import annotations

from datetime import date

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.applications.store.queues import TABLE
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json
from chalicelib.kernel.storage.tables import Page


class NoticeField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form, as anybody may read it."""

    name: str
    value: str


class NoticeRow(tables.Table):
    """A notice of a service. The key is the service and then the last day, so what is over is not read.

    ``step``: what is about to be decided there; empty for a decision that was made.
    """

    class Meta:
        table_name = TABLE

    step = UnicodeAttribute(default="")
    service_version = Integer()
    since = Day()
    until = Day()
    fields = Json[list[NoticeField]](list[NoticeField])
    expires_at = Integer()


def key_of(service: str) -> str:
    return f"NOTICES#{service}"


def page(service: str, today: date, cursor: str | None) -> Page:
    """A page of what is made public today, the notices that end first at the beginning."""
    return tables.query(NoticeRow, key_of(service), NoticeRow.sk >= str(today), cursor=cursor)
