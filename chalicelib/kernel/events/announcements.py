"""What a feature can tell about an event of its own: whom it concerns, and what may be said of it.

Each feature that people hear from declares its events' places (with a sample of each) in ``events.py``, and has
``service/announcements.py`` with ``tell``, which looks an event's subject up. Values are in both languages and hold
nothing personal: what is sent passes through platforms and providers.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from chalicelib.kernel import clock
from chalicelib.kernel.event_types import Words


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an event concerns: a person, or an enterprise for which ``handler`` acts; and the values of its places.

    ``service`` is the service item that it is about, in the version that the case runs by; empty for none. ``days`` are
    those among the values that depend on the working-day calendar.
    """

    party: str
    handler: str
    values: dict[str, Words]
    service: str = ""
    version: int = 0
    days: tuple[date, ...] = ()


def same(text: str) -> Words:
    """A value that reads alike in both languages."""
    return text, text


def day(value: date) -> Words:
    """A day as people read it: 2026年11月2日."""
    return f"{value.year}年{value.month}月{value.day}日", str(value)


def moment(value: datetime) -> Words:
    """A moment as people read it: 2026年11月2日 09:30."""
    local = clock.local(value)
    return f"{day(local.date())[0]} {local:%H:%M}", f"{local:%Y-%m-%d %H:%M}"


def money(fen: int) -> Words:
    """An amount in yuan: ``80.00元``, ``CNY 80.00``."""
    yuan = f"{fen // 100}.{fen % 100:02d}"
    return f"{yuan}元", f"CNY {yuan}"


NOTHING: Words = ("无", "none")


def moment_sample() -> Words:
    return "2026年11月2日 16:00", "2026-11-02 16:00"
