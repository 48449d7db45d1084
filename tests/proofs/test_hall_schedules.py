"""The proof that a hall loses nobody, has nobody in two places and gives nobody two turns: and bugs that it finds.

In a folder of its own because nothing else can use a database in which so much has happened.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.kernel.storage import tables
from chalicelib.queueing import rules
from chalicelib.queueing.queue import Queue
from chalicelib.queueing.service.queues import Tickets
from chalicelib.queueing.store import QueueItem
from scenes.world import World
from tests.interleaving import Interleaved
from tests.queueing.schedules import HallScene

SCHEDULES = 50
BATCHES = max(1, int(os.environ.get("BANSHI_SCHEDULES", "2000")) // 333)
"""A seventh of the schedules that bookings get: ``make test`` plays 300, BANSHI_SCHEDULES=20000 plays 3,000."""


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_schedule_loses_or_doubles_anybody(world: World, interleaved: Interleaved, batch: int) -> None:
    given = 0
    for number in range(SCHEDULES):
        seed = batch * SCHEDULES + number
        scene = HallScene.new(world)
        interleaved(seed, list(scene.scripts(random.Random(seed))))
        assert scene.end() == [], f"seed {seed}"
        given += len(scene.taken)
    assert given > 2 * SCHEDULES, "the schedules do something"


def replace_without_condition(item: Any) -> tables.Put:
    """Read, decide, write: of two who change the queue at once, the second one wins."""
    item.version = (item.version or 0) + 1
    if isinstance(item, QueueItem):
        return tables.Put(item)
    return tables.Put(item, tables.at_version(type(item), item.version - 1))


def arrived_before_the_ticket(*_: object) -> int:
    """Who has a number can be called, though the ticket may never be written."""
    return 0


def arrive_anew(queue: Queue, group: str, lane: str, prefix: str, ticket: str, now: int, start: int = 0) -> Any:
    """A repeat of a request that died half-way, or of one still under way, gets a number of its own."""
    queue.joining = {number: joiner for number, joiner in queue.joining.items() if joiner.ticket != ticket}
    return _arrive(queue, group, lane, prefix, ticket, now, start)


_arrive = rules.arrive


@pytest.mark.parametrize(
    ("target", "name", "bug"),
    [
        (tables, "replace", replace_without_condition),
        (Tickets, "arrived", arrived_before_the_ticket),
        (rules, "arrive", arrive_anew),
    ],
    ids=["lost update", "called too early", "two numbers"],
)
def test_the_schedules_find_a_seeded_bug(
    world: World, interleaved: Interleaved, monkeypatch: pytest.MonkeyPatch, target: Any, name: str, bug: Any
) -> None:
    monkeypatch.setattr(target, name, bug)
    for seed in range(300):
        scene = HallScene.new(world)
        broke: list[BaseException] = []

        def guarded(work: Callable[[], None], broke: list[BaseException] = broke) -> Callable[[], None]:
            def run() -> None:
                try:
                    work()
                except Exception as error:  # a clerk who gets an error instead of a person has found the bug too
                    broke.append(error)

            return run

        interleaved(seed, [guarded(work) for work in scene.scripts(random.Random(seed))])
        if broke or scene.end():
            print(f"found after {seed + 1} schedules")
            return
    pytest.fail("the bug was not found")
