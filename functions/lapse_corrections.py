"""Daily: applications whose correction was due yesterday count as withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.applications import service
from chalicelib.kernel import clock


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """Lapse what was due in the last two weeks (so that missed runs are caught up); how many."""
    days = [clock.today() - timedelta(days=past) for past in range(14, 0, -1)]
    return {"lapsed": sum(service.lapse_corrections(day) for day in days)}
