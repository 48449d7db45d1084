"""Use cases of certificates: issue, print, scan, revoke, and what offline verifiers need."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import CertificateDefinition, Layout, PublicField, Text
from chalicelib.certificates import glyphs, rules, store
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import FieldError
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import signing, vault
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables

Status = Literal["valid", "expired", "not_yet_valid", "revoked", "superseded", "unknown", "forged"]
REVOKED_PAGE = 500


# Issuing


@dataclass(frozen=True)
class Issue:
    """What a certificate is issued from: the definition's paths are looked up in ``context``."""

    service: str
    version: int
    definition: CertificateDefinition
    application_id: str
    holder: str
    unit: str
    context: dict[str, Any]


def resolve(path: str, context: dict[str, Any]) -> str:
    """The value at a path such as ``form.plate`` as text; lists are joined; raises KeyError if absent."""
    value: Any = context
    for name in path.split("."):
        value = value[name]
    return " · ".join(map(str, value)) if isinstance(value, list) else str(value)


def fill(template: str, values: dict[str, str]) -> str:
    """The template with its ``{name}`` places filled; raises KeyError for an unknown name."""
    return template.format_map(values)


def period(definition: CertificateDefinition, context: dict[str, Any]) -> tuple[date, date]:
    """From which day to which day (both included) the certificate is valid."""
    validity = definition.validity
    start = clock.today() if validity.start == "today" else date.fromisoformat(resolve(validity.start, context))
    if validity.end is not None:
        return start, date.fromisoformat(resolve(validity.end, context))
    return start, start + timedelta(days=(validity.days or 1) - 1)


def undrawable(definition: CertificateDefinition, context: dict[str, Any]) -> list[FieldError]:
    """The values of the face that the font cannot draw, as problems of the form."""
    problems = []
    for path in definition.face.values():
        character = glyphs.missing(resolve(path, context))
        if character is not None:
            zh, en = rules.GLYPH_MISSING.zh, rules.GLYPH_MISSING.en
            place = "/" + path.replace(".", "/")
            texts = zh.format(character=character), en.format(character=character)
            problems.append(FieldError(place, "glyph_missing", *texts))
    return problems


def overlaps(service: str, definition: CertificateDefinition, context: dict[str, Any], application_id: str) -> bool:
    """Whether another application's certificate takes part of the period, where only one may exist at a time."""
    if definition.exclusive is None:
        return False
    start, end = period(definition, context)
    _, taken = store.periods(service, resolve(definition.exclusive.key, context))
    own = certificate_id_of(application_id)
    others = [(begin, finish) for owner, begin, finish in taken if owner != own]
    return rules.overlaps(others, start, end)


def certificate_id_of(application_id: str) -> str:
    """The id of the certificate that an application leads to: a repeated decision cannot issue a second one."""
    return hashlib.sha256(f"certificate\0{application_id}".encode()).hexdigest()[:16]


def prepare(issue: Issue, actor: Actor) -> tuple[CertificateItem, list[tables.Write]]:
    """A new certificate and the writes that issue it, to be done in the application's transaction.

    Raises ``period_taken`` when an exclusive period is not free any more.
    """
    start, end = period(issue.definition, issue.context)
    certificate_id = certificate_id_of(issue.application_id)
    item = CertificateItem(
        f"CERTIFICATE#{certificate_id}",
        service=issue.service,
        service_version=issue.version,
        application_id=issue.application_id,
        holder=issue.holder,
        unit=issue.unit,
        valid_from=str(start),
        valid_to=str(end),
        gsi1pk=f"HOLDER#{issue.holder}",
        gsi1sk=f"{clock.now().isoformat(timespec='seconds')}#{certificate_id}",
    )
    store.seal_face(item, _sealed_face(issue))
    writes: list[tables.Write] = [changes.put(item, Event("certificate_issued", actor))]
    if issue.definition.exclusive is not None:
        writes.append(_take_period(issue, item))
    return item, writes


