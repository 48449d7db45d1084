"""The archive of closed accounts: what the law lets nobody erase yet, read by an administrator with a reason."""

from __future__ import annotations

from typing import Any

from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Page
from chalicelib.privacy import rules, store
from chalicelib.privacy.store import ArchiveReadingItem, ClosingItem


def find(document: identity.ShownDocument, cursor: str | None) -> Page:
    """The closed accounts of whom a document names. Raises what ``identities.index_of`` raises."""
    return store.closed_accounts(identity.identities.index_of(document), cursor)


def closed_account(closed_account_id: str) -> ClosingItem | None:
    """A closed account; None for one that is not closed."""
    item = store.closing(closed_account_id)
    is_closed = item is not None and item.status in (rules.CLOSED, rules.ERASED)
    return item if is_closed else None


def is_own_matter(actor: Actor, item: ClosingItem) -> bool:
    """Whether the closed account was the administrator's own, or a relative's."""
    return identity.own_matters.is_own_identity(actor, store.index_of(item))


def read(actor: Actor, item: ClosingItem, reason: str, cursor: str | None) -> Page:
    """A page of what is kept of a closed account, in clear; the reading is recorded first, with its reason."""
    recorded = readings.record(ArchiveReadingItem, item.subject, actor, item.id, note=reason)
    tables.write(recorded)
    page = store.archive(item.id, cursor)
    entries: list[dict[str, Any]] = []
    for row in page.items:
        entries.append({"part": row.part, "content": store.content_of(row)})
    return Page(entries, page.cursor)
