"""What the places in the paths of messages stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from tests.delivery import made
from tests.laws.access import Places

ABSENT: dict[str, str] = {}


def letter_id(places: Places) -> str:
    return made.letter()
