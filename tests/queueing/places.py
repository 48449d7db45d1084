"""What the places in the paths of queues stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.laws.access import Places

ABSENT = {"ticket_id": "0" * 26}


def window(places: Places) -> str:
    return "1"


def ticket_id(places: Places) -> str:
    world = places.enterprise.world
    code = world.staff("officer.a").get(f"/v1/halls/{places['hall']}/check_in_code").json["code"]
    body = {"hall": places["hall"], "services": ["tour_bus_sticker"], "where": {"code": code}}
    return str(places.enterprise.client.post("/v1/tickets", body).json["id"])
