"""What the places in the paths of the kernel stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.laws.access import Places

ABSENT: dict[str, str] = {}


def ticket(places: Places) -> str:
    """The secret end of a link: none that exists."""
    return "0011223344556677.x"
