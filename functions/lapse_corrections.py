"""Daily: applications whose correction was due yesterday count as withdrawn."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """How many applications lapsed."""
    return {"lapsed": service.lapse_corrections()}
