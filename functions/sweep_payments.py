"""Every minute: payments, refunds and receipts that are due are asked about and brought to their end."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many were visited, and how many failed and will be visited again."""
    return features.worker("payments").sweep()
