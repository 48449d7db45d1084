"""Daily, and again while a platform's bill is not ready: yesterday's bills against the ledger, and the day's sums."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.kernel import clock
from chalicelib.payments import service


def handler(event: dict[str, Any], context: object = None) -> Any:
    """What the comparison found; ``{"day": "2026-11-20"}`` takes another day than yesterday."""
    return msgspec.to_builtins(service.reconcile_day(clock.past_day(event.get("day"))))
