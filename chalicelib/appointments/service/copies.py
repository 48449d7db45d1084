"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.appointments import store
from chalicelib.appointments.service import bookings
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page


def appointments(actor: Actor, _: str | None) -> Page:
    """The person's appointments that count for a limit still, and no-shows that are remembered."""
    if not identity.closing.identity_index(actor.id):
        return Page([], None)
    own = Actor(kind="person", id=actor.id, accounts=actor.accounts)
    book = bookings.book_of(identity.visitor_self(own))
    ids = [claim.appointment for claim in book.claims] + [appointment for appointment, _ in book.no_shows]
    entries = []
    for appointment_id in dict.fromkeys(ids):
        item = store.appointment(appointment_id)
        if item is None or not (item.party in actor.accounts or item.visitor_account in actor.accounts):
            continue
        entry = {
            "id": item.id,
            "hall": item.hall,
            "day": item.day,
            "start": item.start,
            "ends": item.ends,
            "services": list(item.services),
            "status": item.status,
            "visitor": store.name_of(item),
        }
        entries.append(entry)
    return Page(entries, None)
