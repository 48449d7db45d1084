"""A copy of one's own data as JSON, closing the account, and the archive of closed accounts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.identity import rules as identity_rules
from chalicelib.identity.service import ShownDocument
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Access, Actor, Level, is_staff
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import CursorText, Instant, ListQuery, Reason, View, one_of
from chalicelib.kernel.roles import SECURITY_ADMINISTRATOR
from chalicelib.kernel.storage.tables import Page
from chalicelib.privacy import rules, service
from chalicelib.privacy.store import ClosingItem

PartName = Literal[
    "relatives",
    "mandates",
    "mandates_held",
    "readings",
    "applications",
    "certificates",
    "bills",
    "parcels",
    "addresses",
    "appointments",
    "messages",
    "preferences",
    "account",
]
COPY_LIMIT = Limit(name="copies", times=500, seconds=3600)
CLOSING_LIMIT = Limit(name="closings", times=20, seconds=86400)
"""Each checks everything that the person has."""
CLOSED = Access(
    staff=(SECURITY_ADMINISTRATOR,),
    target=service.archive.closed_account,
    related=is_staff,
    relation="any closed account",
    own=service.archive.is_own_matter,
)


class CopyParts(View, frozen=True):
    """The parts of which a copy consists; each is fetched by itself, page by page."""

    parts: list[str]


class CopyPage(View, frozen=True):
    """A page of one part, in clear, as it is kept."""

    part: str
    items: list[dict[str, Any]]
    cursor: str | None = None


@endpoint("GET", "/v1/me/copy", Access(person=Level.CLAIMED))
def list_copy_parts() -> CopyParts:
    """Of which parts a copy of one's own data consists."""
    return CopyParts(list(service.all_parts()))


@endpoint(
    "GET",
    "/v1/me/copy/{part}",
    Access(person=Level.CLAIMED),
    errors=[identity_rules.FRESH_PROOF_REQUIRED],
    limit=COPY_LIMIT,
)
def read_copy(actor: Actor, part: PartName, query: ListQuery) -> CopyPage:
    """A page of a copy of the caller's own data, in clear. Whoever has proven who they are proves it now."""
    page = service.copy(actor, part, query.cursor)
    return CopyPage(part=part, items=_without_blanks(page), cursor=page.cursor)


def _without_blanks(page: Page) -> list[dict[str, Any]]:
    """The entries of a page; what is empty is left out."""
    entries = []
    for item in page.items:
        entries.append({name: value for name, value in item.items() if value not in (None, "", [], {})})
    return entries


class OpenMatterView(View, frozen=True, kw_only=True):
    """Something that is not finished, and what the person can do about it."""

    part: str
    name: Text
    id: str
    to_do: Text


class RetentionView(View, frozen=True, kw_only=True):
    """What becomes of one part of the data: kept in the sealed archive for ``years`` (0: not there), and why."""

    part: str
    name: Text
    years: int
    basis: Text


class ClosingView(View, frozen=True, kw_only=True):
    """How far the closing of one's account has come; ``open`` is what stands in its way."""

    status: Annotated[str, one_of((rules.NOT_ASKED, *rules.CLOSINGS.states))]
    asked_at: Instant | None = None
    open: list[OpenMatterView]
    parts: list[RetentionView]


class ClosingRequest(msgspec.Struct, forbid_unknown_fields=True):
    """``even_if_open``: close the account also if something is open; that goes on without the person."""

    even_if_open: bool = False


@endpoint("GET", "/v1/me/closing", Access(person=Level.LOGGED_IN))
def read_closing(actor: Actor) -> ClosingView:
    """What closing the account means, and how far it has come; 401 once it is closed."""
    return _closing_view(service.closing.closing_of(actor))


@endpoint(
    "POST",
    "/v1/me/closing",
    Access(person=Level.LOGGED_IN),
    status=202,
    errors=[errors.PROOF_REQUIRED, identity_rules.FRESH_PROOF_REQUIRED, rules.CLOSING_STATE, errors.CONFLICT],
    limit=CLOSING_LIMIT,
)
def close_account(actor: Actor, body: ClosingRequest) -> ClosingView:
    """Close the account (注销账号) within seconds, unless something is open: then that is named."""
    return _closing_view(service.closing.ask(actor, even_if_open=body.even_if_open))


def _closing_view(item: ClosingItem | None) -> ClosingView:
    retention = catalog.retention()
    names = {name: Text(name, name) for name in service.all_parts()}
    names |= {rule.part: rule.name for rule in retention.rules}
    matters = []
    for matter in item.open_matters if item else []:
        to_do = service.all_parts()[matter.part].to_do
        assert to_do is not None
        matters.append(OpenMatterView(part=matter.part, name=names[matter.part], id=matter.id, to_do=to_do))
    parts = []
    for rule in retention.rules:
        parts.append(RetentionView(part=rule.part, name=rule.name, years=rule.years, basis=rule.basis))
    return ClosingView(
        status=item.status if item else rules.NOT_ASKED,
        asked_at=clock.local(item.asked_at) if item else None,
        open=matters,
        parts=parts,
    )


class ClosedAccountSearch(ShownDocument, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose closed accounts are looked for, and the place in the list."""

    cursor: CursorText | None = None


class ClosedAccount(View, frozen=True, kw_only=True):
    """A closed account: ``erased`` means that nothing is left outside the archive."""

    account_id: str
    closed_at: Instant
    status: Annotated[str, one_of((rules.CLOSED, rules.ERASED))]


class ClosedAccountList(View, frozen=True):
    """Closed accounts of one person."""

    items: list[ClosedAccount]
    cursor: str | None = None


class ArchiveRequest(Reason, forbid_unknown_fields=True):
    """Why the archive is read; the reason is kept with the reading."""

    cursor: CursorText | None = None


class ArchivedEntry(View, frozen=True):
    """An entry as it was when the account was closed."""

    part: str
    content: dict[str, Any]


class ArchivePage(View, frozen=True):
    """A page of what is kept of a closed account, in clear."""

    items: list[ArchivedEntry]
    cursor: str | None = None


@endpoint(
    "POST",
    "/v1/closed_accounts/search",
    Access(staff=(SECURITY_ADMINISTRATOR,)),
    errors=[identity_rules.ID_NUMBER_INVALID, identity_rules.DOCUMENT_INCOMPLETE],
)
def find_closed_accounts(body: ClosedAccountSearch) -> ClosedAccountList:
    """Find the closed accounts of a person by their document."""
    page = service.archive.find(body, body.cursor)
    found = []
    for item in page.items:
        found.append(ClosedAccount(account_id=item.id, closed_at=clock.local(item.closed_at), status=item.status))
    return ClosedAccountList(found, page.cursor)


@endpoint("POST", "/v1/closed_accounts/{closed_account_id}/archive", CLOSED)
def read_archive(actor: Actor, target: ClosingItem, body: ArchiveRequest) -> ArchivePage:
    """Read what is kept of a closed account, in clear. The reading and its reason are recorded first."""
    page = service.archive.read(actor, target, body.reason, body.cursor)
    return ArchivePage([ArchivedEntry(entry["part"], entry["content"]) for entry in page.items], page.cursor)
