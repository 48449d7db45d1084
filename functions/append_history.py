"""From the tables' streams into the event log; what failed for a passing reason is brought again."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel.events import feed


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Append a batch of records; answers with those to be tried again (partial batch response)."""
    return feed.append_records(event)
