"""What anybody may read of cases: what is made public before and after a decision (公示)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.applications import service
from chalicelib.applications.store.publicity import PublicityRow
from chalicelib.catalog import rules as catalog_rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import ListQuery, View

APPROVAL = Text("准予决定", "Approval")


class PublicityQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Of which service."""

    service: Annotated[str, Meta(min_length=1, max_length=40)]


class PublishedFieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form that everybody may read; a person's name is masked."""

    name: str
    title: Text
    value: str


class PublicityView(View, frozen=True, kw_only=True):
    """Something that is made public from a day to a day: a step's coming decision, or an approval."""

    about: Text
    is_decided: bool
    since: date
    until: date
    fields: list[PublishedFieldView]


class PublicityList(View, frozen=True):
    """A part of what a service makes public, what ends first at the beginning."""

    items: list[PublicityView]
    cursor: str | None = None


@endpoint("GET", "/v1/publicity", ANYONE, errors=[catalog_rules.SERVICE_UNKNOWN, catalog_rules.SERVICE_NOT_YET])
def list_publicity(query: PublicityQuery) -> PublicityList:
    """What a service makes public today: what is about to be decided, and what was approved."""
    catalog.current(query.service)
    page = service.publicity.page(query.service, query.cursor)
    return PublicityList([_publicity_view(query.service, row) for row in page.items], page.cursor)


def _publicity_view(code: str, row: PublicityRow) -> PublicityView:
    definition = catalog.definition(code, row.service_version)
    is_decided = row.step == service.publicity.DECISION
    about = APPROVAL if is_decided else definition.workflow.step(row.step).name
    fields = [
        PublishedFieldView(name=field.name, title=_title(definition, field.name), value=field.value)
        for field in row.fields
    ]
    return PublicityView(about=about, is_decided=is_decided, since=row.since, until=row.until, fields=fields)


def _title(definition: ServiceDefinition, name: str) -> Text:
    described = definition.form["properties"][name]
    zh = described.get("title", name)
    return Text(zh, described.get("x-en", name))
