"""One running case for one thing: a party's second application of a service for it is refused, or joined."""

from __future__ import annotations

import msgspec

from chalicelib.applications import rules, store
from chalicelib.applications.service.drafts import Dossier
from chalicelib.applications.store import ApplicationItem, OnceItem
from chalicelib.catalog.definition import Once
from chalicelib.certificates import service as certificates
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables

RUNNING = (rules.RECEIVED, rules.CORRECTION, rules.ACCEPTED, rules.REVIEWED, rules.APPROVED)


def rule_of(dossier: Dossier) -> Once | None:
    """What the service says about a second application."""
    once = dossier.definition.item.once
    return once if isinstance(once, Once) else None


def lock_of(dossier: Dossier, once: Once) -> OnceItem:
    """The lock on the thing that is applied for; a new one if nobody has applied for it before.

    Its key is a keyed index: what is applied for may be somebody's plate or address.
    """
    values = [certificates.resolve(path, dossier.context) for path in once.by]
    thing = msgspec.json.encode([dossier.item.applicant, values]).decode()
    key = f"ONCE#{dossier.item.service}#{vault.blind_index('applied_once', thing)}"
    return tables.read(OnceItem, key, consistent=True) or OnceItem(key, application_id="")


def running_of(lock: OnceItem, application_id: str) -> ApplicationItem | None:
    """The other case that runs for the thing now; a case that has ended holds the lock no more."""
    if lock.application_id in ("", application_id):
        return None
    found = store.application(lock.application_id)
    return found if found is not None and found.status in RUNNING else None


def lock_write(lock: OnceItem, application_id: str) -> tables.Put:
    """Take the lock; valid only if nobody has taken it since it was read. For the transaction that submits."""
    lock.application_id = application_id
    return tables.replace(lock)
