"""Nightly: sealed days against the log, every aggregate's version against its history; faults are alarms."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel import audit, log


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Check as much as the time allows and go on from there at the next call; the faults found."""
    remaining = context.get_remaining_time_in_millis if context else lambda: 900_000
    faults = audit.check_recent_days() + audit.check_all(remaining)
    for fault in faults:
        log.write("history_fault", level="error", subject=fault.subject, version=fault.version, reason=fault.reason)
    log.count("history_faults", len(faults))
    return {"faults": [[fault.subject, fault.version, fault.reason] for fault in faults]}
