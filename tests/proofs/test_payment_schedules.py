"""The proof that no order of events charges twice, drops money or leaves an order open: seeded schedules, crashes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from chalicelib.kernel.events import changes
from chalicelib.kernel.storage import tables
from chalicelib.payments import store
from scenes.world import World
from tests.interleaving import Crash, Interleaved, dying_at
from tests.payments import scenes
from tests.payments.scenes import Scene

SCHEDULES = 50
BATCHES = max(1, int(os.environ.get("BANSHI_SCHEDULES", "2000")) // (12 * SCHEDULES))


@pytest.fixture
def party(world: World) -> Iterator[str]:
    """Somebody real, because receipts name their payers."""
    with scenes.known_accounts():
        yield world.real_person("某付款").account_id


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_schedule_charges_twice_or_drops_money(
    world: World, party: str, interleaved: Interleaved, batch: int
) -> None:
    """Notification, query, sweep, cancellation, expiry, another channel and the window, all at once."""
    ended: set[str] = set()
    for number in range(SCHEDULES):
        seed = batch * SCHEDULES + number
        scene, choice = Scene(world=world, party=party), random.Random(seed)
        interleaved(seed, scenes.script(scene, choice))
        assert scene.end() == [], f"seed {seed}"
        ended |= {str(item.status) for key in scene.orders if (item := store.order(key))}
    assert ended >= {"paid", "closed"}, "the schedules do something"


@pytest.mark.parametrize("batch", range(max(1, BATCHES // 2)))
def test_no_schedule_gives_more_back_than_was_paid(
    world: World, party: str, interleaved: Interleaved, batch: int
) -> None:
    done = 0
    for number in range(SCHEDULES):
        seed = batch * SCHEDULES + number
        scene, choice = Scene(world=world, party=party), random.Random(seed)
        interleaved(seed, scenes.refund_script(scene, choice))
        assert scene.end() == [], f"seed {seed}"
        done += sum(store.refund(key) is not None for key in scene.refunds)
    assert done > SCHEDULES // 2, "the schedules do something"


@pytest.mark.parametrize("script", [scenes.script, scenes.refund_script])
def test_the_schedules_find_a_system_that_does_not_look_at_versions(
    world: World,
    party: str,
    interleaved: Interleaved,
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[Scene, random.Random], list[Callable[[], None]]],
) -> None:
    """Read, decide, write: what most payment systems do."""
    monkeypatch.setattr(changes, "at_version", lambda _model, _version: None)
    for seed in range(4 * SCHEDULES):
        scene = Scene(world=world, party=party)
        interleaved(seed, script(scene, random.Random(seed)))
        if scene.end():
            return
    pytest.fail("writes without conditions were not noticed")


def opened(scene: Scene) -> Callable[[], object]:
    return lambda: pay_in_full(scene)


def pay_in_full(scene: Scene) -> None:
    number = scene.open()
    scene.pay(number)
    scene.notify(number)


def visit_all(scene: Scene, times: int = 1) -> None:
    for _ in range(times):
        for key in scene.subjects():
            scene.visit(key)


def settled(scene: Scene) -> Callable[[], object]:
    number = scene.open()
    scene.pay(number)
    return lambda: scene.notify(number)


def booked(scene: Scene) -> Callable[[], object]:
    pay_in_full(scene)
    return lambda: visit_all(scene)


def closed(scene: Scene) -> Callable[[], object]:
    number = scene.open()
    return lambda: scene.cancel(number)


def suspended(scene: Scene) -> Callable[[], object]:
    number = scene.open()
    scene.cancel(number)
    scene.pay(number, force=True)

    def follow() -> None:
        scene.notify(number)
        visit_all(scene, 3)

    return follow


def refunded(scene: Scene) -> Callable[[], object]:
    pay_in_full(scene)
    visit_all(scene)

    def give_back() -> None:
        scene.ask_refund(scenes.AMOUNT // 2)
        visit_all(scene, 3)

    return give_back


def taken(scene: Scene) -> Callable[[], object]:
    return scene.take_cash


STORIES = [opened, settled, booked, closed, suspended, refunded, taken]


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("story", STORIES)
def test_death_at_any_write_loses_and_doubles_nothing(
    world: World, party: str, monkeypatch: pytest.MonkeyPatch, story: Callable[[Scene], Callable[[], object]], mode: str
) -> None:
    """The process dies before or after each write, or never hears that it was done; then life goes on."""
    for point in range(1, 40):
        scene = Scene(world=world, party=party)
        deed = story(scene)
        with dying_at(monkeypatch, point, mode) as seen, suppress(Crash, tables.ConditionFailed):
            deed()
        if seen[0] < point:
            assert point > 1, "the story writes something"
            return
        assert scene.end() == [], f"{story.__name__}, {mode} write {point}"
    pytest.fail("the story never ends")
