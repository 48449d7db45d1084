"""Structured logs: one JSON line each, of a fixed set of fields, so that no personal data gets in.

Exception messages are left out on purpose (libraries put values into them); the type and the place
of each frame are kept.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from chalicelib.kernel import clock

FIELDS = {
    "request_id", "operation", "status", "code", "milliseconds", "actor", "subject", "version", "count",
    "platform", "method", "attempt", "reason", "where", "error", "faults", "tables", "aggregates", "finished",
}  # fmt: skip


def write(event: str, *, level: str = "info", **values: Any) -> None:
    """Write one line; a field outside ``FIELDS`` is a programming error."""
    unknown = set(values) - FIELDS
    if unknown:
        raise TypeError(f"not a log field: {', '.join(sorted(unknown))}")
    line = {"at": clock.now().isoformat(), "level": level, "event": event, **values}
    print(json.dumps(line, ensure_ascii=True, default=str), file=sys.stderr, flush=True)


def count(metric: str, times: int = 1, **dimensions: str) -> None:
    """Count something that an alarm watches: a line from which CloudWatch makes a metric (embedded metric format)."""
    from chalicelib.kernel.settings import settings

    described = {
        "Namespace": f"banshi-{settings().stage}",
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    stamp = {"Timestamp": int(clock.now().timestamp() * 1000), "CloudWatchMetrics": [described]}
    print(json.dumps({"_aws": stamp, metric: times, **dimensions}), file=sys.stderr, flush=True)


def failure(event: str, error: BaseException, **values: Any) -> None:
    """Write an error line with the exception's types and places, never its messages."""
    chain: list[str] = []
    current: BaseException | None = error
    while current is not None:
        frames = traceback.extract_tb(current.__traceback__)[-6:]
        places = " < ".join(f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}" for frame in reversed(frames))
        chain.append(f"{type(current).__name__} at {places}")
        current = current.__cause__
    write(event, level="error", error=type(error).__name__, where=chain, **values)
