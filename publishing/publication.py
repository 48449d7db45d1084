"""Publishing a city's folder, and what has to be decided or warned of when it is published.

A change of the halls that takes the slot of existing appointments away lists them and needs a decision: ``KEEP`` (they
are honoured as booked) or ``CANCEL`` (the hall cancels them).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chalicelib.appointments.service import conflicts
from chalicelib.catalog import reach
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import City
from chalicelib.kernel import clock
from chalicelib.kernel.clock import Calendar
from publishing.city_folder import CityFolder, read_folder

KEEP, CANCEL = "keep", "cancel"


class BreaksAppointments(Exception):
    """The halls, as they would be published, have no place for appointments that exist."""

    def __init__(self, broken: Sequence[conflicts.Broken]) -> None:
        lines = [f"{one.hall} {one.day} {one.start} {one.appointment}: {one.reason}" for one in broken]
        super().__init__("\n".join(lines))
        self.broken = broken


def publish_folder(folder: Path, decision: str = "") -> int:
    """Check and publish; the number of the release, the current one if nothing changed.

    Raises ``Mistakes``, or ``BreaksAppointments`` without a ``decision``, and changes nothing then.
    """
    read = read_folder(folder)
    before = conflicts.published()
    after = conflicts.Timetable(read.halls, calendar_of(read.city))
    broken = conflicts.broken_by(before, after)
    if broken and decision not in (KEEP, CANCEL):
        raise BreaksAppointments(broken)
    number = catalog.publish(read.city, read.services, read.halls, read.lists).number
    if decision == CANCEL:  # listed again, with what was booked until now
        conflicts.cancel_broken(conflicts.broken_by(before, after))
    return number


def calendar_of(city: City) -> Calendar:
    """The working-day calendar of a city's folder."""
    off = [day for year in city.calendar for day in year.off]
    make_up = [day for year in city.calendar for day in year.make_up]
    return Calendar.of(off, make_up)


def missing_calendar_messages(read: CityFolder) -> list[str]:
    """What is missing in ``calendar/``: years that limits or slots can reach from today on."""
    calendar = calendar_of(read.city)
    today = clock.today()
    latest = reach.latest_day(read.city, read.services, read.halls, calendar, today)
    warnings = []
    for year in reach.missing_years(calendar, today, latest):
        warnings.append(
            f"calendar/{year}.json is missing, and limits or slots reach {latest}: "
            f"until it is there, only weekends and statutory holidays count as days off in {year}\n"
            f"警告：缺少 calendar/{year}.json，而承诺时限或可预约日期已排到 {latest}；"
            f"补齐之前，{year} 年仅按周末和法定节假日计算休息日"
        )
    return warnings
