"""After a cancellation: the place comes back at a random moment, or is offered to the waiting list."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import service
from chalicelib.kernel import log


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Settle each cancelled appointment of the batch; those that failed are brought again."""
    failed = []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if image.get("status", {}).get("S") != "cancelled":
            continue
        try:
            service.settle_cancelled(image["pk"]["S"].removeprefix("APPOINTMENT#"))
        except Exception as error:
            log.failure("settlement_failed", error, subject=image["pk"]["S"])
            failed.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return {"batchItemFailures": failed}
