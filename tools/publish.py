"""Checks the city's folder and publishes it: ``make publish`` (``STAGE=...``); ``--check`` publishes nothing.

Mistakes are listed together, each with file, place and reason; nothing is published unless there is none. A
change of the halls that takes the slot of existing appointments away lists them and needs a decision:
``BROKEN=keep`` (they are honoured as booked) or ``BROKEN=cancel`` (the hall cancels them).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.appointments import service as appointments
from chalicelib.catalog import reach
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import City
from chalicelib.kernel import clock
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.settings import InvalidSettings
from infra import cloud
from tools import system
from tools.city_folder import CityFolder, Mistakes, read_folder

KEEP, CANCEL = "keep", "cancel"


class BreaksAppointments(Exception):
    """The halls, as they would be published, have no place for appointments that exist."""

    def __init__(self, broken: Sequence[appointments.Broken]) -> None:
        lines = [f"{one.hall} {one.day} {one.start} {one.appointment}: {one.reason}" for one in broken]
        super().__init__("\n".join(lines))
        self.broken = broken


def publish_folder(folder: Path, decision: str = "") -> int:
    """Check and publish; the number of the release, the current one if nothing changed.

    Raises ``Mistakes``, or ``BreaksAppointments`` without a ``decision``, and changes nothing then.
    """
    read = read_folder(folder)
    before = appointments.published()
    after = appointments.Timetable(read.halls, calendar_of(read.city))
    broken = appointments.broken_by(before, after)
    if broken and decision not in (KEEP, CANCEL):
        raise BreaksAppointments(broken)
    number = catalog.publish(read.city, read.services, read.halls, read.lists).number
    if decision == CANCEL:  # listed again, with what was booked until now
        appointments.cancel_broken(appointments.broken_by(before, after))
    return number


def calendar_of(city: City) -> Calendar:
    """The working-day calendar of a city's folder."""
    off = [day for year in city.calendar for day in year.off]
    make_up = [day for year in city.calendar for day in year.make_up]
    return Calendar.of(off, make_up)


def calendar_warnings(read: CityFolder) -> list[str]:
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


def main(arguments: list[str]) -> int:
    check_only = "--check" in arguments
    folder = Path(next((argument for argument in arguments if not argument.startswith("--")), "city"))
    decision = next((argument[9:] for argument in arguments if argument.startswith("--broken=")), "")
    try:
        if check_only:
            read = read_folder(folder)
            for warning in calendar_warnings(read):
                print(f"warning: {warning}", file=sys.stderr)
            print(f"{folder}: {len(read.services)} services and {len(read.halls)} halls, no mistake")
        else:
            cloud.told(_use_system)
            number = publish_folder(folder, decision)
            print(f"published release {number}, in use everywhere within {catalog.POINTER_SECONDS} s")
    except Mistakes as mistakes:
        print(f"mistakes found: {len(mistakes.mistakes)}; nothing was published\n{mistakes}", file=sys.stderr)
        return 1
    except BreaksAppointments as breaks:
        print(
            f"appointments that this would break: {len(breaks.broken)}; nothing was published\n{breaks}\n"
            "decide: make publish BROKEN=keep (honoured as booked) or BROKEN=cancel (cancelled by the hall)",
            file=sys.stderr,
        )
        return 1
    except catalog.TooLarge as error:
        print(f"not published: a definition is too large: {error}", file=sys.stderr)
        return 1
    except InvalidSettings as error:
        print(f"not published: {error}", file=sys.stderr)
        return 1
    except Problem as problem:
        busy = problem.error.code == "changed_meanwhile"
        reason = "somebody else published meanwhile" if busy else "the database does not answer: is `make run` running?"
        print(f"not published: {reason}", file=sys.stderr)
        return 1
    return 0


def _use_system() -> int:
    system.use()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
