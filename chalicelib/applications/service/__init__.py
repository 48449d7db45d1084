"""Use cases of applications. The door for other features."""

from chalicelib.applications.service import absences, copies, erasure, jobs, oversight, promises, publicity, tasks
from chalicelib.applications.service.cases import find_task
from chalicelib.applications.service.deliveries import choose_delivery, request_originals
from chalicelib.applications.service.drafts import Check, check, create, definition_of, discard, save_form, tag_of_form
from chalicelib.applications.service.lapses import lapse_corrections, remind_of_corrections
from chalicelib.applications.service.progress import PublicStatus, Timeline, public_status, timeline
from chalicelib.applications.service.submissions import (
    complete_paid,
    correct,
    submit,
    withdraw,
)

__all__ = [
    "Check",
    "PublicStatus",
    "Timeline",
    "absences",
    "check",
    "choose_delivery",
    "complete_paid",
    "copies",
    "correct",
    "create",
    "definition_of",
    "discard",
    "erasure",
    "find_task",
    "jobs",
    "lapse_corrections",
    "oversight",
    "promises",
    "public_status",
    "publicity",
    "remind_of_corrections",
    "request_originals",
    "save_form",
    "submit",
    "tag_of_form",
    "tasks",
    "timeline",
    "withdraw",
]
