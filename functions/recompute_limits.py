"""Every quarter of an hour: if a calendar was published, the limits of all running cases are computed anew.

The function goes on where its last run has stopped.
"""

from __future__ import annotations

from typing import Any

from chalicelib.applications.service import jobs


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """How many cases were seen, altered and failed since the calendar was published; ``done`` when all were."""
    return jobs.report(jobs.recompute_limits(jobs.time_of(context)))
