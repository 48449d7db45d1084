"""``python -m bench.limits``: 100,000 running cases, a new calendar, and a job that is stopped and goes on.

The limits of all are computed anew by the function that does it in the cloud, which is stopped whenever its time is up.
Results: ``bench/results/limits.json``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import msgspec

from bench import deciding
from bench.__main__ import embedded_city, write_result
from chalicelib.applications import service
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from local.environment import ROOT
from publishing import city_folder
from scenes import joint
from scenes.world import World

CASES = 100_000
SECONDS_OF_A_RUN = 60
"""A function in the cloud has up to 15 minutes; a shorter time interrupts it more often."""


def measure(world: World, cases: int) -> dict[str, Any]:
    """Rounds until the job is done, with how far each came."""
    case = joint.submitted(world).accepted()
    deciding.copy_case(case.id, cases - 1)
    publish_another_day_off()
    progress = []
    began = time.process_time()
    began_by_clock = time.monotonic()
    while True:
        job = service.jobs.recompute_limits(_time_left())
        progress.append(job.seen)
        print(f"part {job.part} of {service.jobs.PARTS}, {job.seen:,} cases", flush=True)
        if job.ended_at is not None:
            break
    assert job.altered >= cases and job.failed == 0, (job.seen, job.altered, job.failed)
    seconds = time.monotonic() - began_by_clock
    return {
        "cases": job.seen,
        "altered": job.altered,
        "interruptions": len(progress) - 1,
        "progress": progress,
        "seconds": round(seconds, 1),
        "cpu_ms_for_each": round((time.process_time() - began) / job.seen * 1000, 2),
    }


def publish_another_day_off() -> None:
    """A new calendar: the next working day is off, so that every limit ends a day later."""
    folder = city_folder.read_folder(ROOT / "city")
    day_off = catalog.calendar().add_working_days(clock.today(), 1)
    years = []
    for year in folder.city.calendar:
        is_its_year = year.year == day_off.year
        years.append(msgspec.structs.replace(year, off=sorted([*year.off, day_off])) if is_its_year else year)
    city = msgspec.structs.replace(folder.city, calendar=years)
    catalog.publish(city, folder.services, folder.halls, folder.lists)


def _time_left() -> Callable[[], bool]:
    """Says whether a run that begins now may go on."""
    ends = time.monotonic() + SECONDS_OF_A_RUN
    return lambda: time.monotonic() < ends


def main(arguments: list[str]) -> int:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    wanted = parser.parse_args(arguments)
    with embedded_city() as world, Path(os.devnull).open("w", encoding="utf-8") as silence, redirect_stderr(silence):
        found = measure(world, wanted.cases)
    write_result("limits", found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
