"""Booking against a plain model, step by step, with steps drawn by Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chalicelib.appointments import store
from chalicelib.appointments.service import bookings, holds, waiting_list
from chalicelib.identity.service import ShownDocument
from scenes.world import World
from tests.appointments.schedules import CLERK, PLACES, STARTS, Scene, Visitor, proof_hall

HOLD_SECONDS = 300


@dataclass(kw_only=True)
class Held:
    """A hold as the model sees it."""

    visitor: int
    start: str
    until: float
    carried: str
    moves: str = ""


class BookingMachine(RuleBasedStateMachine):
    """Three visitors, two slots of one place. The model: who has which place until when."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
        self.scene = Scene(
            world=self.world, hall=proof_hall(self.world), day="2026-11-03", visitors=[Visitor() for _ in range(3)]
        )
        self.now = 0.0
        self.held: list[Held] = []
        self.booked: dict[int, tuple[str, str]] = {}
        self.cooling: list[str] = []

    def free(self, start: str) -> bool:
        holds = [one for one in self.held if one.start == start and one.until > self.now]
        taken = len(holds) + sum(at == start for at, _ in self.booked.values()) + self.cooling.count(start)
        return taken < PLACES

    @rule(visitor=st.integers(0, 2), start=st.sampled_from(STARTS))
    def hold(self, visitor: int, start: str) -> None:
        has_one = visitor in self.booked or any(one.visitor == visitor and one.until > self.now for one in self.held)
        carried = self.scene.hold(self.scene.visitors[visitor], start)
        if self.tries(visitor) >= 20:
            return
        assert bool(carried) == (self.free(start) and not has_one), (visitor, start, has_one)
        if carried:
            self.held.append(Held(visitor=visitor, start=start, until=self.now + HOLD_SECONDS, carried=carried))

    def tries(self, visitor: int) -> int:
        document = ShownDocument(name="某人", id_number=self.scene.visitors[visitor].number)
        item = store.booker(holds.visitor_of(CLERK, "", document).key)
        return len(item.opened().tries) if item else 0

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def hold_to_move(self, data: Any) -> None:
        visitor = data.draw(st.sampled_from(sorted(self.booked)))
        start, appointment = self.booked[visitor]
        other = next(one for one in STARTS if one != start)
        holding = any(one.visitor == visitor and one.until > self.now for one in self.held)
        carried = self.scene.hold(self.scene.visitors[visitor], other, moves=appointment)
        if self.tries(visitor) >= 20:
            return
        assert bool(carried) == (self.free(other) and not holding)
        if carried:
            self.held.append(
                Held(visitor=visitor, start=other, until=self.now + HOLD_SECONDS, carried=carried, moves=appointment)
            )

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def confirm(self, data: Any) -> None:
        held = data.draw(st.sampled_from(self.held))
        appointment = self.scene.confirm(self.scene.visitors[held.visitor], held.carried)
        old = self.booked.get(held.visitor)
        movable = not held.moves or (old is not None and old[1] == held.moves)
        assert bool(appointment) == (held.until > self.now and movable)
        if appointment:
            self.held.remove(held)
            self.booked[held.visitor] = (held.start, appointment)
            if held.moves and old is not None:
                waiting_list.settle_cancelled(old[1])
                self.cooling.append(old[0])

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_up(self, data: Any) -> None:
        held = data.draw(st.sampled_from(self.held))
        bookings.give_up(CLERK, held.carried)
        self.held.remove(held)

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        visitor = data.draw(st.sampled_from(sorted(self.booked)))
        start, appointment = self.booked.pop(visitor)
        self.scene.cancel(self.scene.visitors[visitor], appointment)
        self.cooling.append(start)

    @rule(minutes=st.sampled_from([1, 6]))
    def wait(self, minutes: int) -> None:
        self._pass(minutes)

    @rule()
    def wait_until_all_has_cooled(self) -> None:
        self._pass(31)
        self.cooling.clear()

    def _pass(self, minutes: int) -> None:
        self.now += 60 * minutes
        self.world.pass_time(minutes=minutes)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.scene.faults() == []

    def teardown(self) -> None:
        assert self.scene.end() == []


@pytest.mark.parametrize("part", range(2))
def test_booking_does_what_the_model_says(world: World, part: int) -> None:
    machine = type("Machine", (BookingMachine,), {"world": world})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("secrets.randbelow", lambda most: most - 1)  # every place cools down for 30 minutes
        run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=20 + part * 10))
