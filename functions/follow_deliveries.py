"""After a result or a parcel has changed: it joins a parcel, or is booked at its carrier, at once."""

from __future__ import annotations

from typing import Any

from chalicelib import features


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    return features.worker("delivery").follow(event)
