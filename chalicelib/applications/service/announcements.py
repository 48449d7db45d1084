"""What applicants hear about their applications."""

from __future__ import annotations

from datetime import date

from chalicelib.applications import events, rules, store
from chalicelib.applications.service.drafts import definition_of
from chalicelib.kernel.event_types import Words
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change

_ABOUT_CORRECTION = (
    events.CORRECTION_REQUESTED.name,
    events.CORRECTION_REMINDER_DUE.name,
    events.CORRECTION_DAY_MOVED.name,
)


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of an application concerns; what is corrected meanwhile needs no reminder.

    Who hears at once that the case is completed need not hear that it was received.
    """
    item = store.application(key, consistent=True)
    if item is None:
        return None
    if change.type == events.APPLICATION_SUBMITTED.name and item.status == rules.COMPLETED:
        return None
    if change.type in _ABOUT_CORRECTION and item.status != rules.CORRECTION:
        return None
    if change.type == events.LIMITS_RECOMPUTED.name and "due_on" not in change.data:
        return None  # only a step's own day has moved
    if change.type == events.PROCEDURE_OPENED.name and not change.data.get("stops_clock"):
        return None  # nothing changes for the applicant
    name = definition_of(item).item.name
    until = date.fromisoformat(str(change.data["until"])) if "until" in change.data else None
    correct_by = item.correct_by
    values = {
        "id": announcements.same(item.id),
        "service": (name.zh, name.en),
        "receipt": announcements.same(item.receipt),
        "at": announcements.moment(change.at),
        "due_on": _day(item.due_on),
        "correct_by": _day(correct_by),
        "until": _day(until),
    }
    return Announcement(
        party=item.applicant,
        handler=item.handler,
        values=values,
        service=item.service,
        version=item.service_version,
        days=tuple(day for day in (item.due_on, correct_by) if day),
    )


def _day(value: date | None) -> Words:
    return announcements.day(value) if value is not None else announcements.NOTHING
