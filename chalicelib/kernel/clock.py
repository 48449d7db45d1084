"""The one clock: UTC inside, Asia/Shanghai for people, working days by the published calendar.

Rules about limits: 行政许可法 art. 82 (days are working days), 优化营商环境条例; the day of receipt
does not count and a limit ends with the last moment of its last working day in Asia/Shanghai.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.kernel import holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """The current moment, in UTC."""
    return _source()


def today() -> date:
    """The current business date in Asia/Shanghai."""
    return local(now()).date()


def past_day(given: str | None) -> date:
    """The day that a nightly run is about: yesterday, or the one that somebody names (``2026-11-20``) to repeat it.

    Raises ``ValueError`` for anything else.
    """
    if given is None:
        return today() - timedelta(days=1)
    return date.fromisoformat(given)


def use(source: Callable[[], datetime] | None) -> None:
    """Take the time from ``source`` (tests and drills); ``None`` returns to the machine's clock."""
    global _source
    _source = source or (lambda: datetime.now(UTC))


def local(moment: datetime) -> datetime:
    """The moment as people in China read it, to the second."""
    return moment.astimezone(SHANGHAI).replace(microsecond=0)


def local_or_none(moment: datetime | None) -> datetime | None:
    """The moment as people in China read it, if there is one."""
    return local(moment) if moment is not None else None


def utc_text(moment: datetime) -> str:
    """The moment in UTC, to the second: such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def seconds(moment: datetime) -> int:
    """Whole seconds since the epoch, as stored in time-to-live attributes."""
    return int(moment.timestamp())


def from_seconds(epoch: int) -> datetime:
    """The moment of stored seconds, as people in China read it."""
    return datetime.fromtimestamp(epoch, SHANGHAI)


def start_of(day: date) -> datetime:
    """The first moment of a day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class Calendar:
    """The State Council's calendar: days off and make-up working days (调休), for the ``years`` it covers.

    In a year that is not covered, only weekends and the statutory days are off (``holidays.py``), and there are no
    make-up days; ``covers`` tells, so that people can be warned.
    """

    off: frozenset[date] = field(default_factory=frozenset)
    make_up: frozenset[date] = field(default_factory=frozenset)
    years: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(cls, off: Iterable[date], make_up: Iterable[date]) -> Calendar:
        off = frozenset(off)
        make_up = frozenset(make_up)
        return cls(off, make_up, frozenset(day.year for day in off))

    def covers(self, day: date) -> bool:
        return day.year in self.years

    def is_holiday(self, day: date) -> bool:
        """Whether the day is off by the published calendar, or by the law where none is published."""
        if self.covers(day):
            return day in self.off
        return day in holidays.statutory_days(day.year)

    def is_working_day(self, day: date) -> bool:
        if day in self.make_up:
            return True
        return day.weekday() < 5 and not self.is_holiday(day)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and including ``end``; 0 if ``end`` is not later."""
        days = (end - start).days
        return sum(self.is_working_day(start + timedelta(n)) for n in range(1, days + 1))

    def add_working_days(self, start: date, days: int) -> date:
        """The ``days``-th working day after ``start``; for 0 ``start`` itself, or the next working day."""
        day = start
        while days > 0 or not self.is_working_day(day):
            day += timedelta(1)
            if days > 0 and self.is_working_day(day):
                days -= 1
        return day


class LastUse(NamedTuple):
    """A moment by two clocks: while a function is frozen one of them may stand still, and the other one may be set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> LastUse:
        return cls(time.monotonic(), time.time())

    def is_past(self, seconds: float) -> bool:
        """Whether more than ``seconds`` have gone by since then, by one of the clocks at least."""
        return time.monotonic() - self.monotonic > seconds or time.time() - self.wall > seconds
