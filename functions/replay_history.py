"""On demand: appends what waits in the event log's queue of failures, after its cause is mended."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel.events import feed


def handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    """Replay once; how many messages were appended, and how many failed again and stay."""
    replayed = feed.replay()
    return {"appended": replayed.appended, "failed": replayed.failed}
