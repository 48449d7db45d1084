"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page
from chalicelib.payments import store
from chalicelib.payments.service import receipts


def bills(actor: Actor, cursor: str | None) -> Page:
    """The person's bills with what they are for."""
    page = store.bills_of(actor.accounts, cursor)
    entries = []
    for row in page.items:
        item = store.bill(row.id)
        if item is None:
            continue
        entry = {
            "id": item.id,
            "title": item.title,
            "service": item.service,
            "unit": item.unit,
            "status": item.status,
            "amount": item.amount,
            "charges": item.charges,
            "pay_by": item.pay_by,
            "refunded": item.refunded,
            "being_refunded": sum(item.given_back.values()) - item.refunded,
            "receipt": receipts.is_there(item),
        }
        entries.append(entry)
    return Page(entries, page.cursor)
