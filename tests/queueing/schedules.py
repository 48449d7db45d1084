"""A hall as the proofs see it: people who take tickets, clerks who call, and what must be true whatever happens."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, WindowDefinition
from chalicelib.identity import service as identity
from chalicelib.identity.service import ShownDocument, Visitor
from chalicelib.kernel import ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.clock import SHANGHAI
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.security import vault
from chalicelib.queueing import rules, service, store
from scenes.world import World, new_id_number
from tests.appointments.bookings import HOUSING

HALL = "self_service_hall"
WINDOWS = ("1", "2")
KIOSK = Actor(kind="staff", id="hall.kiosk", unit="service_center", roles=("kiosk",))
_keys = itertools.count()
_days = itertools.count()


@dataclass
class HallScene:
    """One day of a hall that never closes: nobody has come yet, all windows are open."""

    world: World
    day: date
    hall: Hall
    visitor: Visitor
    clerks: dict[str, Actor] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @classmethod
    def new(cls, world: World) -> HallScene:
        day = date(2026, 11, 3) + timedelta(days=next(_days))
        world.set_time(datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI))
        # A new day may need a new data key, whose lock is held over database calls: not while these are interleaved.
        vault.seal(b"warm", "test", "warm", "warm")
        visitor = identity.visitor_named(ShownDocument(name="来访人", id_number=new_id_number()))
        scene = cls(world, day, catalog.hall(HALL), visitor)
        for code in WINDOWS:
            scene.clerks[code] = Actor(kind="staff", id=f"window.{code}", unit="service_center", roles=("officer",))
            service.open_window(scene.clerks[code], scene.hall, scene.window(code))
        return scene

    def window(self, code: str) -> WindowDefinition:
        found = self.hall.window(code)
        assert found is not None
        return found

    # What people do

    def take(self, key: str, visitor: Visitor | None = None) -> str:
        """The ticket's id; empty when refused."""
        with suppress(Problem):
            ticket = service.walk_in(KIOSK, self.hall, [HOUSING], key, visitor=visitor)
            self.taken.add(ticket.id)
            return ticket.id
        return ""

    def leave(self, ticket_id: str) -> None:
        ticket = store.ticket(ticket_id)
        assert ticket is not None
        with suppress(Problem):
            service.leave(KIOSK, self.hall, ticket, "")

    def do(self, code: str, deed: Callable[..., None]) -> None:
        with suppress(Problem):
            deed(self.clerks[code], self.hall, self.window(code))

    def scripts(self, choice: random.Random) -> list[Callable[[], None]]:
        """Two kiosks, of which one asks twice with one key; two requests of one person; two windows; who leaves."""
        shared = f"twice-{next(_keys)}"
        sent_twice = choice.choice([True, False])

        def first_kiosk() -> None:
            self.take(shared)
            mine = self.take(f"kiosk-{next(_keys)}")
            if mine and choice.random() < 0.5:
                self.leave(mine)

        def second_kiosk() -> None:
            self.take(shared if sent_twice else f"kiosk-{next(_keys)}")

        def person() -> None:
            ticket_id = self.take(f"person-{next(_keys)}", self.visitor)
            if ticket_id and choice.random() < 0.3:
                self.leave(ticket_id)
                self.take(f"person-{next(_keys)}", self.visitor)

        def clerk(code: str) -> Callable[[], None]:
            def work() -> None:
                for _ in range(2):
                    self.do(code, service.call_next)
                    if choice.random() < 0.3:
                        self.do(code, service.recall)
                    deeds = (service.finish, service.skip, service.park, service.no_show, service.close_window)
                    self.do(code, choice.choice(deeds))

            return work

        works = [first_kiosk, second_kiosk, person, person, clerk("1"), clerk("2")]
        choice.shuffle(works)
        return works

    # What must be true

    def end(self) -> list[str]:
        """What is wrong now, in words."""
        item = store.queue(HALL, self.day, consistent=True)
        assert item is not None
        queue = item.unpacked()
        everywhere = queue.everybody()
        wrong = []
        if len(everywhere) != len(set(everywhere)):
            wrong.append(f"in two places: {everywhere}")
        tickets = [store.ticket(ticket_id) for ticket_id in sorted(self.taken)]
        known = [ticket for ticket in tickets if ticket is not None]
        if len(known) != len(self.taken):
            wrong.append("a ticket that was given out is not stored")
        if len({ticket.number for ticket in known}) != len(known):
            wrong.append("two tickets with one number")
        for ticket in known:
            is_there = ticket.number in everywhere
            if is_there is not (ticket.status == rules.OPEN):
                wrong.append(f"{ticket.number} is {ticket.status}, in the queue: {is_there}")
        strangers = set(everywhere) - {ticket.number for ticket in known}
        if strangers:
            wrong.append(f"without a ticket: {strangers}")
        own = {store.ticket(self.own_id(place)) for place in range(4)} - {None}
        if sum(ticket is not None and ticket.status == rules.OPEN for ticket in own) > 1:
            wrong.append("one person waits twice")
        tally = queue.tally("housing")
        over = [ticket.status for ticket in known if ticket.status != rules.OPEN]
        if tally.issued != len(known) or tally.served + tally.missed + tally.left != len(over):
            wrong.append(f"the numbers do not add up: {tally}, {over}")
        return wrong

    def own_id(self, place: int) -> str:
        from chalicelib.queueing.service import arrivals

        return ids.derived_id("ticket", HALL, str(self.day), arrivals._visitor_key(self.visitor), str(place))
