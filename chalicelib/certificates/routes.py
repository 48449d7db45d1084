"""Endpoints of certificates: the holder's, the issuer's, and the open ones of verification."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.catalog.definition import Text
from chalicelib.certificates import pages, rules, service, store
from chalicelib.certificates.settings import settings
from chalicelib.certificates.store import CertificateItem
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Download, HtmlPage, endpoint
from chalicelib.kernel.edge.shapes import View, one_of


def _holds(actor: Actor, item: CertificateItem) -> bool:
    return actor.kind == "person" and actor.holds(item.holder) and actor.covers(item.service)


def _holds_or_issued(actor: Actor, item: CertificateItem) -> bool:
    return _holds(actor, item) or (actor.kind == "staff" and actor.unit == item.unit)


def _concerns(actor: Actor, item: CertificateItem) -> bool:
    return identity.own_matters.is_own(actor, item.holder)


OWN = Access(person=Level.PROVEN, target=store.certificate, related=_holds, relation="holder")
OWN_OR_ISSUED = Access(
    person=Level.PROVEN,
    staff=("officer", "supervisor"),
    target=store.certificate,
    related=_holds_or_issued,
    relation="holder, or staff of the issuing unit",
    own=_concerns,
)
ISSUED = Access(
    staff=("officer",),
    target=store.certificate,
    related=_holds_or_issued,
    relation="staff of the issuing unit",
    own=_concerns,
)


Validity = Annotated[str, one_of(rules.VALIDITIES)]


class CertificateQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of the list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class CertificateView(View, frozen=True, kw_only=True):
    """A certificate as its holder sees it."""

    id: str
    number: str
    name: Text
    service: str
    application_id: str
    status: Validity
    valid_from: date
    valid_to: date
    revision: int
    prints_left: int
    face: dict[str, str]


class CertificateRow(View, frozen=True, kw_only=True):
    """A certificate in a list."""

    id: str
    number: str
    name: Text
    status: Validity
    valid_from: date
    valid_to: date


class CertificateList(View, frozen=True):
    """A part of the holder's certificates, newest first."""

    items: list[CertificateRow]
    cursor: str | None = None


class PrintRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is printed again; needed from the print on that the service names."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class CertificateReason(msgspec.Struct, forbid_unknown_fields=True):
    """Why the certificate is suspended, in force again or revoked; kept in its history."""

    reason: Annotated[str, Meta(min_length=4, max_length=500)]


class CertificateNumberQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A number scanned from a QR, or the printed certificate number."""

    number: Annotated[str, Meta(min_length=1, max_length=400)]


class KeyList(View, frozen=True):
    """The public keys that verify certificates without a network, and what the address in a QR begins with."""

    keys: list[service.verification.PublicKey]
    address: str


class PartQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which part of the list; the first one says how many there are."""

    part: Annotated[int, Meta(ge=1, le=99_999)] = 1


@endpoint("GET", "/v1/certificates", Access(person=Level.PROVEN))
def list_certificates(actor: Actor, query: CertificateQuery) -> CertificateList:
    """The certificates of the caller, or of the enterprise that the caller acts for."""
    page = store.of_holders(actor.parties, query.cursor)
    rows = [
        CertificateRow(
            id=item.id,
            number=item.number,
            name=service.issues.name_of(item),
            status=_status(item),
            valid_from=item.valid_from,
            valid_to=item.valid_to,
        )
        for item in page.items
        if actor.covers(item.service)
    ]
    return CertificateList(rows, page.cursor)


@endpoint("GET", "/v1/certificates/verify", ANYONE)
def verify_certificate(query: CertificateNumberQuery) -> service.verification.Verification:
    """Whether a scanned or typed number is genuine and valid now."""
    return service.verification.verify(query.number)


@endpoint("GET", "/v1/certificates/keys", ANYONE)
def list_certificate_keys() -> KeyList:
    """Public keys for checking without a network."""
    return KeyList(service.verification.public_keys(), settings().scan_url_prefix)


@endpoint("GET", "/v1/certificates/offline_list", ANYONE, errors=[errors.NOT_FOUND])
def read_offline_list(query: PartQuery) -> service.offline_lists.OfflinePart:
    """What an offline check has to know beside the paper: what is not in force, and which print is the newest."""
    return service.offline_lists.read(query.part)


@endpoint("GET", "/v1/certificates/{certificate_id}", OWN_OR_ISSUED)
def read_certificate(actor: Actor, target: CertificateItem) -> CertificateView:
    """One certificate with everything on its face; staff's reading is recorded first."""
    if actor.kind == "staff":
        store.record_reading(target, actor)
    return _view(target)


@endpoint(
    "POST",
    "/v1/certificates/{certificate_id}/prints",
    OWN,
    status=201,
    idempotent=True,
    errors=[rules.NOT_PRINTABLE, rules.PRINTS_USED_UP, rules.PRINT_REASON_REQUIRED],
)
def print_certificate(actor: Actor, target: CertificateItem, body: PrintRequest) -> service.PrintLink:
    """Begin a print: earlier prints are void from now on; the link gives the PDF once."""
    return service.prints.print_certificate(actor, target, body.reason)


@endpoint(
    "GET",
    "/v1/prints/{ticket}",
    ANYONE,
    apart=True,
    errors=[rules.PRINT_LINK_USED, rules.NOT_PRINTABLE, rules.GLYPH_MISSING],
    files=("application/pdf",),
)
def fetch_print(ticket: str) -> Download:
    """The PDF behind a print link, once."""
    item, data = service.prints.fetch_print(ticket)
    return Download(data, "application/pdf", f"{item.number}-{item.revision}.pdf")


@endpoint("POST", "/v1/certificates/{certificate_id}/suspend", ISSUED, errors=[rules.CERTIFICATE_STATE])
def suspend_certificate(actor: Actor, target: CertificateItem, body: CertificateReason) -> CertificateView:
    """Suspend a certificate of one's unit, until it is resumed or revoked."""
    service.revocation.suspend(actor, target, body.reason)
    return _view(target)


@endpoint("POST", "/v1/certificates/{certificate_id}/resume", ISSUED, errors=[rules.CERTIFICATE_STATE])
def resume_certificate(actor: Actor, target: CertificateItem, body: CertificateReason) -> CertificateView:
    """Put a suspended certificate in force again."""
    service.revocation.resume(actor, target, body.reason)
    return _view(target)


@endpoint("POST", "/v1/certificates/{certificate_id}/revoke", ISSUED, errors=[rules.CERTIFICATE_STATE])
def revoke_certificate(actor: Actor, target: CertificateItem, body: CertificateReason) -> CertificateView:
    """Revoke a certificate of one's unit."""
    service.revocation.revoke(actor, target, body.reason)
    return _view(target)


@endpoint("GET", "/b/{number}", ANYONE)
def show_verification(number: str) -> HtmlPage:
    """The page that any phone's camera opens."""
    return HtmlPage(pages.verification(service.verification.verify(number)))


def _view(item: CertificateItem) -> CertificateView:
    return CertificateView(
        id=item.id,
        number=item.number,
        name=service.issues.name_of(item),
        service=item.service,
        application_id=item.application_id,
        status=_status(item),
        valid_from=item.valid_from,
        valid_to=item.valid_to,
        revision=item.revision,
        prints_left=service.prints.prints_left(item),
        face=service.issues.face_of(item),
    )


def _status(item: CertificateItem) -> str:
    return rules.validity(item.status, *item.period, clock.today())