def _sealed_face(issue: Issue) -> dict[str, str]:
    """What must be kept as it was on the day of issue; ``face_of`` derives the rest."""
    face = {name: resolve(path, issue.context) for name, path in issue.definition.face.items()}
    unit = catalog.unit(issue.unit)
    return face | {"issuer": unit.name.zh, "issuer_code": unit.credit_code, "issued_on": str(clock.today())}


def face_of(item: CertificateItem) -> dict[str, str]:
    """Everything on the certificate's face: sealed values, their words, number, period and identifier."""
    definition, sealed = _definition(item), store.face(item)
    issuer_code = sealed.pop("issuer_code")
    return (
        sealed
        | {name: words.words[sealed[words.of]] for name, words in definition.words.items()}
        | {
            "number": item.number,
            "valid_from": str(item.valid_from),
            "valid_to": str(item.valid_to),
            "identifier": rules.licence_identifier(definition.type_code, issuer_code, item.number.replace("-", "")),
        }
    )


def _take_period(issue: Issue, item: CertificateItem) -> tables.Put:
    assert issue.definition.exclusive is not None
    key = resolve(issue.definition.exclusive.key, issue.context)
    periods, taken = store.periods(issue.service, key)
    start, end = item.period
    others = [period for period in taken if period[0] != item.id]
    if rules.overlaps([(begin, finish) for _, begin, finish in others], start, end):
        raise rules.PERIOD_TAKEN()
    return store.put_periods(periods, [*others, (item.id, start, end)])


# Printing


class PrintLink(msgspec.Struct, frozen=True):
    """Where the PDF is fetched, once, and until when; ``revision`` voids all earlier prints."""

    revision: int
    url: str
    expires_in: int


def print_certificate(actor: Actor, item: CertificateItem, reason: str) -> PrintLink:
    """Begin a print: a new revision (the earlier ones are void from now on) and a link that works once.

    Raises ``certificate_not_printable``, ``prints_used_up``, ``print_reason_required``, ``changed_meanwhile``.
    """
    definition = _definition(item)
    if rules.status(bool(item.revoked), *item.period, clock.today()) in ("revoked", "expired"):
        raise rules.NOT_PRINTABLE()
    policy = definition.prints
    rules.check_print(int(item.revision), policy.maximum, policy.reason_from, reason)
    secret = secrets.token_urlsafe(16)
    item.revision = int(item.revision) + 1
    item.link, item.link_until = _hash(secret), clock.seconds(clock.now()) + policy.link_seconds
    event = Event("certificate_printed", actor, reason, {"revision": int(item.revision)})
    tables.write_or_conflict(changes.put(item, event))
    return PrintLink(int(item.revision), f"{settings().public_url}/v1/prints/{item.id}.{secret}", policy.link_seconds)


def print_for_posting(actor: Actor, certificate_id: str) -> PrintLink:
    """A print by the clerk who packs it for its holder; raises as ``print_certificate``, or ``not_found``."""
    item = store.certificate(certificate_id, consistent=True)
    if item is None:
        raise errors.NOT_FOUND()
    return print_certificate(actor, item, "寄递或窗口发放 printed to be handed out")


def voiding_prints(actor: Actor, certificate_id: str, reason: str) -> list[tables.Write]:
    """The writes by which all prints made so far are void, for a transaction of the caller's."""
    item = store.certificate(certificate_id, consistent=True)
    if item is None or item.revoked or not int(item.revision):
        return []
    item.revision = int(item.revision) + 1
    item.link = item.link_until = None
    return [changes.put(item, Event("certificate_prints_voided", actor, reason, {"revision": int(item.revision)}))]


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
    if item.revoked:
        raise rules.NOT_PRINTABLE()
    pdf = render(item)
    item.link = item.link_until = None
    event = Event("print_fetched", Actor(kind="system", id="system:print"), data={"revision": int(item.revision)})
    try:
        tables.write(changes.put(item, event))
    except tables.ConditionFailed:
        raise rules.PRINT_LINK_USED() from None
    return item, pdf


def render(item: CertificateItem) -> bytes:
    """The certificate's PDF with the signed QR of its current revision."""
    from chalicelib.certificates import pdf

    face = {**face_of(item), "revision": str(int(item.revision))}
    return pdf.draw(_definition(item).layout, face, settings().scan_url_prefix, signed_number(item))


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
    payload = rules.encode_payload(payload_of(_definition(item), item, key_number))
    return rules.encode_number(payload, signing.sign(key, rules.DOMAIN + payload))


