"""Suspension and revocation: scans say so from the next one on. Revocation sets the exclusive period free again."""

from __future__ import annotations

from chalicelib.certificates import rules, store
from chalicelib.certificates.service.issues import certificate_id_of, definition_of, face_of
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def suspend(actor: Actor, item: CertificateItem, reason: str) -> None:
    """Suspend a certificate until it is resumed or revoked; its exclusive period stays taken.

    Raises ``certificate_wrong_state`` or ``changed_meanwhile``.
    """
    tables.write_or_conflict(_suspend_write(actor, item, reason, "officer"))


def resume(actor: Actor, item: CertificateItem, reason: str) -> None:
    """Put a suspended certificate in force again; a print made before is good again. Raises as ``suspend``."""
    resumed = rules.CERTIFICATES.move(item, "resume", "officer")
    store.note_for_offline(item)
    tables.write_or_conflict(changes.record(item, Event(resumed, actor, note=reason)))


def revoke(actor: Actor, item: CertificateItem, reason: str) -> None:
    """Revoke a certificate for good. Raises as ``suspend``."""
    tables.write_or_conflict(*_revoke_writes(actor, item, reason, "officer"))


def of_application(application_id: str) -> CertificateItem | None:
    """The certificate that an application has led to, if it was issued."""
    return store.certificate(certificate_id_of(application_id), consistent=True)


def suspend_writes(actor: Actor, item: CertificateItem, reason: str) -> list[tables.Write]:
    """The writes by which the system suspends a certificate, for a transaction of the caller's.

    None if it is not in force anyway.
    """
    return [_suspend_write(actor, item, reason, "system")] if item.is_in_force else []


def revoke_writes(actor: Actor, item: CertificateItem, reason: str) -> list[tables.Write]:
    """The writes by which the system revokes a certificate, for a transaction of the caller's; none if it has been."""
    return [] if item.is_revoked else _revoke_writes(actor, item, reason, "system")


def _suspend_write(actor: Actor, item: CertificateItem, reason: str, by: str) -> tables.Write:
    suspended = rules.CERTIFICATES.move(item, "suspend", by)
    store.note_for_offline(item)
    item.link = None
    item.link_until = None
    return changes.record(item, Event(suspended, actor, note=reason))


def _revoke_writes(actor: Actor, item: CertificateItem, reason: str, by: str) -> list[tables.Write]:
    revoked = rules.CERTIFICATES.move(item, "revoke", by)
    store.note_for_offline(item)
    item.link = None
    item.link_until = None
    writes: list[tables.Write] = [changes.record(item, Event(revoked, actor, note=reason))]
    exclusive = definition_of(item).exclusive
    # An erased face names nothing any more; its period was over by then.
    if exclusive is not None and store.face(item):
        periods, taken = store.periods(item.service, _exclusive_value(item, exclusive.key))
        writes.append(store.periods_write(periods, [one for one in taken if one[0] != item.id]))
    return writes


def is_void(certificate_id: str, revision: int) -> bool:
    """Whether a print may reach nobody: its certificate is suspended or revoked, or was printed again since.

    ``revision`` 0: which print is not known.
    """
    item = store.certificate(certificate_id, consistent=True)
    if item is None:
        return False
    is_printed_again = 0 < revision < item.revision
    return is_printed_again or not item.is_in_force


def _exclusive_value(item: CertificateItem, path: str) -> str:
    """The value of the exclusive key, from the face value that was made from the same path."""
    name = next(name for name, source in definition_of(item).face.items() if source == path)
    return face_of(item)[name]
