"""Every minute: closed accounts whose data is to be erased, or was to be kept until now."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many were visited, and how many failed and will be visited again."""
    return features.worker("privacy").sweep()
