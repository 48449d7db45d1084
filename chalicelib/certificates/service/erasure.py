"""What becomes of a person's certificates when they close their account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.certificates import rules, store
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage import tables


def waits_until(entry: dict[str, Any]) -> date | None:
    """The first day on which a certificate is in force no more: until then somebody may have to check the paper."""
    is_over = entry["status"] == rules.REVOKED or entry["valid_to"] < clock.today()
    return None if is_over else entry["valid_to"] + timedelta(days=1)


def is_erased(entry: dict[str, Any]) -> bool:
    """Whether nothing stands on the face any more."""
    return not entry["face"]


def erase(_: Actor, entry: dict[str, Any]) -> None:
    """Remove what stands on the face. Number, dates and status stay: a scan still says what a paper is worth."""
    item = store.certificate(entry["id"], consistent=True)
    if item is not None:
        store.seal_face(item, {})
        tables.write(tables.Touch(item, ("face",), CertificateItem.version == item.version))
