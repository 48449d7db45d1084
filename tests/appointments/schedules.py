"""Bookings as the proofs see them: many visitors on few places, and what must be true whatever happens."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.appointments import rules, store
from chalicelib.appointments.seats import Slot
from chalicelib.appointments.service import bookings, holds, waiting_list
from chalicelib.appointments.service.holds import BookingWish
from chalicelib.identity.service import ShownDocument
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem
from scenes.world import World, new_id_number
from tests.appointments.bookings import HOUSING

CLERK = Actor(kind="staff", id="window.1", unit="service_center", roles=("officer",))
STARTS = ("09:00", "09:30")
PLACES = 1
_keys = itertools.count()
DAYS = [f"2026-11-{number:02d}" for number in (3, 4, 5, 6)]


@dataclass
class Visitor:
    """Somebody who stands at a window, and what the system has acknowledged."""

    number: str = field(default_factory=new_id_number)
    confirmed: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Scene:
    """Two slots of ``PLACES`` places and visitors who act on them."""

    world: World
    hall: str
    day: str
    visitors: list[Visitor] = field(default_factory=lambda: [Visitor() for _ in range(3)])

    def slot(self, start: str) -> Slot:
        return Slot(hall=self.hall, group="housing", day=date.fromisoformat(self.day), start=start)

    # What visitors do

    def hold(self, visitor: Visitor, start: str, moves: str = "", key: str = "") -> str:
        """The carried hold; empty when refused."""
        wish = BookingWish(
            hall=self.hall,
            services=[HOUSING],
            day=date.fromisoformat(self.day),
            start=start,
            named=ShownDocument(name="来访人", id_number=visitor.number),
            moves=moves,
        )
        try:
            return holds.carried(CLERK, holds.hold(CLERK, wish, key or f"schedule-{next(_keys)}"))
        except Problem:
            return ""

    def confirm(self, visitor: Visitor, held: str) -> str:
        """The appointment's id; empty when refused."""
        if not held:
            return ""
        try:
            item = waiting_list.confirm(CLERK, held)
        except Problem:
            return ""
        if item.id not in visitor.confirmed:
            visitor.confirmed.append(item.id)
        if item.status == rules.CANCELLED:
            visitor.given_up.append(item.id)
        moved = holds.opened(CLERK, held).moves
        if moved and moved not in visitor.given_up:
            visitor.given_up.append(moved)
        return str(item.id)

    def cancel(self, visitor: Visitor, appointment: str) -> None:
        item = store.appointment(appointment)
        if item is None:
            return
        try:
            bookings.cancel(CLERK, item, "")
        except Problem:
            return
        visitor.given_up.append(appointment)
        waiting_list.settle_cancelled(appointment)

    def script(self, choice: random.Random, visitor: Visitor) -> Callable[[], None]:
        """One visitor's random course of action."""
        start, other = choice.sample(STARTS, 2)
        course = choice.choice(
            ("book", "book", "book_and_cancel", "move", "abandon", "give_up", "twice", "later", "hurry")
        )

        def act() -> None:
            if course == "hurry":
                self.world.pass_time(seconds=301)
            held = self.hold(visitor, start)
            if course in ("abandon", "later"):
                self.world.pass_time(seconds=301)
            if course == "abandon":
                return
            if course == "give_up" and held:
                with suppress(Problem):
                    bookings.give_up(CLERK, held)
                held = self.hold(visitor, other)
            appointment = self.confirm(visitor, held)
            if course == "twice":
                self.confirm(visitor, held)
                self.confirm(visitor, self.hold(visitor, other))
            if course == "book_and_cancel" and appointment:
                self.cancel(visitor, appointment)
                self.confirm(visitor, self.hold(visitor, other))
            if course == "move" and appointment:
                self.confirm(visitor, self.hold(visitor, other, moves=appointment))

        return act

    # What must be true

    def faults(self) -> list[str]:
        """What is wrong now; empty when all is well."""
        found = []
        for start in STARTS:
            seen = store.slots.occupancy(self.slot(start), consistent=True)
            seats = (*seen.held, *seen.kept, *seen.cooling)
            if seen.taken.get("window", 0) != sum(seat.places for seat in seats):
                found.append(f"{start}: {seen.taken} taken, but {seats}")
            if seen.taken.get("window", 0) > PLACES:
                found.append(f"{start}: oversold, {seen.taken}")
            if len({seat.appointment for seat in seats}) < len(seats):
                found.append(f"{start}: one appointment has two seats, {seats}")
        for visitor in self.visitors:
            found += self._faults_of(visitor)
        return found

    def _faults_of(self, visitor: Visitor) -> list[str]:
        found, standing = [], []
        for appointment in visitor.confirmed:
            item = store.appointment(appointment)
            if item is None:
                found.append(f"{appointment} was acknowledged and is not stored")
            elif appointment not in visitor.given_up and item.status != rules.CONFIRMED:
                found.append(f"{appointment} was acknowledged and is {item.status}")
            elif item.status == rules.CONFIRMED:
                standing.append(appointment)
                if store.slots.occupancy(item.slot, consistent=True).seat_of(appointment) is None:
                    found.append(f"{appointment} is confirmed and has no seat")
        if len(standing) > 1:
            found.append(f"one visitor has {len(standing)} appointments for one service")
        return found

    def end(self) -> list[str]:
        """Let everything settle and expire; then also nothing may have leaked: taken + free = capacity."""
        for visitor in self.visitors:
            for appointment in visitor.given_up:
                waiting_list.settle_cancelled(appointment)
        self.world.pass_time(hours=2)
        found = self.faults()
        for start in STARTS:
            slot = self.slot(start)
            holds.bring_back(slot, store.slots.occupancy(slot, consistent=True), "window")
            seen = store.slots.occupancy(slot, consistent=True)
            standing = self._standing(start)
            if {seat.appointment for seat in (*seen.held, *seen.kept, *seen.cooling)} != standing:
                found.append(f"{start}: seats {seen} but appointments {standing}")
        return found

    def _standing(self, start: str) -> set[str]:
        items = [store.appointment(one) for visitor in self.visitors for one in visitor.confirmed]
        return {item.id for item in items if item and item.status == rules.CONFIRMED and item.start == start}


def scenes(world: World, count: int) -> Iterator[Scene]:
    """Fresh slots for many schedules: two of each day of as many halls as it takes."""
    for number in range(count):
        if number % len(DAYS) == 0:
            hall = proof_hall(world)
        world.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
        yield Scene(world=world, hall=hall, day=DAYS[number % len(DAYS)])


def proof_hall(world: World, **booking_rules: Any) -> str:
    group = {
        "code": "housing",
        "name": {"zh": "住房", "en": "Housing"},
        "prefix": "A",
        "slot_minutes": 30,
        "place_minutes": 15,
        "capacity": {"online": PLACES, "window": PLACES},
        "services": [{"code": HOUSING, "minutes": 15}],
    }
    windows = [{"code": "1", "name": {"zh": "1 号", "en": "1"}, "groups": ["housing"]}]
    return world.hall(groups=[group], windows=windows, booking={"release_delay_minutes": [1, 30]} | booking_rules)
