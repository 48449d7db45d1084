"""The proof that booking neither oversells nor loses nor leaks: thousands of schedules, and bugs that they find.

In a folder of its own because nothing else can use a database in which so much has happened.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from types import ModuleType

import pytest

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import Seat, Slot
from chalicelib.kernel.storage import tables
from scenes.world import World
from tests.appointments.schedules import scenes
from tests.interleaving import Interleaved

SCHEDULES = 125
BATCHES = int(os.environ.get("BANSHI_SCHEDULES", "2000")) // SCHEDULES
"""``make test`` plays 2,000 schedules; BANSHI_SCHEDULES=20000 plays more."""


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_schedule_oversells_loses_or_leaks(world: World, interleaved: Interleaved, batch: int) -> None:
    """Three visitors hold, confirm, cancel, move, abandon and give up, on two slots of one place each."""
    booked = 0
    for number, scene in enumerate(scenes(world, SCHEDULES)):
        seed = batch * SCHEDULES + number
        choice = random.Random(seed)
        interleaved(seed, [scene.script(choice, visitor) for visitor in scene.visitors])
        assert scene.end() == [], f"seed {seed}"
        booked += sum(len(visitor.confirmed) for visitor in scene.visitors)
    assert booked > SCHEDULES, "the schedules do something"


def take_without_condition(slot: Slot, seat: Seat, capacity: int) -> None:
    """Read, decide, write: what most booking systems do."""
    seen = store.slots.occupancy(slot, consistent=True)
    if seen.taken.get(seat.channel, 0) + seat.places > capacity:
        raise tables.ConditionFailed
    counter = getattr(store.slots.SlotItem, seat.channel)
    anything = tables.absent(store.slots.SlotItem) | store.slots.SlotItem.pk.exists()
    store.slots._update_slot(slot, [counter.add(seat.places), store.slots.SlotItem.held.add({seat.text})], anything)


def void_without_a_trace(appointment: str) -> str:
    """Decide by looking, where ``store.void`` makes sure by writing."""
    item = store.appointment(appointment)
    return item.status if item else rules.VOID


@pytest.mark.parametrize(
    ("module", "name", "bug"),
    [(store.slots, "take", take_without_condition), (store, "void", void_without_a_trace)],
    ids=["overselling", "evicting"],
)
def test_the_schedules_find_a_seeded_bug(
    world: World,
    interleaved: Interleaved,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    bug: Callable[..., object],
) -> None:
    monkeypatch.setattr(module, name, bug)
    for seed, scene in enumerate(scenes(world, 2000)):
        choice = random.Random(seed)
        interleaved(seed, [scene.script(choice, visitor) for visitor in scene.visitors])
        if scene.end():
            return
    pytest.fail("the bug was not found")
