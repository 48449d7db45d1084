"""Every minute: messages whose quiet hours are over, that a platform did not take, or of whose try nobody heard."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many were visited, and how many failed and will be visited again."""
    return features.worker("notices").sweep()
