"""``make cycle``: how many whole cases one core gets through, with and without the functions behind the API.

One case: log in, begin, save, submit, an officer claims and approves, print, fetch the PDF, scan. CPU is that of all
threads of this process while a request is served or a function runs: the simulators' part is in it, the database's not.
Results: ``bench/results/cycle.json``.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from bench.__main__ import embedded_city, write_result
from chalicelib.certificates import service, store
from local import pump
from local.pump import handler
from scenes.world import Reply, World

CYCLES = 30
WARM_UP = 3
LEAST_IN_FRONT = 25.0
LEAST_WITH_FUNCTIONS = 12.0


class Cycle:
    """Plays cases; ``front`` and ``behind`` are the seconds of CPU of each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._officer = world.staff("officer.a")
        self._public_url = world.environment.settings()["PUBLIC_URL"]  # reading it loads the simulators' keys
        self.front: list[float] = []
        self.behind: list[float] = []
        self._spent_behind = 0.0

    def play(self) -> None:
        """One case of an enterprise of its own; making the enterprise does not count."""
        enterprise = self._world.enterprise()
        self._world.pump()
        trip = enterprise.trip(route_class="inter_provincial", destination="杭州")
        user = enterprise.representative.user
        begun = time.process_time()
        client = self._world.log_in("wechat", user).acting(enterprise.organization_id)
        draft = _checked(client.post("/v1/applications", {"service": "tour_bus_sticker"}), 201).json
        path = f"/v1/applications/{draft['id']}"
        _checked(client.put(f"{path}/form", {"form": {**draft["form"], **trip}}))
        _checked(client.post(f"{path}/submit"))
        task = f"/v1/tasks/{draft['id']}-review"
        _checked(self._officer.post(f"{task}/claim"))
        _checked(self._officer.post(f"{task}/approve", {"opinion": "同意"}))
        certificate = _checked(client.get(path)).json["certificate_id"]
        link = _checked(client.post(f"/v1/certificates/{certificate}/prints"), 201).json["url"]
        _checked(client.get(link.removeprefix(self._public_url)))
        _checked(self._world.anonymous().get(f"/b/{_number_of(certificate)}"))
        self.front.append(time.process_time() - begun)
        self._spent_behind = 0.0
        self._world.pump()
        self.behind.append(self._spent_behind)

    def handler(self, name: str) -> Callable[..., Any]:
        """A function behind the API whose CPU is counted; reading the streams is Lambda's work, and is not."""
        found = handler(name)

        def counted(event: dict[str, Any]) -> Any:
            begun = time.process_time()
            answer = found(event)
            self._spent_behind += time.process_time() - begun
            return answer

        return counted


def _number_of(certificate: str) -> str:
    item = store.certificate(certificate)
    assert item is not None
    return service.prints.signed_number(item)


def _checked(reply: Reply, expected: int = 200) -> Reply:
    if reply.status != expected:
        raise SystemExit(f"expected {expected}, got {reply.status} {reply.body[:300]!r}")
    return reply


def main() -> int:
    with embedded_city() as world, Path(os.devnull).open("w", encoding="utf-8") as silence:
        cycle = Cycle(world)
        pump.handler = cycle.handler
        for number in range(WARM_UP + CYCLES):
            print(f"\rcase {number + 1} of {WARM_UP + CYCLES}", end="", flush=True)
            with redirect_stderr(silence):
                cycle.play()
    front = statistics.median(cycle.front[WARM_UP:])
    behind = statistics.median(cycle.behind[WARM_UP:])
    a_second = 1 / front
    with_functions = 1 / (front + behind)
    print(f"\ncases a second for one core: {a_second:.1f} (goal {LEAST_IN_FRONT:g})")
    print(f"with the functions behind:   {with_functions:.1f} (goal {LEAST_WITH_FUNCTIONS:g})")
    figures = {
        "cases": CYCLES,
        "front_ms": round(front * 1000, 1),
        "behind_ms": round(behind * 1000, 1),
        "cases_a_second_of_a_core": round(a_second, 1),
        "with_functions": round(with_functions, 1),
    }
    write_result("cycle", figures)
    return 0 if a_second >= LEAST_IN_FRONT and with_functions >= LEAST_WITH_FUNCTIONS else 1


if __name__ == "__main__":
    sys.exit(main())
