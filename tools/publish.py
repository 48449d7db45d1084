"""Checks the city's folder and publishes it: ``make publish`` (``STAGE=...``); ``--check`` publishes nothing.

Mistakes are listed together, each with file, place and reason; nothing is published unless there is none. A
change of the halls that takes the slot of existing appointments away lists them and needs a decision:
``BROKEN=keep`` (they are honoured as booked) or ``BROKEN=cancel`` (the hall cancels them).
"""

from __future__ import annotations

import sys
from pathlib import Path

from chalicelib.catalog import service as catalog
from chalicelib.catalog import workflow_picture
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.settings import InvalidSettings
from infra import cloud
from publishing import publication
from publishing.city_folder import CityFolder, Mistakes, read_folder
from tools import system

PICTURES = Path("build/workflows")
"""Where ``--check`` draws the workflows."""


def main(arguments: list[str]) -> int:
    check_only = "--check" in arguments
    folder = Path(next((argument for argument in arguments if not argument.startswith("--")), "city"))
    decision = next((argument[9:] for argument in arguments if argument.startswith("--broken=")), "")
    try:
        if check_only:
            read = read_folder(folder)
            for warning in publication.missing_calendar_messages(read):
                print(f"warning: {warning}", file=sys.stderr)
            print(f"{folder}: {len(read.services)} services and {len(read.halls)} halls, no mistake")
            for drawn in draw_workflows(read, PICTURES):
                print(f"workflow drawn: {drawn}")
        else:
            cloud.told(_use_system)
            number = publication.publish_folder(folder, decision)
            print(f"published release {number}, in use everywhere within {catalog.POINTER_SECONDS} s")
    except Mistakes as mistakes:
        print(f"mistakes found: {len(mistakes.mistakes)}; nothing was published\n{mistakes}", file=sys.stderr)
        return 1
    except publication.BreaksAppointments as breaks:
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


def draw_workflows(read: CityFolder, pictures: Path) -> list[Path]:
    """Draw the workflow of each service, as its guide shows it; the files."""
    names = {unit.code: unit.name for unit in read.city.units}
    pictures.mkdir(parents=True, exist_ok=True)
    drawn = []
    for service in read.services:
        path = pictures / f"{service.item.code}.svg"
        path.write_text(workflow_picture.draw(service, names.__getitem__), encoding="utf-8")
        drawn.append(path)
    return drawn


def _use_system() -> int:
    system.use()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
