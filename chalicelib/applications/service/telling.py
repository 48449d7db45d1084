"""What applicants hear about their applications."""

from __future__ import annotations

from chalicelib.applications import rules, store
from chalicelib.applications.service.drafts import definition_of
from chalicelib.kernel.events import telling
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.telling import Samples, Telling

_PLACES: Samples = {
    "id": telling.same("01K7M29QXA4TB3000000000000"),
    "service": ("不动产转移登记", "Registration of a real-estate transfer"),
    "receipt": telling.same("K7M2-9QXA-4TB3"),
    "at": telling.moment_sample(),
    "due_on": telling.day("2026-11-05"),
    "correct_by": telling.day("2026-11-09"),
}
_TOLD = (
    "application_submitted",
    "application_accepted",
    "application_not_accepted",
    "application_approved",
    "application_refused",
    "application_awaits_payment",
    "application_completed",
    "application_lapsed",
    "correction_requested",
    "correction_reminder_due",
)
EVENTS: dict[str, Samples] = dict.fromkeys(_TOLD, _PLACES)


def tell(key: str, change: Change) -> Telling | None:
    """Whom a change of an application concerns; what is corrected meanwhile needs no reminder."""
    item = store.application(key, consistent=True)
    if item is None:
        return None
    about_correction = change.type in ("correction_requested", "correction_reminder_due")
    if about_correction and item.status != rules.CORRECTION:
        return None
    name, correct_by = definition_of(item).item.name, item.correct_by
    values = {
        "id": telling.same(item.id),
        "service": (name.zh, name.en),
        "receipt": telling.same(str(item.receipt)),
        "at": telling.moment(change.at),
        "due_on": telling.day(item.due_on) if item.due_on else telling.NOTHING,
        "correct_by": telling.day(correct_by) if correct_by else telling.NOTHING,
    }
    return Telling(
        party=item.applicant,
        handler=item.handler,
        values=values,
        service=str(item.service),
        version=int(item.service_version),
        days=tuple(day for day in (item.due_on, correct_by) if day),
    )
