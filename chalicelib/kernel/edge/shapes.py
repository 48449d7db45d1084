"""What endpoints of several features take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

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


class Money(msgspec.Struct, frozen=True):
    """An amount of fen."""

    amount: int
    currency: str = "CNY"


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    done: bool = True
