"""What becomes of a person's applications when they close their account."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import rules, store
from chalicelib.applications.service import drafts
from chalicelib.applications.store import ApplicationItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage import tables


def is_open(entry: dict[str, Any]) -> bool:
    """Whether an application still takes its course; a draft does not, it is thrown away.

    A completed one has ended, though it can still be revoked: a unit checks a promise without the person.
    """
    return entry["status"] not in (rules.DRAFT, rules.COMPLETED, *rules.GRAPH.final)


def erase(actor: Actor, entry: dict[str, Any]) -> None:
    """Remove what was filled in and what registers said; the case itself stays. A draft is thrown away."""
    item = store.application(entry["id"])
    if item is None:
        return
    if item.status == rules.DRAFT:
        drafts.discard(actor, item)
    item.delivery = None
    unchanged = ApplicationItem.version == item.version
    tables.write(tables.Touch(item, ("delivery",), unchanged), tables.Delete(store.content_item(item)))
