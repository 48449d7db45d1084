"""Daily: applications whose correction was due yesterday count as withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.applications import service
from chalicelib.kernel import clock


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """Lapse what was due on the last three days (so that a missed run is caught up); how many."""
    days = [clock.today() - timedelta(days=past) for past in (3, 2, 1)]
    return {"lapsed": sum(service.lapse_corrections(day) for day in days)}
