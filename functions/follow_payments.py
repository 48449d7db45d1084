"""After a payment, a refund or a bill has changed: what follows from it is done at once, or soon by the sweep."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import service as applications
from chalicelib.kernel import log
from chalicelib.payments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each item that says there is work; what fails there is due again and holds up nobody else."""
    failed = []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if "work" not in image:
            continue
        try:
            service.attempt(image["pk"]["S"], applications.complete_paid)
        except Exception as error:
            log.failure("payment_not_followed", error, subject=image["pk"]["S"])
            failed.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return {"batchItemFailures": failed}
