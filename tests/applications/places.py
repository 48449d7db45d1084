"""What the places in the paths of applications stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.laws.access import Places

ABSENT = {"application_id": "0" * 26, "task_id": "0" * 26 + "-review", "officer": "nobody"}


def application_id(places: Places) -> str:
    """An application that waits at the transport bureau."""
    waiting = places.enterprise.apply(route_class="inter_provincial")
    places["receipt"] = waiting["receipt"]
    return str(waiting["id"])


def receipt(places: Places) -> str:
    places["application_id"] = application_id(places)
    return places["receipt"]


def officer(places: Places) -> str:
    """An officer of the transport bureau."""
    return "officer.a"


def task_id(places: Places) -> str:
    return f"{places['application_id']}-review"
