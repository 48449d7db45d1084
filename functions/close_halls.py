"""Daily after midnight: what is left in the halls' queues is closed, no-shows are counted, statistics written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.kernel import clock
from chalicelib.queueing import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """Close the last three days, so that a missed run is caught up; how many no-shows there are in them."""
    days = [clock.today() - timedelta(days=past) for past in range(3, 0, -1)]
    return {"no_shows": sum(service.close_day(day) for day in days)}
