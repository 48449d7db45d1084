"""A copy of one's own data as JSON."""

from __future__ import annotations

from typing import Any, Literal

from chalicelib.identity import rules as identity_rules
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery, View
from chalicelib.privacy import service

PartName = Literal[
    "account",
    "relatives",
    "mandates",
    "readings",
    "applications",
    "certificates",
    "bills",
    "parcels",
    "addresses",
    "appointments",
    "messages",
]
COPY_LIMIT = Limit(name="copies", times=500, seconds=3600)


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
    return CopyParts(list(service.PARTS))


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
    return CopyPage(part=part, items=service.as_json(page), cursor=page.cursor)
