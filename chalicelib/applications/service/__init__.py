"""Use cases of applications. The door for other features."""

from chalicelib.applications.service import copies, erasure
from chalicelib.applications.service.deliveries import choose_delivery, request_originals
from chalicelib.applications.service.drafts import Check, check, create, definition_of, discard, save_form
from chalicelib.applications.service.progress import PublicStatus, Timeline, public_status, timeline
from chalicelib.applications.service.submissions import (
    complete_paid,
    correct,
    lapse_corrections,
    remind_of_corrections,
    submit,
    withdraw,
)
from chalicelib.applications.service.tasks import approve_task, claim, refuse_task, release, request_correction

__all__ = [
    "Check",
    "PublicStatus",
    "Timeline",
    "approve_task",
    "check",
    "choose_delivery",
    "claim",
    "complete_paid",
    "copies",
    "correct",
    "create",
    "definition_of",
    "discard",
    "erasure",
    "lapse_corrections",
    "public_status",
    "refuse_task",
    "release",
    "remind_of_corrections",
    "request_correction",
    "request_originals",
    "save_form",
    "submit",
    "timeline",
    "withdraw",
]
