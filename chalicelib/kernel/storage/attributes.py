"""Attributes of stored items with the types that the code works with: int, date, datetime, lists, structs."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, NUMBER, STRING

T = TypeVar("T")


class Integer(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: Any) -> str:
        if not isinstance(value, int):
            raise TypeError(f"a whole number, not {type(value).__name__}")
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


class _MomentText(Attribute[T]):
    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        if value.tzinfo is None:
            raise ValueError("a stored moment needs its time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def deserialize(self, value: str) -> Any:
        return datetime.fromisoformat(value)


class Moment(_MomentText[datetime]):
    """A moment, in UTC; stored texts sort by time."""


class OptionalMoment(_MomentText[datetime | None]):
    """A moment, or None; declare it with ``null=True``."""


class _DayText(Attribute[T]):
    attr_type = STRING

    def serialize(self, value: date) -> str:
        if isinstance(value, datetime):
            raise TypeError("a stored day is a date, not a moment: take the date in Asia/Shanghai")
        return value.isoformat()

    def deserialize(self, value: str) -> Any:
        return date.fromisoformat(value)


class Day(_DayText[date]):
    """A day of the calendar in Asia/Shanghai."""


class OptionalDay(_DayText[date | None]):
    """A day, or None; declare it with ``null=True``."""


class Json(Attribute[T]):
    """A value of a type that msgspec knows, kept as JSON text."""

    attr_type = STRING

    def __init__(self, shape: Any, *, default: Any = None, null: bool | None = None) -> None:
        super().__init__(default=default, null=null)
        self._shape = shape

    def serialize(self, value: Any) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> Any:
        return msgspec.json.decode(value, type=self._shape)


class Packed(Attribute[T]):
    """A value of a type that msgspec knows, kept as compressed JSON: for what would make an item large.

    ``vocabulary``: text that such values often hold; they are stored as pointers into it. What is stored can only be
    read with the same one, so it never changes.
    """

    attr_type = BINARY

    def __init__(self, shape: Any, *, vocabulary: bytes = b"", default: Any = None, null: bool | None = None) -> None:
        super().__init__(default=default, null=null)
        self._shape = shape
        self._vocabulary = vocabulary

    def serialize(self, value: Any) -> bytes:
        packer = zlib.compressobj(9, zdict=self._vocabulary)
        return packer.compress(msgspec.json.encode(value)) + packer.flush()

    def deserialize(self, value: bytes) -> Any:
        return msgspec.json.decode(zlib.decompressobj(zdict=self._vocabulary).decompress(value), type=self._shape)


class Names(Attribute[list[str]]):
    """Several codes or ids, kept as one text with commas between them."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        if isinstance(value, str) or any("," in one for one in value):
            raise ValueError("several codes or ids, none of which has a comma")
        return ",".join(value)

    def deserialize(self, value: str) -> list[str]:
        return value.split(",") if value else []
