"""What endpoints of several features take and give."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
Date = date
"""For structs that have a field of the name ``date``."""
Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with its offset, as the contract says it (``date-time``)."""
CursorText = Annotated[str, Meta(max_length=512)]


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of a list begins."""

    cursor: CursorText | None = None


class DayQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day; today without one."""

    day: date | None = None


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in words that are kept in the event log."""

    reason: Annotated[str, Meta(min_length=4, max_length=500)]


class View(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of what endpoints answer. What is absent is left out of the answer: such a field has the default None."""


def given(value: T) -> T | None:
    """A value of an answer; None for an empty one, which is left out."""
    return value if value else None


def one_of(values: Iterable[str]) -> Meta:
    """Says in the contract which values a text of an answer has; that it has no others is tested (``tests/walked.py``).

    It checks nothing: a text that comes in is a ``Literal``.
    """
    return Meta(extra_json_schema={"enum": sorted(values)})


class Money(msgspec.Struct, frozen=True):
    """An amount of fen."""

    amount: int
    currency: str = "CNY"


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    done: bool = True
