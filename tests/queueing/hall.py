"""A hall on its day, in the words of the tests: people who come, windows that call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.kernel.clock import SHANGHAI
from scenes.world import Client, Reply, World, new_id_number
from tests.appointments.bookings import HOUSING, Booker

TODAY = "2026-11-03"


@dataclass
class HallDay:
    """The hall ``code`` on Tuesday 3 November 2026, from nine o'clock on."""

    world: World
    code: str
    clerks: dict[str, Client] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/v1/halls/{self.code}"

    def at(self, hour: int, minute: int = 0) -> None:
        """Let it be this time in Shanghai."""
        self.world.set_time(datetime(2026, 11, 3, hour, minute, tzinfo=SHANGHAI))
        self.clerks.clear()

    def clerk(self, window: str) -> Client:
        if window not in self.clerks:
            self.clerks[window] = self.world.staff(f"window.{window}")
        return self.clerks[window]

    def kiosk(self) -> Client:
        if "kiosk" not in self.clerks:
            self.clerks["kiosk"] = self.world.staff("hall.kiosk")
        return self.clerks["kiosk"]

    def open(self, *windows: str) -> None:
        for window in windows:
            assert self.do(window, "open").status == 200

    def do(self, window: str, deed: str, body: Any = None, clerk: str = "") -> Reply:
        """What the clerk of a window does."""
        return self.clerk(clerk or window).post(f"{self.path}/windows/{window}/{deed}", body or {})

    def next(self, window: str) -> str:
        """The number that is called to a window."""
        answer = self.do(window, "next")
        assert answer.status == 200, answer.json
        return str(answer.json["current"]["person"]["number"])

    def walk_in(self, *, services: list[str] | None = None, **more: Any) -> Any:
        answer = self.kiosk().post(f"{self.path}/tickets", {"services": services or [HOUSING], **more})
        assert answer.status == 201, answer.json
        return answer.json

    def booked(self, start: str, id_number: str = "") -> tuple[Booker, Any]:
        """Somebody with an appointment today; made the day before, so the clock goes back for it."""
        self.world.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
        citizen = Booker(self.world, self.world.real_person("预约人", id_number or new_id_number()), self.code)
        return citizen, citizen.book(start)

    def check_in(self, appointment: Any, **more: Any) -> Reply:
        return self.kiosk().post(f"{self.path}/check_ins", {"code": appointment["number"], **more})

    def board(self) -> Any:
        return self.world.anonymous().get(f"{self.path}/board").json

    def ticket(self, ticket_id: str) -> Any:
        return self.world.anonymous().get(f"/v1/tickets/{ticket_id}").json
