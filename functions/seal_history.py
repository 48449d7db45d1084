"""Daily: the Merkle root of yesterday's event log entries, signed and put where it cannot be changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.kernel import audit, clock


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Seal yesterday (business date); sealing the same day again gives the same root."""
    sealed = audit.seal_day(clock.today() - timedelta(days=1))
    return {"day": sealed.day, "entries": sealed.entries, "root": sealed.root}
