"""The proof that nobody reads or changes anything of an identity for which another account has a stronger proof.

A citizen with two phones and a thief with two, who knows the citizen's name and number: in schedules where each
database call of one can come between any two of another, in long stories drawn by Hypothesis, and with a process that
dies at each write. Two seeded bugs show that the proof can fail.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chalicelib.identity.service import disputes
from chalicelib.kernel.storage import tables
from scenes.world import World
from tests.identity.schedules import Theft, theft
from tests.interleaving import Crash, Interleaved, dying_at

SCHEDULES = 50
BATCHES = int(os.environ.get("BANSHI_IDENTITIES", "300")) // SCHEDULES
"""``make test`` plays 300 schedules, ``make proofs`` 10,000."""


def play(world: World, interleaved: Interleaved, seed: int) -> Theft:
    scene = theft(world)
    choice = random.Random(seed)
    scripts = [scene.script(choice, login) for login in scene.logins]
    interleaved(seed, [*scripts, scene.script_of_administrator(choice)])
    return scene


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_schedule_gives_a_thief_the_identity(world: World, interleaved: Interleaved, batch: int) -> None:
    proven = 0
    for number in range(SCHEDULES):
        seed = batch * SCHEDULES + number
        scene = play(world, interleaved, seed)
        assert scene.faults() == [], f"seed {seed}"
        proven += scene.was_ever_proven
    assert proven > SCHEDULES // 2, "the schedules do something"


def claimants_keep_their_logins(actor: Any, account: Any, *more: Any) -> tuple[str, list[tables.Write]]:
    """Only the level is taken away: whoever has claimed the identity stays in the account."""
    return "", []


def write_whatever_is_there(item: tables.VersionedTable) -> tables.Put:
    """Read, decide, write: a claim and a proof at one moment miss each other."""
    item.version = int(item.version or 0) + 1
    return tables.Put(item)


@pytest.mark.parametrize(
    ("module", "name", "bug"),
    [
        (disputes, "successor_writes", claimants_keep_their_logins),
        (tables, "replace", write_whatever_is_there),
    ],
    ids=["locked without its login", "missing each other"],
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
    for seed in range(300):
        if play(world, interleaved, seed).faults():
            return
    pytest.fail("the bug was not found")


DEEDS = (
    "claim",
    "prove",
    "give_up",
    "merge",
    "appoint",
    "revoke",
    "decide_now",
    "take_back_now",
    "register_enterprise",
    "appoint_handler",
    "accept",
    "take_as_ward",
    "undo_now",
    "close",
)


def lead_up_to(scene: Theft, deed: str) -> None:
    """What has to have happened for a deed to be possible."""
    citizen, second, thief, another = scene.logins
    scene.claim(thief)
    if deed in ("appoint", "revoke", "decide_now", "take_back_now"):
        scene.prove(citizen)
    if deed == "revoke":
        scene.appoint(citizen)
        scene.prove(thief)
        scene.accept(thief)
    if deed in ("register_enterprise", "appoint_handler", "close"):
        scene.prove(citizen)
    if deed == "appoint_handler":
        scene.register_enterprise(citizen)
    if deed == "give_up":
        scene.claim(citizen)
    if deed in ("merge", "undo_now"):
        scene.prove(citizen)
        scene.prove(second)
    if deed == "undo_now":
        scene.merge(citizen)
    if deed == "accept":
        scene.prove(citizen)
        scene.appoint(citizen)
        scene.prove(thief)
    if deed == "take_as_ward":
        scene.prove(another)
        scene.name_guardian()


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("deed", DEEDS)
def test_a_process_that_dies_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch, deed: str, mode: str
) -> None:
    scene = theft(world)
    citizen, _, thief, another = scene.logins
    lead_up_to(scene, deed)
    deed_of = {"accept": thief, "take_as_ward": another}.get(deed, citizen)
    point = 1
    while True:
        if deed_of.actor() is None:
            deed_of.open()  # whose writes are none of the deed's
        with suppress(Crash), dying_at(monkeypatch, point, mode) as seen:
            getattr(scene, deed)(deed_of)
        assert scene.faults() == [], f"death at write {point}"
        if seen[0] < point:
            break
        point += 1
    assert point > 1, "it has come to its write"
    scene.prove(citizen)
    assert scene.faults() == []
    assert scene.is_proven


class IdentityMachine(RuleBasedStateMachine):
    """Everything that citizen, thief and administrator can do, one after the other, in any order."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.scene = theft(self.world)

    @rule(place=st.integers(0, 3))
    def claim(self, place: int) -> None:
        self.scene.claim(self.scene.logins[place])

    @rule(place=st.integers(2, 3))
    def claim_own(self, place: int) -> None:
        self.scene.claim_own(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def prove(self, place: int) -> None:
        self.scene.prove(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def give_up(self, place: int) -> None:
        self.scene.give_up(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def merge(self, place: int) -> None:
        self.scene.merge(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def appoint(self, place: int) -> None:
        self.scene.appoint(self.scene.logins[place])

    @rule(place=st.integers(2, 3))
    def accept(self, place: int) -> None:
        self.scene.accept(self.scene.logins[place])

    @rule(place=st.integers(0, 1))
    def revoke(self, place: int) -> None:
        self.scene.revoke(self.scene.logins[place])

    @rule(place=st.integers(2, 3))
    def take_as_ward(self, place: int) -> None:
        self.scene.take_as_ward(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def register_enterprise(self, place: int) -> None:
        self.scene.register_enterprise(self.scene.logins[place])

    @rule(place=st.integers(0, 3))
    def appoint_handler(self, place: int) -> None:
        self.scene.appoint_handler(self.scene.logins[place])

    @rule(seed=st.integers(0, 1000))
    def change_representative(self, seed: int) -> None:
        self.scene.change_representative(random.Random(seed))

    @rule(place=st.integers(0, 3))
    def close(self, place: int) -> None:
        self.scene.close(self.scene.logins[place])

    @rule()
    def undo(self) -> None:
        self.scene.undo()

    @rule(seed=st.integers(0, 1000))
    def decide(self, seed: int) -> None:
        self.scene.decide(random.Random(seed))

    @rule(seed=st.integers(0, 1000))
    def take_back(self, seed: int) -> None:
        self.scene.take_back(random.Random(seed))

    @rule(minutes=st.sampled_from([1, 11]))
    def wait(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.scene.faults() == []


def test_whatever_they_do_the_identity_is_the_citizens(world: World) -> None:
    stories = 40 if os.environ.get("HYPOTHESIS_PROFILE") != "long" else 2000
    machine = type("Machine", (IdentityMachine,), {"world": world})
    run_state_machine_as_test(machine, settings=settings(max_examples=stories, stateful_step_count=12, deadline=None))
