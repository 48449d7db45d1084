"""A copy of somebody's own data, part by part: each feature says what it has of a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.applications import service as applications
from chalicelib.appointments import service as appointments
from chalicelib.certificates import service as certificates
from chalicelib.delivery import service as delivery
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page
from chalicelib.notices import service as notices
from chalicelib.payments import service as payments

__all__ = ["PARTS", "as_json", "copy"]
Part = Callable[[Actor, str | None], Page]
PARTS: dict[str, Part] = {
    "account": identity.copies.account,
    "relatives": identity.copies.relatives,
    "mandates": identity.copies.mandates,
    "readings": identity.copies.readings,
    "applications": applications.copies.applications,
    "certificates": certificates.copies.certificates,
    "bills": payments.copies.bills,
    "parcels": delivery.copies.parcels,
    "addresses": delivery.copies.addresses,
    "appointments": appointments.copies.appointments,
    "messages": notices.copies.messages,
}
"""Whatever is kept of a person beyond some days. Tickets of queues and codes disappear by themselves."""


def copy(actor: Actor, part: str, cursor: str | None) -> Page:
    """A page of one part, in clear. Always the caller's own, whomever they act for. Raises ``fresh_proof_required``."""
    identity.copies.require_own(actor)
    items: Page = PARTS[part](actor, cursor)
    return items


def as_json(page: Page) -> list[dict[str, Any]]:
    """The entries of a page; what is empty is left out."""
    entries = []
    for item in page.items:
        entries.append({name: value for name, value in item.items() if value not in (None, "", [], {})})
    return entries
