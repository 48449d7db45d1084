"""After a cancellation: the place comes back at a random moment, or is offered to the waiting list."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Settle each cancelled appointment of the batch; those that failed are brought again."""
    return service.waiting_list.follow(event)
