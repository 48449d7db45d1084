"""Somebody who books, in the words of the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenes.world import Client, Reply, World

HOUSING, TOMORROW = "house_purchase_certificate", "2026-11-03"


@dataclass
class Booker:
    """A client that books at a hall, for tomorrow unless said otherwise."""

    world: World
    client: Client
    hall: str

    def body(self, start: str, **changes: Any) -> dict[str, Any]:
        day = changes.pop("day", TOMORROW)
        return {"hall": self.hall, "services": [HOUSING], "date": day, "start": start} | changes

    def hold(self, start: str, *, headers: dict[str, str] | None = None, **changes: Any) -> Reply:
        return self.client.post("/v1/holds", self.body(start, **changes), headers=headers)

    def confirm(self, held: Reply) -> Reply:
        return self.client.post("/v1/appointments", {"hold": held.json["hold"]})

    def book(self, start: str, **changes: Any) -> Any:
        """An appointment that is confirmed."""
        held = self.hold(start, **changes)
        assert held.status == 201, held.json
        confirmed = self.confirm(held)
        assert confirmed.status == 201, confirmed.json
        return confirmed.json

    def read(self, appointment_id: str) -> Any:
        return self.client.get(f"/v1/appointments/{appointment_id}").json

    def slots(self, day: str = TOMORROW) -> Any:
        return self.world.anonymous().get(f"/v1/halls/{self.hall}/days/{day}?services={HOUSING}").json["slots"]

    def left(self, start: str, day: str = TOMORROW) -> int:
        return next(int(slot["left"]) for slot in self.slots(day) if slot["start"] == start)
