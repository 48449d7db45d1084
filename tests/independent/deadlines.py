"""A second, independent calculation of the deadlines of government.md, section A.3.

Everything walks day by day. It is meant to be read and checked by hand, not to be fast.
"""

from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """The calendar: which days are working days.

    `off` and `make_up` are used only in published years. `statutory` is used only in the other years.
    A published day that is in both `off` and `make_up` is off: a doubt never shortens a limit.
    """

    off: frozenset[date]
    make_up: frozenset[date]
    published: frozenset[int]
    statutory: frozenset[date]

    def is_working(self, day: date) -> bool:
        """Say whether `day` is a working day."""
        is_weekend = day.weekday() >= SATURDAY
        if day.year in self.published:
            if day in self.off:
                return False
            if day in self.make_up:
                return True
            return not is_weekend
        if day in self.statutory:
            return False
        return not is_weekend


def wd(calendar: WorkingDays, day: date, n: int) -> date:
    """Give the n-th working day after `day`.

    For n = 0 it is `day` itself if that is a working day, otherwise the next working day.
    A negative n has no meaning and raises ValueError.
    """
    if n < 0:
        raise ValueError("n is negative")
    current = day
    if n == 0:
        while not calendar.is_working(current):
            current = current + ONE_DAY
        return current
    counted: list[date] = []
    while len(counted) < n:
        current = current + ONE_DAY
        if calendar.is_working(current):
            counted.append(current)
    return current


def merge(pauses: list[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """Merge overlapping or touching intervals, sorted by start. None means still open.

    Touching means sharing a day: the one ends on the day the other starts.
    Intervals on neighbouring days (one ends on the 5th, the next starts on the 6th) are not merged.
    The case was with the department in between, and the start day of the second counts as used by A.3.
    An open interval takes in everything that starts later.
    An interval of zero length is kept here, unless another interval takes it in. It stays on the record.
    An interval that ends before it starts is an error in the data and raises ValueError.
    """
    for begin, end in pauses:
        if end is not None and end < begin:
            raise ValueError("a pause ends before it starts")
    merged: list[tuple[date, date | None]] = []
    for begin, end in sorted(pauses, key=lambda pause: pause[0]):
        if not merged:
            merged.append((begin, end))
            continue
        last = merged[-1]
        last_begin = last[0]
        last_end = last[1]
        if last_end is None:
            continue
        if begin > last_end:
            merged.append((begin, end))
        elif end is None:
            merged[-1] = (last_begin, None)
        elif end > last_end:
            merged[-1] = (last_begin, end)
    return merged


def _rests(pauses: list[tuple[date, date | None]], day: date) -> bool:
    """Say whether `day` is not counted because of a pause: after its start, up to and with its end."""
    return any(begin < day and (end is None or day <= end) for begin, end in pauses)


def _paused_at_close(pauses: list[tuple[date, date | None]], day: date) -> bool:
    """Say whether a pause is running when `day` closes: it has started by then and ends on a later day."""
    return any(begin <= day and (end is None or day < end) for begin, end in pauses)


def _open_by(pauses: list[tuple[date, date | None]], day: date) -> bool:
    """Say whether a pause that is still open has started on `day` or before."""
    return any(end is None and begin <= day for begin, end in pauses)


def due(
    calendar: WorkingDays,
    start: date,
    days: int,
    pauses: list[tuple[date, date | None]],
    extension: int = 0,
) -> date | None:
    """Give the last day of a limit of `days` (+ `extension`) working days counted from `start`.

    The rule, walked day by day: a day is counted if it comes after `start`, is a working day, and is not resting.
    Resting days of a pause are those after its start day, up to and with its end day.
    The due day is the first working day, from `start` on, that meets two conditions.
    By then all days of the limit are counted, and no pause is running when that day closes.

    Decisions on the edges, with the reason:

    - A pause that begins after the due day changes nothing, even if it is still open.
      The limit was missed. A later pause must not hide that from the applicant.
      This holds too for a pause that begins on the weekend right after the due day.
    - A pause that begins on the due day does count. A limit ends at the end of its last day, so it was still running.
      A.3 then says wd(E, n - used(S)) = wd(E, 0): the end day E if it is a working day, otherwise the next one.
      The start day was used, so no day is given back. But the department is not late for having stopped in time.
      While such a pause is open the result is None.
    - A pause that ended before `start`, or on it, changes nothing. The limit was not running.
    - A pause that began before `start` and ends after it stops the limit at once: nothing is used, so wd(E, n).
      If it is still open the result is None.
    - A pause that begins on the start day uses no day either, as the start day is never counted: wd(E, n).
    - A pause of zero length (start = end) changes nothing. It has no resting day and runs at no close of day.
      Its day is a start day, and a start day counts as used.
    - days = 0 (即办件): `start` itself, or the next working day if it is none. Nobody is asked to work on a day off.
      A pause that holds on that day moves it to wd(E, 0).
    - The extension is one longer limit, days + extension. So a pause inside the extended time counts.
    - A negative `days` or `extension` raises ValueError.
    """
    if days < 0 or extension < 0:
        raise ValueError("a limit is negative")
    total = days + extension
    merged = merge(pauses)
    counted: list[date] = []
    day = start
    while True:
        if _open_by(merged, day):
            return None
        is_working = calendar.is_working(day)
        if is_working and day > start and not _rests(merged, day):
            counted.append(day)
        if is_working and len(counted) >= total and not _paused_at_close(merged, day):
            return day
        day = day + ONE_DAY


def natural_due(calendar: WorkingDays, start: date, days: int) -> date:
    """Give the last day of a limit in natural days. A day off rolls to the next working day.

    A negative `days` raises ValueError.
    """
    if days < 0:
        raise ValueError("a limit is negative")
    day = start
    for _ in range(days):
        day = day + ONE_DAY
    while not calendar.is_working(day):
        day = day + ONE_DAY
    return day


def light(calendar: WorkingDays, today: date, due: date | None) -> str:
    """Give the colour of the light.

    Grey: there is no due day. Red: the due day is over. The due day itself is not yet late.
    Yellow: at most one working day is left. The days left are the working days after today, up to and with the due day.
    Today is not counted, as a first day is not counted. So the due day and the working day before it are yellow.
    Green: all other days.
    """
    if due is None:
        return "grey"
    if today > due:
        return "red"
    left: list[date] = []
    day = today
    while day < due:
        day = day + ONE_DAY
        if calendar.is_working(day):
            left.append(day)
    if len(left) <= 1:
        return "yellow"
    return "green"
