"""After somebody has asked to close an account: it is closed, unless something is open."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    return features.worker("privacy").follow(event)
