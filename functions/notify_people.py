"""From the event log to messages: each new entry that people hear of becomes a message for whom it concerns."""

from __future__ import annotations

from typing import Any

from chalicelib.notices import service


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Plan the messages of a batch of entries; answers with those to be tried again (partial batch response)."""
    return service.take(event)
