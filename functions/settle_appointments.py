"""After a cancellation: the place comes back at a random moment, or is offered to the waiting list."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import service
from chalicelib.kernel.storage import streams
from chalicelib.kernel.storage.streams import Record


def handler(event: dict[str, Any], context: object = None) -> streams.Answer:
    """Settle each cancelled appointment of the batch; those that failed are brought again."""
    return streams.work_through(event, _settle, "settlement_failed")


def _settle(record: Record) -> None:
    if record.text("status") == "cancelled":
        service.waiting_list.settle_cancelled(record.pk.removeprefix("APPOINTMENT#"))
