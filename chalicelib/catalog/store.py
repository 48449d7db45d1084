"""Stored catalogue: immutable service versions and releases, and the pointer to the current release."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.catalog.definition import Release
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer

TABLE = "catalog"
T = TypeVar("T", bound=msgspec.Struct)


class VersionItem(tables.Table):
    """One version of a service, a hall or a list, compressed; never changed."""

    class Meta:
        table_name = TABLE

    content = BinaryAttribute(legacy_encoding=False)
    digest = UnicodeAttribute()


class ReleaseItem(tables.Table):
    """One release, compressed; never changed."""

    class Meta:
        table_name = TABLE

    content = BinaryAttribute(legacy_encoding=False)


class PointerItem(tables.AggregateTable):
    """Which release is current."""

    class Meta:
        table_name = TABLE

    number = Integer()


def pointer(*, consistent: bool = False) -> PointerItem | None:
    return tables.read(PointerItem, "CURRENT", consistent=consistent)


def release(number: int) -> Release | None:
    item = tables.read(ReleaseItem, f"RELEASE#{number}")
    return msgspec.json.decode(zlib.decompress(item.content), type=Release) if item else None


def version_item(name: str, version: int) -> VersionItem | None:
    """A version of ``SERVICE#code``, ``HALL#code``, ``DIVISIONS`` or ``MESSAGES``."""
    return tables.read(VersionItem, name, f"V#{version:06d}")


def published(name: str, version: int, shape: type[T]) -> T | None:
    """The content of a version."""
    item = version_item(name, version)
    return msgspec.json.decode(zlib.decompress(item.content), type=shape) if item else None


def packed(value: msgspec.Struct) -> bytes:
    return zlib.compress(msgspec.json.encode(value), 9)
