"""Daily after midnight: what is left in the halls' queues is closed, no-shows are counted, statistics written."""

from __future__ import annotations

from typing import Any

from chalicelib.queueing import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many no-shows there are in the days that were closed."""
    return {"no_shows": service.close_past_days()}
