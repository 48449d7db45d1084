"""What becomes of a person's appointments when they close their account."""

from __future__ import annotations

from typing import Any

from chalicelib.appointments import rules, store
from chalicelib.appointments.store import AppointmentItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage import tables


def is_open(entry: dict[str, Any]) -> bool:
    """Whether the person is still expected."""
    return entry["status"] in (rules.CONFIRMED, rules.CHECKED_IN)


def erase(_: Actor, entry: dict[str, Any]) -> None:
    """Remove the name and what was written about a missed day; the appointment itself stays until it expires."""
    item = store.appointment(entry["id"])
    if item is not None:
        item.name = store.seal_name(item, "")
        item.appeal = None
        tables.write(tables.Touch(item, ("name", "appeal"), AppointmentItem.version == item.version))
