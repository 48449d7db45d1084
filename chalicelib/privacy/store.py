"""What is kept of the closing of accounts, and the archive of what has to be kept of them."""

from __future__ import annotations

from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Integer, Json, Moment, Names, OptionalMoment
from chalicelib.kernel.storage.tables import Page, read

TABLE = "privacy"


class OpenMatter(msgspec.Struct, frozen=True):
    """Something that is not finished: of which part of the person's data, and its id."""

    part: str
    id: str


class ClosingItem(tables.AggregateTable, worker.WorkItem):
    """That somebody closes an account, and how far it has come.

    ``even_if_open``: what is open goes on without them. ``mark``: what must not have changed since it was asked for.
    ``done``: the parts that are erased. ``accounts``: all that are closed, known from then on; gsi1 finds them by the
    index of the person's number.
    """

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute(default="")
    even_if_open = BooleanAttribute(default=False)
    asked_at = Moment()
    closed_at = OptionalMoment(null=True)
    open_matters = Json[list[OpenMatter]](list[OpenMatter], default=list)
    accounts = Names(default=list)
    done = Names(default=list)
    mark = UnicodeAttribute(default="")
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        """The account's id."""
        return self.pk.removeprefix("CLOSING#")


class ArchiveItem(tables.Table):
    """One entry of what is kept of a closed account, sealed; it disappears by itself when its time is over."""

    class Meta:
        table_name = TABLE

    content = BinaryAttribute(legacy_encoding=False)
    expires_at = Integer()

    @property
    def part(self) -> str:
        return self.sk.partition("#")[0]


class ArchiveReadingItem(readings.ReadingItem):
    """Which administrator read the archive of which closed account, and when."""

    class Meta:
        table_name = TABLE


def closing(account_id: str) -> ClosingItem | None:
    return read(ClosingItem, f"CLOSING#{account_id}", consistent=True)


def new_closing(account_id: str) -> ClosingItem:
    return ClosingItem(f"CLOSING#{account_id}")


def file_closed(item: ClosingItem, id_index: str) -> None:
    """Let a closed account be found by the index of whose it was."""
    item.gsi1pk = f"CLOSED#{id_index}"
    item.gsi1sk = item.id


def index_of(item: ClosingItem) -> str:
    """The index of whose a closed account was; empty if that was never said."""
    return (item.gsi1pk or "").removeprefix("CLOSED#")


def closed_accounts(id_index: str, cursor: str | None) -> Page:
    """The closed accounts of a person."""
    return tables.query(ClosingItem.gsi1, f"CLOSED#{id_index}", index="gsi1", cursor=cursor)


def archive_write(account_id: str, part: str, entry_id: str, entry: dict[str, Any], expires_at: int) -> tables.Put:
    """The write of an entry into the archive; refused if it is there, because what is erased would overwrite it."""
    item = ArchiveItem(f"ARCHIVE#{account_id}", f"{part}#{entry_id}", expires_at=expires_at)
    item.content = vault.seal(msgspec.json.encode(entry), TABLE, f"{item.pk}/{item.sk}", "content")
    return tables.Put(item, tables.absent(ArchiveItem))


def archive(account_id: str, cursor: str | None) -> Page:
    """The archive of a closed account."""
    return tables.query(ArchiveItem, f"ARCHIVE#{account_id}", cursor=cursor)


def content_of(item: ArchiveItem) -> dict[str, Any]:
    """An entry of the archive in clear."""
    text = vault.unseal(item.content, TABLE, f"{item.pk}/{item.sk}", "content")
    return msgspec.json.decode(text, type=dict[str, Any])
