"""What the places in the paths of the catalogue stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.laws.access import Places

ABSENT = {"hall": "no_such_hall"}


def code(places: Places) -> str:
    """A service."""
    return "tour_bus_sticker"


def hall(places: Places) -> str:
    return places.enterprise.world.hall(units=places.units)
