"""Printing: a new revision voids the earlier ones, and a link works once."""

from __future__ import annotations

import hashlib
import hmac
import secrets

import msgspec

from chalicelib.catalog.definition import CertificateDefinition, Layout
from chalicelib.certificates import events, glyphs, rules, store
from chalicelib.certificates.service.issues import definition_of, face_of
from chalicelib.certificates.settings import settings
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import signing
from chalicelib.kernel.settings import settings as kernel_settings
from chalicelib.kernel.storage import tables


class PrintLink(msgspec.Struct, frozen=True):
    """Where the PDF is fetched, once, and until when; ``revision`` voids all earlier prints."""

    revision: int
    url: str
    expires_in: int


def print_certificate(actor: Actor, item: CertificateItem, reason: str) -> PrintLink:
    """Begin a print: a new revision (the earlier ones are void from now on) and a link that works once.

    Raises ``certificate_not_printable``, ``prints_used_up``, ``print_reason_required``, ``changed_meanwhile``.
    """
    definition = definition_of(item)
    if rules.validity(item.status, *item.period, clock.today()) not in ("valid", "not_yet_valid"):
        raise rules.NOT_PRINTABLE()
    policy = definition.prints
    rules.check_print(item.revision, policy.maximum, policy.reason_from, reason)
    secret = secrets.token_urlsafe(16)
    item.revision = item.revision + 1
    store.note_for_offline(item)
    item.link = _hash(secret)
    item.link_until = clock.seconds(clock.now()) + policy.link_seconds
    event = Event(events.CERTIFICATE_PRINTED, actor, note=reason, data={"revision": item.revision})
    tables.write_or_conflict(changes.record(item, event))
    return PrintLink(item.revision, f"{kernel_settings().public_url}/v1/prints/{item.id}.{secret}", policy.link_seconds)


def print_for_posting(actor: Actor, certificate_id: str) -> PrintLink:
    """A print by the clerk who packs it for its holder; raises as ``print_certificate``, or ``not_found``."""
    item = store.certificate(certificate_id, consistent=True)
    if item is None:
        raise errors.NOT_FOUND()
    return print_certificate(actor, item, "寄递或窗口发放 printed to be handed out")


def void_prints_writes(actor: Actor, certificate_id: str, reason: str) -> list[tables.Write]:
    """The writes by which all prints made so far are void, for a transaction of the caller's."""
    item = store.certificate(certificate_id, consistent=True)
    if item is None or item.is_revoked or not item.revision:
        return []
    item.revision = item.revision + 1
    store.note_for_offline(item)
    item.link = item.link_until = None
    return [
        changes.record(
            item, Event(events.CERTIFICATE_PRINTS_VOIDED, actor, note=reason, data={"revision": item.revision})
        )
    ]


def fetch_print(ticket: str) -> tuple[CertificateItem, bytes]:
    """The PDF of the print that a link stands for; the link is used up by it.

    The PDF is made before the link is spent, so a failure leaves it usable. Raises ``print_link_used``
    or ``glyph_missing``.
    """
    certificate_id, _, secret = ticket.partition(".")
    item = store.certificate(certificate_id, consistent=True)
    if (
        item is None
        or not item.link
        or not hmac.compare_digest(item.link, _hash(secret))
        or clock.seconds(clock.now()) > int(item.link_until or 0)
    ):
        raise rules.PRINT_LINK_USED()
    refuse_if(not item.is_in_force, rules.NOT_PRINTABLE)
    pdf = render(item)
    item.link = item.link_until = None
    event = Event(events.PRINT_FETCHED, Actor(kind="system", id="system:print"), data={"revision": item.revision})
    try:
        tables.write(changes.record(item, event))
    except tables.ConditionFailed:
        raise rules.PRINT_LINK_USED() from None
    return item, pdf


def render(item: CertificateItem) -> bytes:
    """The certificate's PDF with the signed QR of its current revision."""
    from chalicelib.certificates import pdf

    face = {**face_of(item), "revision": str(item.revision)}
    return pdf.draw(definition_of(item).layout, face, settings().scan_url_prefix, signed_number(item))


def draw_document(layout: Layout, title: str, code: str) -> bytes:
    """A document of another feature in the same hand; ``code`` is the text of its QR. Raises ``glyph_missing``."""
    from chalicelib.certificates import pdf

    return pdf.draw(layout, {"number": title}, code, "")


def draw_sheets(width: float, height: float, pages: list[list[tuple[Layout, str, float, float, float]]]) -> bytes:
    """Pages of one size (millimetres), each with several small layouts: layout, text of its QR, left, top, scale."""
    from chalicelib.certificates import pdf

    return pdf.draw_sheets(width, height, pages)


def drawable(text: str) -> str:
    """The text with a sign in the place of each character that cannot be drawn, for what must be printed anyway."""
    while (character := glyphs.missing(text)) is not None:
        text = text.replace(character, "〓")
    return text


def signed_number(item: CertificateItem) -> str:
    """The number in the QR: the payload of the current revision, signed by the newest key."""
    key_number, key = list(settings().certificate_keys.items())[-1]
    payload = rules.encode_payload(payload_of(definition_of(item), item, key_number))
    return rules.encode_number(payload, signing.sign(key, rules.DOMAIN + payload))


def payload_of(definition: CertificateDefinition, item: CertificateItem, key_number: int) -> rules.Payload:
    """What the QR of this certificate says."""
    face = face_of(item)
    signed = definition.signed
    start, end = item.period
    vehicle = signed.kind == "vehicle"
    return rules.Payload(
        kind=rules.VEHICLE if vehicle else rules.DOCUMENT,
        key=key_number,
        certificate_id=item.id,
        subject=face[signed.subject] if vehicle and signed.subject else "",
        valid_from=start,
        valid_to=end,
        scope=signed.scope[face[signed.scope_face]] if signed.scope_face else 0,
        category=signed.category,
        revision=item.revision,
        digest=rules.face_digest(face),
    )


def prints_left(item: CertificateItem) -> int:
    return max(0, definition_of(item).prints.maximum - item.revision)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
