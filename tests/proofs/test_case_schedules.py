"""The proof that no order of verbs leaves a case stuck, decided twice or without a vote; and bugs that it finds.

Several officers, the applicant on two phones and the clock, interleaved at each database call by a seed.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.applications.service import cases
from chalicelib.applications.store.queues import QueueRow
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.events import changes
from chalicelib.kernel.storage import tables
from scenes.joint import SERVICE
from scenes.world import World
from tests.applications.schedules import DEEDS, CaseScene
from tests.cities import Alter
from tests.interleaving import Interleaved

SCHEDULES = 50
BATCHES = max(1, int(os.environ.get("BANSHI_SCHEDULES", "2000")) // 333)
"""A seventh of the schedules that bookings get: ``make test`` plays 300, BANSHI_SCHEDULES=70000 plays 10,000."""


@pytest.fixture
def applicant(world: World) -> Actor:
    """Somebody proven, who applies again and again; the city has two versions of the service that they apply for."""
    account = world.real_person("戊建设").account_id
    return Actor(kind="person", id=account, level=Level.PROVEN, accounts=(account,))


@pytest.fixture
def handler(world: World, applicant: Actor) -> Actor:
    """Somebody else who acts for the same party, from an account of their own."""
    account = world.real_person("己建设").account_id
    return Actor(kind="person", id=account, level=Level.PROVEN, accounts=applicant.accounts)


@pytest.fixture
def two_versions(alter: Alter) -> None:
    """The service gets a second version, so that cases can be moved."""
    alter(f"services/{SERVICE}/workflow.json", lambda workflow: workflow["steps"][0].update(days=2))


@pytest.fixture
def rows_written(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], QueueRow]:
    """Every row that was written into a queue, by its place."""
    found: dict[tuple[str, str], QueueRow] = {}
    write = cases.write_if_newer

    def noted(one: tables.Write) -> None:
        if isinstance(one, tables.Put) and isinstance(one.item, QueueRow):
            found[one.item.pk, one.item.sk] = one.item
        write(one)

    monkeypatch.setattr(cases, "write_if_newer", noted)
    return found


Rows = dict[tuple[str, str], QueueRow]


@pytest.mark.usefixtures("two_versions")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_schedule_leaves_a_case_stuck_or_decided_twice(
    world: World, interleaved: Interleaved, applicant: Actor, handler: Actor, rows_written: Rows, batch: int
) -> None:
    done: Counter[str] = Counter()
    for number in range(SCHEDULES):
        seed = batch * SCHEDULES + number
        choice = random.Random(seed)
        rows_written.clear()
        scene = CaseScene.new(world, applicant, handler, choice)
        scene.rows_written = rows_written
        interleaved(seed, list(scene.scripts(choice)))
        assert scene.end() == [], f"seed {seed}"
        done += scene.done
    print({verb: done[verb] for verb in sorted([*DEEDS, "give_back", "move_definition"])})
    assert done["approve"] > SCHEDULES, "the schedules do something"
    assert sum(done[verb] > 0 for verb in DEEDS) > len(DEEDS) / 2, f"too few verbs were possible: {done}"


def written_over(model: Any, version: int) -> Any:
    """Read, decide, write: of two officers who vote at once, the second one's head is kept."""
    return model.pk.exists() if version else tables.absent(model)


def leave_as_it_is(*_: object) -> None:
    """Whose head was refused leaves the rows that were written before it."""


@pytest.mark.parametrize(
    ("target", "name", "bug"),
    [(changes, "at_version", written_over), (cases, "_put_right", leave_as_it_is)],
    ids=["lost vote", "a task that is not open"],
)
def test_the_schedules_find_a_seeded_bug(
    world: World,
    interleaved: Interleaved,
    applicant: Actor,
    handler: Actor,
    rows_written: Rows,
    monkeypatch: pytest.MonkeyPatch,
    target: Any,
    name: str,
    bug: Any,
) -> None:
    for seed in range(300):
        choice = random.Random(seed)
        rows_written.clear()
        scene = CaseScene.new(world, applicant, handler, choice)
        scene.rows_written = rows_written
        broke: list[BaseException] = []

        def guarded(work: Callable[[], None], broke: list[BaseException] = broke) -> Callable[[], None]:
            def run() -> None:
                try:
                    work()
                except Exception as error:  # an officer who gets an error of ours has found the bug too
                    broke.append(error)

            return run

        with monkeypatch.context() as patched:
            patched.setattr(target, name, bug)
            interleaved(seed, [guarded(work) for work in scene.scripts(choice)])
        if broke or scene.end():
            print(f"found after {seed + 1} schedules")
            return
    pytest.fail("the bug was not found")