def payload_of(definition: CertificateDefinition, item: CertificateItem, key_number: int) -> rules.Payload:
    """What the QR of this certificate says."""
    face, signed = face_of(item), definition.signed
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
        revision=int(item.revision),
        digest=rules.face_digest(face),
    )


# Scanning


class Line(msgspec.Struct, frozen=True):
    """One line of what may be shown to anyone."""

    label: Text
    value: str


class Verification(msgspec.Struct, frozen=True):
    """What a scan says. Dates and lines are empty when nothing genuine was found.

    ``by_number`` means that the printed number was typed in: compare the paper with what is shown.
    """

    status: Status
    checked_at: str
    headline: str = ""
    name: Text | None = None
    number: str = ""
    valid_from: str = ""
    valid_to: str = ""
    revision: int = 0
    current_revision: int = 0
    lines: list[Line] = []
    by_number: bool = False


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
    if item is None or (payload is not None and payload.revision > int(item.revision)):
        item = store.certificate(certificate_id, consistent=True)
    if item is None or (payload is not None and payload.revision > int(item.revision)):
        return _result("unknown")
    state: Status = rules.status(bool(item.revoked), *item.period, clock.today())  # type: ignore[assignment]
    if payload is not None and payload.revision < int(item.revision) and state != "revoked":
        state = "superseded"
    log.write("scan", subject=item.id, status=state)
    definition, face = _definition(item), face_of(item)
    return Verification(
        status=state,
        checked_at=clock.local(clock.now()).isoformat(),
        headline=fill(definition.headline, face),
        name=definition.name,
        number=item.number,
        valid_from=str(item.valid_from),
        valid_to=str(item.valid_to),
        revision=payload.revision if payload else int(item.revision),
        current_revision=int(item.revision),
        lines=[Line(line.label, _shown(line, face)) for line in definition.public],
        by_number=payload is None,
    )


def _shown(line: PublicField, face: dict[str, str]) -> str:
    value = fill(line.face, face)
    return vault.mask_name(value) if line.mask == "name" else value


def _result(state: Status) -> Verification:
    log.write("scan", status=state)
    return Verification(state, clock.local(clock.now()).isoformat())


class PublicKey(msgspec.Struct, frozen=True):
    """A key that signs certificates: its number in the payload and its SubjectPublicKeyInfo, base64."""

    number: int
    algorithm: str
    public_key: bytes


def public_keys() -> list[PublicKey]:
    """The keys for offline verification."""
    return [
        PublicKey(number, "ES256", signing.public_key_der(key)) for number, key in settings().certificate_keys.items()
    ]


# Holding and revoking


def revoke(actor: Actor, item: CertificateItem, reason: str) -> None:
    """Revoke: scans say so from the next one on, and its exclusive period is free again.

    Raises ``already_revoked`` or ``changed_meanwhile``.
    """
    if item.revoked:
        raise rules.ALREADY_REVOKED()
    store.mark_revoked(item)
    item.link = item.link_until = None
    writes = [changes.put(item, Event("certificate_revoked", actor, reason))]
    exclusive = _definition(item).exclusive
    if exclusive is not None:
        periods, taken = store.periods(item.service, _exclusive_value(item, exclusive.key))
        writes.append(store.put_periods(periods, [one for one in taken if one[0] != item.id]))
    tables.write_or_conflict(*writes)


def _exclusive_value(item: CertificateItem, path: str) -> str:
    """The value of the exclusive key, from the face value that was made from the same path."""
    name = next(name for name, source in _definition(item).face.items() if source == path)
    return face_of(item)[name]


def _definition(item: CertificateItem) -> CertificateDefinition:
    return catalog.definition(item.service, int(item.service_version)).certificate


def name_of(item: CertificateItem) -> Text:
    return _definition(item).name


def prints_left(item: CertificateItem) -> int:
    return max(0, _definition(item).prints.maximum - int(item.revision))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
