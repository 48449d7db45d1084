"""Attributes of stored items with the types that the code works with: numbers are int, lists are lists."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from pynamodb.attributes import Attribute
from pynamodb.constants import NUMBER, STRING

T = TypeVar("T")


class Integer(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: Any) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


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


class Names(Attribute[list[str]]):
    """Several codes or ids, kept as one text with commas between them."""

    attr_type = STRING

    def serialize(self, value: list[str]) -> str:
        return ",".join(value)

    def deserialize(self, value: str) -> list[str]:
        return value.split(",") if value else []
