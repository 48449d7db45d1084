"""What the places in the paths of appointments stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.appointments.bookings import Booker
from tests.laws.access import Places

ABSENT = {"appointment_id": "0" * 12, "waiter_id": "0" * 26}
STICKER, TOMORROW = "tour_bus_sticker", "2026-11-03"


def day(places: Places) -> str:
    return TOMORROW


def appointment_id(places: Places) -> str:
    assert places["waiter_id"], "who has an appointment cannot begin to wait"
    booker = Booker(places.enterprise.world, places.enterprise.client, places["hall"])
    return str(booker.book("14:30", services=[STICKER])["id"])


def waiter_id(places: Places) -> str:
    body = {"hall": places["hall"], "services": [STICKER], "date": TOMORROW}
    return str(places.enterprise.client.post("/v1/waiting", body).json["id"])
