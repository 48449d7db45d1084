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

from bench import deciding
from bench.__main__ import embedded_city, write_result
from chalicelib.applications import service
from scenes import joint
from scenes.world import World

CASES = 100_000
SECONDS_OF_A_RUN = 8
"""A function in the cloud has up to 15 minutes; a shorter time interrupts it more often."""


def measure(world: World, cases: int) -> dict[str, Any]:
    """Rounds until the job is done, with how far each came."""
    case = joint.submitted(world).accepted()
    deciding.copy_case(case.id, cases - 1)
    progress = []
    began = time.process_time()
    began_by_clock = time.monotonic()
    while True:
        job = service.jobs.recompute_limits(_time_left())
        progress.append(job.seen)
        print(f"part {job.part} of {service.jobs.PARTS}, {job.seen:,} cases", flush=True)
        if job.ended_at is not None:
            break
    assert job.seen >= cases and job.failed == 0, (job.seen, job.failed)
    seconds = time.monotonic() - began_by_clock
    return {
        "cases": job.seen,
        "interruptions": len(progress) - 1,
        "progress": progress,
        "seconds": round(seconds, 1),
        "cpu_ms_for_each": round((time.process_time() - began) / job.seen * 1000, 2),
    }


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
