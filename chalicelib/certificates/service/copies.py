"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.certificates import store
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page


def certificates(actor: Actor, cursor: str | None) -> Page:
    """The person's certificates with everything on their faces."""
    page = store.of_holders(actor.accounts, cursor)
    entries = []
    for row in page.items:
        item = store.certificate(row.id)
        if item is None:
            continue
        entry = {
            "id": item.id,
            "number": item.number,
            "service": item.service,
            "valid_from": item.valid_from,
            "valid_to": item.valid_to,
            "status": item.status,
            "face": store.face(item),
        }
        entries.append(entry)
    return Page(entries, page.cursor)
