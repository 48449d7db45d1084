"""Every five minutes: offers of the waiting list whose time is over go to the next, and free places are offered."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many offers were made."""
    return {"offered": service.waiting_list.offer_everywhere()}
