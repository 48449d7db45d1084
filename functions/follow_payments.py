"""After a payment, a refund or a bill has changed: what follows from it is done at once, or soon by the sweep."""

from __future__ import annotations

from typing import Any

from chalicelib import features
from chalicelib.kernel.storage import due
from chalicelib.payments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    complete = features.completions()
    return due.follow(event, lambda pk, _: service.attempt(pk, complete), "payment_not_followed")
