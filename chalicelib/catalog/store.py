"""Stored catalogue: immutable service versions and releases, and the pointer to the current release."""

from __future__ import annotations

import zlib

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.catalog.definition import Hall, Release, ServiceDefinition
from chalicelib.kernel import tables

TABLE = "catalog"


class VersionItem(tables.Table):
    """One version of a service or hall, compressed; never changed."""

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

    number = NumberAttribute()


def pointer(*, consistent: bool = False) -> PointerItem | None:
    return tables.read(PointerItem, "CURRENT", consistent=consistent)


def release(number: int) -> Release | None:
    item = tables.read(ReleaseItem, f"RELEASE#{number}")
    return msgspec.json.decode(zlib.decompress(item.content), type=Release) if item else None


def version_item(name: str, version: int) -> VersionItem | None:
    """A version of ``SERVICE#code`` or ``HALL#code``."""
    return tables.read(VersionItem, name, f"V#{version:06d}")


def definition(code: str, version: int) -> ServiceDefinition | None:
    item = version_item(f"SERVICE#{code}", version)
    return msgspec.json.decode(zlib.decompress(item.content), type=ServiceDefinition) if item else None


def hall(code: str, version: int) -> Hall | None:
    item = version_item(f"HALL#{code}", version)
    return msgspec.json.decode(zlib.decompress(item.content), type=Hall) if item else None


def packed(value: ServiceDefinition | Hall | Release) -> bytes:
    return zlib.compress(msgspec.json.encode(value), 9)
