"""Every morning: each unit with a duty phone hears what waits in its queues."""

from __future__ import annotations

from typing import Any

from chalicelib.applications.service import reminders


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many units were told."""
    return {"told": reminders.tell_units()}
