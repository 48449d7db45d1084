"""Finding one of several things by what it is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def find(things: Iterable[T], attribute: str, value: object) -> T | None:
    """The first of the things whose attribute has this value; None if none has."""
    for thing in things:
        if getattr(thing, attribute) == value:
            return thing
    return None
