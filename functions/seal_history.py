"""Daily: the Merkle root of yesterday's event log entries, signed and put where it cannot be changed."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.kernel import clock
from chalicelib.kernel.events import audit


def handler(event: dict[str, Any], context: object = None) -> Any:
    """Seal yesterday (business date), or with ``{"day": "2026-11-20"}`` another past day that has no root yet.

    Sealing the same day again gives the same root.
    """
    return msgspec.to_builtins(audit.seal_day(clock.past_day(event.get("day"))))
