"""Daily, and again while a platform's bill is not ready: yesterday's bills against the ledger, and the day's sums."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec

from chalicelib.kernel import clock
from chalicelib.payments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """What the comparison found; ``{"day": "2026-11-20"}`` takes another day than yesterday."""
    given = event.get("day")
    day = date.fromisoformat(given) if given else clock.today() - timedelta(days=1)
    return {"day": str(day), "results": msgspec.to_builtins(service.reconcile_day(day))}
