"""Files behind links that live for five minutes: receipts, reports, labels.

The link carries, sealed, what it stands for; a function of its own draws and serves it (docs/decisions/packaging.md).
A feature says once how each kind of its files is made::

    @documents.made("receipt")
    def receipt(bill_id: str) -> Document: ...
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.kernel import clock
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import Download, endpoint
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.security import sealed
from chalicelib.kernel.settings import settings

LINK_SECONDS = 300
_PURPOSE = "document"
_HOLDER = "whoever has the link"

LINK_EXPIRED = ErrorCode(
    "document_link_expired", 410, zh="链接已失效，请重新获取", en="The link has expired; get a new one"
)


class Document(msgspec.Struct, frozen=True):
    """A file with its type and name."""

    data: bytes
    content_type: str
    name: str


class DocumentLink(msgspec.Struct, frozen=True):
    """Where the file is fetched, and for how many seconds."""

    url: str
    expires_in: int


class LinkTicket(msgspec.Struct, frozen=True):
    """What a link stands for: a kind of file, what it is about, until when (epoch seconds)."""

    kind: str
    values: list[str]
    until: int


Maker = Callable[..., Document]
_MAKERS: dict[str, Maker] = {}


def made(kind: str) -> Callable[[Maker], Maker]:
    """Declare how files of a kind are made; the values of the link are the maker's arguments."""

    def declare(maker: Maker) -> Maker:
        _MAKERS[kind] = maker
        return maker

    return declare


def link(kind: str, *values: str) -> DocumentLink:
    """A link to a file of a declared kind."""
    ticket = LinkTicket(kind, list(values), clock.seconds(clock.now()) + LINK_SECONDS)
    return DocumentLink(f"{settings().public_url}/v1/documents/{sealed.seal(_PURPOSE, _HOLDER, ticket)}", LINK_SECONDS)


def fetch(text: str) -> Document:
    """The file behind a link; raises ``document_link_expired`` for a link that is old or not ours."""
    try:
        ticket = sealed.open_sealed(_PURPOSE, _HOLDER, text, LinkTicket)
    except sealed.NotGenuine:
        raise LINK_EXPIRED() from None
    if clock.seconds(clock.now()) > ticket.until:
        raise LINK_EXPIRED()
    return _MAKERS[ticket.kind](*ticket.values)


_KINDS = (
    "application/pdf",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


@endpoint("GET", "/v1/documents/{ticket}", ANYONE, apart=True, errors=[LINK_EXPIRED], files=_KINDS)
def fetch_document(ticket: str) -> Download:
    """The file behind a link."""
    file = fetch(ticket)
    return Download(file.data, file.content_type, file.name)
