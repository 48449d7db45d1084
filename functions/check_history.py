"""Nightly: sealed days against the log, every aggregate's version against its history; faults are alarms."""

from __future__ import annotations

from typing import Any

from chalicelib import features
from chalicelib.kernel import log
from chalicelib.kernel.events import audit


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Check as much as the time allows and go on from there at the next call; the faults found, and how far it came."""
    remaining = context.get_remaining_time_in_millis if context else lambda: 900_000
    faults = audit.check_days()  # first: the check of all aggregates uses all the time that is left
    checked = audit.check_all(features.tables_with_history(), remaining)
    faults += checked.faults
    for fault in faults:
        log.write("history_fault", level="error", subject=fault.subject, version=fault.version, reason=fault.reason)
    log.count("history_faults", len(faults))
    progress: dict[str, Any] = {
        "tables": checked.tables,
        "aggregates": checked.aggregates,
        "finished": checked.finished,
    }
    log.write("history_checked", faults=len(faults), **progress)
    return {"faults": [[fault.subject, fault.version, fault.reason] for fault in faults], **progress}
