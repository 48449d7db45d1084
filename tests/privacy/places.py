"""What the places in the paths of privacy stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.laws.access import Places

ABSENT: dict[str, str] = {}


def part(places: Places) -> str:
    return "account"
