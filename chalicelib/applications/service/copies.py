"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.applications import store
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page


def applications(actor: Actor, cursor: str | None) -> Page:
    """The person's applications with what was filled in and what registers said."""
    page = store.of_applicants(actor.accounts, cursor)
    entries = []
    for row in page.items:
        item = store.application(row.pk.removeprefix("APPLICATION#"))
        if item is None:
            continue
        content = store.content(item)
        entry = {
            "id": item.id,
            "service": item.service,
            "receipt": item.receipt,
            "status": item.status,
            "form": content.form,
            "facts": content.facts,
            "corrections": content.corrections,
            "certificate_id": item.certificate_id,
        }
        entries.append(entry)
    return Page(entries, page.cursor)
