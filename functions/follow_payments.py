"""After a payment, a refund or a bill has changed: what follows from it is done at once, or soon by the sweep."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import service as applications
from chalicelib.delivery import service as delivery
from chalicelib.kernel import due
from chalicelib.payments import service

COMPLETE = {"application": applications.complete_paid, "parcel": delivery.postage_paid}


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    return due.follow(event, lambda pk, _: service.attempt(pk, COMPLETE), "payment_not_followed")
