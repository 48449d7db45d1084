"""What is made public (公示): a row for each decision, coming or made, which disappears after its last day."""

from __future__ import annotations

from datetime import date

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.applications.store.queues import TABLE
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json
from chalicelib.kernel.storage.tables import Page


class PublishedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form, as anybody may read it."""

    name: str
    value: str


class PublicityRow(tables.Table):
    """Something that a service makes public. The key is the service and then the last day, so what is over is not read.

    ``step``: what is about to be decided there; empty for a decision that was made.
    """

    class Meta:
        table_name = TABLE

    step = UnicodeAttribute(default="")
    service_version = Integer()
    since = Day()
    until = Day()
    fields = Json[list[PublishedField]](list[PublishedField])
    expires_at = Integer()


def key_of(service: str) -> str:
    return f"PUBLICITY#{service}"


def page(service: str, today: date, cursor: str | None) -> Page:
    """A page of what is made public today, what ends first at the beginning."""
    return tables.query(PublicityRow, key_of(service), PublicityRow.sk >= str(today), cursor=cursor)
