"""Every morning: corrections that are due on the next working day are to be reminded of."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many reminders are due; each correction's is noted once."""
    return {"reminded": service.remind_of_corrections()}
