"""After a payment, a refund or a bill has changed: what follows from it is done at once, or soon by the sweep."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    return features.worker("payments").follow(event)
