"""Daily: reports each year that a limit or a slot can reach and whose calendar is not published, as an alarm."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog import service
from chalicelib.kernel import log


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[int]]:
    """The years whose calendar is missing."""
    missing = service.missing_calendar_years()
    for year in missing:
        log.write("calendar_missing", level="warning", reason=f"the calendar of {year} is not published")
    log.count("calendars_missing", len(missing))
    return {"missing": missing}
