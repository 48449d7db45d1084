"""One running case for one thing: a party's second application of a service for it is refused, or joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.applications import rules, store
from chalicelib.applications.store import ApplicationItem, OnceItem
from chalicelib.catalog.definition import Once, ServiceDefinition
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables

RUNNING = (rules.RECEIVED, rules.CORRECTION, rules.ACCEPTED, rules.REVIEWED, rules.APPROVED)


def joins(definition: ServiceDefinition) -> bool:
    """Whether a second application joins the running one."""
    once = definition.item.once
    return isinstance(once, Once) and once.then == "join"


def lock_of(item: ApplicationItem, definition: ServiceDefinition, form: Mapping[str, Any]) -> OnceItem | None:
    """The lock on the thing that is applied for; None where the service has none.

    Its key is a keyed index: what is applied for may be somebody's plate or address.
    """
    once = definition.item.once
    if not isinstance(once, Once):
        return None
    thing = msgspec.json.encode([item.applicant, [form.get(name) for name in once.by]]).decode()
    key = f"ONCE#{item.service}#{vault.blind_index('applied_once', thing)}"
    return tables.read(OnceItem, key, consistent=True) or OnceItem(key, application_id="")


def running_of(lock: OnceItem | None, application_id: str) -> ApplicationItem | None:
    """The other case that runs for the thing now; a case that has ended holds the lock no more."""
    if lock is None or lock.application_id in ("", application_id):
        return None
    found = store.application(lock.application_id)
    return found if found is not None and found.status in RUNNING else None


def lock_write(lock: OnceItem, application_id: str) -> tables.Put:
    """Take the lock; valid only if nobody has taken it since it was read. For the transaction that submits."""
    lock.application_id = application_id
    return tables.replace(lock)
