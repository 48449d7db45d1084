"""Daily: the Merkle root of yesterday's event log entries, signed and put where it cannot be changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.kernel import clock
from chalicelib.kernel.events import audit


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Seal yesterday (business date), or with ``{"day": "2026-11-20"}`` another past day that has no root yet.

    Sealing the same day again gives the same root.
    """
    given = event.get("day")
    day = date.fromisoformat(given) if given else clock.today() - timedelta(days=1)
    sealed = audit.seal_day(day)
    return {"day": sealed.day, "entries": sealed.entries, "root": sealed.root}
