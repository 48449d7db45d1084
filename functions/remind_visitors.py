"""At 18:00 and 22:00: the appointments of tomorrow are to be reminded of."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many reminders are due; each appointment's is noted once."""
    return {"reminded": service.day.remind_of_tomorrow()}
