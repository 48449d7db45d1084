"""Verification by scan, number or offline: what a certificate is worth now."""

from __future__ import annotations

from datetime import date
from typing import Literal

from chalicelib.catalog.definition import PublicField, Text
from chalicelib.certificates import rules, store
from chalicelib.certificates.service.issues import definition_of, face_of, fill
from chalicelib.certificates.settings import settings
from chalicelib.kernel import clock, log
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.security import signing, vault

Status = Literal["valid", "expired", "not_yet_valid", "suspended", "revoked", "superseded", "unknown", "forged"]


class PublicLine(View, frozen=True):
    """One line of what may be shown to anyone."""

    label: Text
    value: str


class Verification(View, frozen=True, kw_only=True):
    """What a scan says. Name and dates are there if something genuine was found.

    ``by_number``: the printed number was typed in; headline and lines, which say something of a person, are not shown.
    """

    status: Status
    checked_at: Instant
    headline: str | None = None
    name: Text | None = None
    number: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    revision: int | None = None
    current_revision: int | None = None
    lines: list[PublicLine] | None = None
    by_number: bool | None = None


def verify(number: str) -> Verification:
    """Check a scanned number, or a certificate number typed in (half a read unit; none for a forgery)."""
    if len(number) < 40:
        found = store.id_of(number)
        return _look_up(found, None) if found else _result("unknown")
    try:
        data, signature = rules.decode_number(number)
        payload = rules.decode_payload(data)
    except (ValueError, OverflowError):
        return _result("forged")
    key = settings().certificate_keys.get(payload.key)
    if key is None or not signing.verifies(signing.public_key_der(key), rules.DOMAIN + data, signature):
        return _result("forged")
    return _look_up(payload.certificate_id, payload)


def _look_up(certificate_id: str, payload: rules.Payload | None) -> Verification:
    item = store.certificate(certificate_id)
    if item is None or (payload is not None and payload.revision > item.revision):
        item = store.certificate(certificate_id, consistent=True)
    if item is None or (payload is not None and payload.revision > item.revision):
        return _result("unknown")
    state: Status = rules.validity(item.status, *item.period, clock.today())  # type: ignore[assignment]
    if payload is not None and payload.revision < item.revision and item.is_in_force:
        state = "superseded"
    log.write("scan", subject=item.id, status=state)
    definition = definition_of(item)
    # Anybody can type numbers. What is on the face is for who has the paper, which the signature shows.
    face = face_of(item) if payload is not None else {}
    return Verification(
        status=state,
        checked_at=clock.local(clock.now()),
        headline=fill(definition.headline, face) if face else None,
        name=definition.name,
        number=item.number,
        valid_from=item.valid_from,
        valid_to=item.valid_to,
        revision=payload.revision if payload else item.revision,
        current_revision=item.revision,
        lines=[PublicLine(line.label, _shown(line, face)) for line in definition.public] if face else None,
        by_number=payload is None,
    )


def _shown(line: PublicField, face: dict[str, str]) -> str:
    value = fill(line.face, face)
    return vault.mask_name(value) if line.mask == "name" else value


def _result(state: Status) -> Verification:
    log.write("scan", status=state)
    return Verification(status=state, checked_at=clock.local(clock.now()))


class PublicKey(View, frozen=True):
    """A key that signs certificates: its number in the payload and its SubjectPublicKeyInfo, base64."""

    number: int
    algorithm: str
    public_key: bytes


def public_keys() -> list[PublicKey]:
    """The keys for offline verification."""
    return [
        PublicKey(number, "ES256", signing.public_key_der(key)) for number, key in settings().certificate_keys.items()
    ]
