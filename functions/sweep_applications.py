"""Every minute: cases about which something may be due, like a reminder, the one notice, or a limit that has passed."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many were visited, and how many failed and will be visited again."""
    return features.worker("applications").sweep()
