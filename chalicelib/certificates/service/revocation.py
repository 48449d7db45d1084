"""Revocation: scans say so from the next one on, and the exclusive period is free again."""

from __future__ import annotations

from chalicelib.certificates import rules, store
from chalicelib.certificates.service.issues import definition_of, face_of
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def revoke(actor: Actor, item: CertificateItem, reason: str) -> None:
    """Revoke: scans say so from the next one on, and its exclusive period is free again.

    Raises ``already_revoked`` or ``changed_meanwhile``.
    """
    revoked = rules.CERTIFICATES.move(item, "revoke", "officer")
    store.note_for_offline(item)
    item.link = None
    item.link_until = None
    writes: list[tables.Write] = [changes.record(item, Event(revoked, actor, note=reason))]
    exclusive = definition_of(item).exclusive
    # An erased face names nothing any more; its period was over by then.
    if exclusive is not None and store.face(item):
        periods, taken = store.periods(item.service, _exclusive_value(item, exclusive.key))
        writes.append(store.periods_write(periods, [one for one in taken if one[0] != item.id]))
    tables.write_or_conflict(*writes)


def is_void(certificate_id: str, revision: int) -> bool:
    """Whether a print is void: its certificate was revoked, or printed again since; 0: which print is not known."""
    item = store.certificate(certificate_id, consistent=True)
    if item is None:
        return False
    is_printed_again = 0 < revision < item.revision
    return item.is_revoked or is_printed_again


def _exclusive_value(item: CertificateItem, path: str) -> str:
    """The value of the exclusive key, from the face value that was made from the same path."""
    name = next(name for name, source in definition_of(item).face.items() if source == path)
    return face_of(item)[name]
