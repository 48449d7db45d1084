"""Failures at every write, and the waiting list against those who are faster (the schedules: tests/proofs)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress

import pytest

from chalicelib.appointments import store
from chalicelib.appointments.seats import Seat
from chalicelib.appointments.service import bookings, waiting_list
from chalicelib.kernel import errors
from scenes.world import World
from tests.appointments.bookings import Booker
from tests.appointments.schedules import CLERK, PLACES, STARTS, Scene, Visitor, proof_hall, scenes
from tests.appointments.test_waiting import small_hall, wait
from tests.interleaving import Crash, Interleaved, dying_at


@pytest.mark.parametrize("batch", range(4))
def test_offers_and_new_bookings_at_once(world: World, interleaved: Interleaved, batch: int) -> None:
    """A cancelled place, two who wait for it, two who would snatch it, and the schedule: one gets it."""
    hall = small_hall(world)
    for number, start in enumerate(("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")):
        seed = batch * 100 + number
        holder = world.real_person()
        booked = Booker(world, holder, hall).book(start)
        people = [world.real_person() for _ in range(2)]
        entries = [wait(person, hall, earliest=start, latest=start) for person in people]
        strangers = [Booker(world, world.real_person(), hall) for _ in range(2)]
        item = store.appointment(booked["id"])
        assert item is not None
        slot = item.slot
        bookings.cancel(CLERK, item, "")
        works: list[Callable[[], object]] = [
            functools.partial(waiting_list.settle_cancelled, booked["id"]),
            waiting_list.offer_everywhere,
            *(functools.partial(stranger.hold, start) for stranger in strangers),
        ]
        interleaved(seed, works)
        views = [person.get(f"/v1/waiting/{one.json['id']}").json for person, one in zip(people, entries, strict=True)]
        assert sorted(view["status"] for view in views) == ["offered", "waiting"], (seed, views)
        seen = store.slots.occupancy(slot, consistent=True)
        assert seen.taken["online"] == 1 == len(seen.held) and not seen.kept, (seed, seen)
        for person, one in zip(people, entries, strict=True):
            person.delete(f"/v1/waiting/{one.json['id']}")


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", range(1, 13))
def test_a_failure_at_any_write_is_repaired_by_a_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    """Hold, confirm, move, confirm, cancel, settle: die at each write, then do the same once more."""
    scene = Scene(world=world, hall=proof_hall(world), day="2026-11-03", visitors=[Visitor()])
    visitor = scene.visitors[0]

    def course() -> None:
        scene.confirm(visitor, scene.hold(visitor, STARTS[0], key=f"first-{point}-{mode}"))
        if visitor.confirmed:
            first = visitor.confirmed[0]
            second = scene.hold(visitor, STARTS[1], moves=first, key=f"second-{point}-{mode}")
            scene.confirm(visitor, second)
        if visitor.confirmed:
            scene.cancel(visitor, visitor.confirmed[-1])

    with dying_at(monkeypatch, point, mode), suppress(Crash, errors.Problem):
        course()
    course()
    assert scene.faults() == []
    assert scene.end() == []
    assert all(store.slots.occupancy(scene.slot(start)).taken.get("window", 0) == 0 for start in STARTS)


def test_the_scene_would_tell_of_overselling(world: World) -> None:
    """The check can fail: seats taken by force are told."""
    scene = next(scenes(world, 1))
    for number in range(PLACES + 1):
        store.slots.take(
            scene.slot(STARTS[0]), Seat(appointment=f"FORCED{number}", channel="window", places=1, until=1), 100
        )
    assert any("oversold" in fault for fault in scene.faults())
