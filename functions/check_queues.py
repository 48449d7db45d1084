"""Nightly: the units' queues against the cases; a running case that nobody can act on is an alarm."""

from __future__ import annotations

from typing import Any

from chalicelib.applications.service import jobs


def handler(event: dict[str, Any], context: Any = None) -> dict[str, int]:
    """How many rows were looked at, removed and written, and how many cases are stuck."""
    return jobs.check_queues(jobs.time_of(context))
