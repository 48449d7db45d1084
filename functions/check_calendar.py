"""Daily: reports each year that a limit or a slot can reach and whose calendar is not published, as an alarm."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[int]]:
    """The years whose calendar is missing."""
    return {"missing": service.check_calendars()}
