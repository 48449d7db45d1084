"""What the places in the paths of privacy stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from functions import sweep_closings
from tests.laws.access import Places

ABSENT = {"closed_account_id": "0" * 26}


def part(places: Places) -> str:
    return "account"


def closed_account_id(places: Places) -> str:
    """The account of somebody who has closed it."""
    world = places.enterprise.world
    somebody = world.log_in("wechat")
    account = somebody.account_id
    assert somebody.post("/v1/me/closing", {}).status == 202
    sweep_closings.handler({})
    return account
