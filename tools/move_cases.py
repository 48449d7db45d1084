"""Moves all running cases of a service to another version of its definition: ``make move-cases`` (``STAGE=...``).

``STEPS`` is a JSON file: for each step of the old version that a case may have begun, its counterpart in the new one.
What was begun and interrupted goes on where it was. Cases that cannot be moved stay as
they are and are named in the log.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from chalicelib.applications import service
from chalicelib.kernel.access import system
from infra import cloud
from tools import system as running


def main(arguments: list[str]) -> int:
    if len(arguments) != 5:
        print("usage: make move-cases SERVICE=code FROM=1 TO=2 STEPS=steps.json REASON='why'", file=sys.stderr)
        return 2
    code, before, after, steps, reason = arguments
    cloud.told(_use_system)
    move = service.jobs.Move(
        service=code,
        before=int(before),
        after=int(after),
        steps=json.loads(Path(steps).read_text(encoding="utf-8")),
    )
    while True:
        job = service.jobs.move_definitions(system("operator"), move, reason, lambda: False)
        print(f"part {job.part} of {service.jobs.PARTS}: {job.seen} seen, {job.altered} moved, {job.failed} failed")
        if job.ended_at is not None:
            return 1 if job.failed else 0


def _use_system() -> int:
    running.use()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
