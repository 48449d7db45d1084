"""What a hall costs with five and with 2,000 people waiting: tickets, calls, and the polls of phones and displays.

Five, because a call then does all that it does in a full hall: somebody is next, and somebody's turn is near.
Results are part of ``bench/results/journey.json``; the goals are held as limits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.kernel import clock
from scenes import crowds
from scenes.world import Reply

if TYPE_CHECKING:
    from bench.__main__ import Journey

QUIET = 5
WAITING = 2000
STICKER = "tour_bus_sticker"
MOST = {"poll a ticket": (2.0, 1.0, 0.0), "poll the display": (2.0, 1.0, 0.0)}
"""CPU in ms, read units, write units."""
DEEDS = ("take a ticket", "call the next", "finish")
MOST_MS = 8.0
MOST_WRITE_UNITS = 4.0
MOST_RATIO = 1.2


def full(name: str) -> str:
    """The name of a row of the full hall."""
    return f"{name}, {WAITING} wait"


class Halls:
    """A quiet hall, and then one that is full."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._kiosk = journey.world.staff("hall.kiosk")
        self._clerk = journey.world.staff("window.2")

    def run(self, rounds: int) -> None:
        hall = self._new_hall()
        for _ in range(QUIET):
            assert self._take(hall).status == 201
        for _ in range(rounds):
            self._play(hall, "", str)
        hall = self._new_hall()
        # Who will be called has a ticket; behind them wait 2,000.
        for _ in range(rounds + QUIET):
            assert self._take(hall).status == 201
        crowds.fill(hall, clock.today(), "transport", WAITING)
        last = self._take(hall).json["id"]
        for _ in range(rounds):
            self._play(hall, last, full)
        assert crowds.waiting(hall, clock.today()) > WAITING

    def _new_hall(self) -> str:
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        hours = {day: [{"opens": "00:00", "closes": "23:59"}] for day in days}
        hall = self._journey.world.hall(hours=hours)
        assert self._clerk.post(f"/v1/halls/{hall}/windows/2/open").status == 200
        return hall

    def _take(self, hall: str) -> Reply:
        return self._kiosk.post(f"/v1/halls/{hall}/tickets", {"services": [STICKER]})

    def _play(self, hall: str, polled: str, name: Callable[[str], str]) -> None:
        measure = self._journey.measure
        anonymous = self._journey.world.anonymous()
        path = f"/v1/halls/{hall}"
        ticket = measure(name("take a ticket"), lambda: self._take(hall), 201).json["id"]
        measure(name("poll a ticket"), lambda: anonymous.get(f"/v1/tickets/{polled or ticket}"))
        measure(name("poll the display"), lambda: anonymous.get(f"{path}/board"))
        measure(name("call the next"), lambda: self._clerk.post(f"{path}/windows/2/next"))
        measure(name("finish"), lambda: self._clerk.post(f"{path}/windows/2/finish"))


def missed(rows: list[dict[str, Any]]) -> list[str]:
    """The goals that are not reached, by rows of the journey."""
    by_name = {row["name"]: row for row in rows}
    found = []
    for name, (cpu, reads, writes) in MOST.items():
        row = by_name[full(name)]
        if row["cpu_ms"] > cpu or row["read_units"] > reads or row["write_units"] > writes:
            found.append(full(name))
    for name in DEEDS:
        row = by_name[full(name)]
        ratio = row["cpu_ms"] / by_name[name]["cpu_ms"]
        same_units = row["write_units"] <= MOST_RATIO * by_name[name]["write_units"]
        if row["cpu_ms"] > MOST_MS or row["write_units"] > MOST_WRITE_UNITS or ratio > MOST_RATIO or not same_units:
            found.append(full(name))
    return found
