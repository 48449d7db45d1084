"""Endpoints of the catalogue: open to anyone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog import rules, service
from chalicelib.catalog.definition import CertificateDefinition, Item, PrintPolicy, Step, Summary, Text
from chalicelib.kernel import clock
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.endpoint import endpoint


class ServiceQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What is looked for: words, audience, a division's code."""

    words: Annotated[str, Meta(max_length=60)] = ""
    audience: Literal["person", "enterprise", ""] = ""
    region: Annotated[str, Meta(pattern=r"^(\d{6})?$")] = ""


class ServiceList(msgspec.Struct, frozen=True):
    """The services found, best first."""

    items: list[Summary]


class CertificateGuide(msgspec.Struct, frozen=True):
    """What is issued, and how often it may be printed."""

    name: Text
    prints: PrintPolicy


class Guide(msgspec.Struct, frozen=True):
    """A service as people read it (办事指南), with its form; ``warnings`` tell what the city must know."""

    version: int
    item: Item
    unit: Text
    steps: list[Step]
    form: dict[str, Any]
    result: CertificateGuide
    warnings: list[Text]


@endpoint("GET", "/v1/services", ANYONE)
def list_services(query: ServiceQuery) -> ServiceList:
    """List services, or search them in plain words."""
    return ServiceList(service.search(query.words, query.audience, query.region))


@endpoint("GET", "/v1/services/{code}", ANYONE, errors=[rules.SERVICE_UNKNOWN])
def read_service(code: str) -> Guide:
    """The guide of a service."""
    version, definition = service.current(code)
    certificate: CertificateDefinition = definition.certificate
    return Guide(
        version,
        definition.item,
        service.unit_name(definition.item.unit),
        definition.workflow.steps,
        definition.form,
        CertificateGuide(certificate.name, certificate.prints),
        _warnings(),
    )


def _warnings() -> list[Text]:
    year = clock.today().year
    if service.calendar().covers(clock.today()):
        return []
    return [
        Text(
            f"{year} 年的节假日安排尚未发布，时限按周末休息计算",
            f"The calendar of {year} is not published; limits count weekends only",
        )
    ]
