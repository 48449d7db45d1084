"""Endpoints of applications: timelines, and what anybody may ask by receipt number."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.applications import rules, service
from chalicelib.applications.routes.shapes import PARTY
from chalicelib.applications.store import ApplicationItem
from chalicelib.kernel.access import ANYONE, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Slowdown

PROGRESS_SLOWDOWN = Slowdown(name="progress", times=60, seconds=300)


class ReceiptQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A receipt number with its check character, as printed or typed."""

    receipt: Annotated[str, Meta(min_length=1, max_length=40)]


@endpoint("GET", "/v1/applications/{application_id}/timeline", PARTY)
def read_timeline(actor: Actor, target: ApplicationItem) -> service.Timeline:
    """Who did what when, what is next and by when; staff also read what officers ask and tell each other."""
    return service.timeline(target, for_staff=actor.kind == "staff")


@endpoint("GET", "/v1/progress", ANYONE, errors=[rules.RECEIPT_UNKNOWN], limit=PROGRESS_SLOWDOWN)
def read_progress(query: ReceiptQuery) -> service.PublicStatus:
    """The status of an application by its receipt number."""
    return service.public_status(query.receipt)
