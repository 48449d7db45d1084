"""Endpoints of the catalogue: open to anyone."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog import rules, service, workflow_picture
from chalicelib.catalog.definition import (
    Hall,
    HallSummary,
    Item,
    PrintPolicy,
    Step,
    Summary,
    Text,
    Workflow,
)
from chalicelib.kernel import clock
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import Download, endpoint
from chalicelib.kernel.edge.shapes import View

SVG = "image/svg+xml"


class ServiceQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What is looked for: words, audience, a division's code."""

    words: Annotated[str, Meta(max_length=60)] = ""
    audience: Literal["person", "enterprise", ""] = ""
    region: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""


class ServiceList(msgspec.Struct, frozen=True):
    """The services found, best first."""

    items: list[Summary]


class HallQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which halls: those that handle a service, those of a division."""

    service: Annotated[str, Meta(max_length=40)] = ""
    region: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""


class HallList(msgspec.Struct, frozen=True):
    """Service halls."""

    items: list[HallSummary]


class CertificateGuide(msgspec.Struct, frozen=True):
    """What is issued, and how often it may be printed."""

    name: Text
    prints: PrintPolicy


class CourseStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step in plain words: what happens, at which department, and how long it may take."""

    name: Text
    unit: Text
    words: Text


class Upcoming(msgspec.Struct, frozen=True):
    """A version of the service that counts from a day on."""

    version: int
    effective_from: date


class Guide(View, frozen=True, kw_only=True):
    """A service as people read it (办事指南), with its form; ``warnings`` tell what the city must know.

    ``course``: its steps in plain words, in columns of what happens at the same time; ``picture``: the same, drawn.
    ``upcoming``: a newer version that is published and not yet in force.
    """

    version: int
    item: Item
    unit: Text
    steps: list[Step]
    course: list[list[CourseStep]]
    picture: str
    form: dict[str, Any]
    result: CertificateGuide | None = None
    warnings: list[Text]
    upcoming: Upcoming | None = None


@endpoint("GET", "/v1/services", ANYONE)
def list_services(query: ServiceQuery) -> ServiceList:
    """List services, or search them in plain words."""
    return ServiceList(service.search(query.words, query.audience, query.region))


@endpoint("GET", "/v1/services/{code}", ANYONE, errors=[rules.SERVICE_UNKNOWN, rules.SERVICE_NOT_YET])
def read_service(code: str) -> Guide:
    """The guide of a service."""
    version, definition = service.current(code)
    certificate = definition.certificate
    today = clock.today()
    coming = service.upcoming(code)
    decided_by = service.calendar().add_working_days(today, definition.item.promised_days)
    return Guide(
        version=version,
        item=definition.item,
        unit=service.unit_name(definition.item.unit),
        steps=definition.workflow.steps,
        course=course_of(definition.workflow),
        picture=f"/v1/services/{code}/course",
        form=definition.form,
        result=CertificateGuide(certificate.name, certificate.prints) if certificate else None,
        warnings=service.calendar_warnings(today, decided_by),
        upcoming=Upcoming(*coming) if coming else None,
    )


def course_of(workflow: Workflow) -> list[list[CourseStep]]:
    """The steps of a workflow in plain words, in columns."""
    return [[_course_step(step) for step in column] for column in workflow_picture.columns(workflow)]


def _course_step(step: Step) -> CourseStep:
    return CourseStep(name=step.name, unit=service.unit_name(step.unit), words=workflow_picture.words(step))


@endpoint(
    "GET", "/v1/services/{code}/course", ANYONE, errors=[rules.SERVICE_UNKNOWN, rules.SERVICE_NOT_YET], files=(SVG,)
)
def draw_course(code: str) -> Download:
    """The way of an application for this service through the departments, as a picture (SVG)."""
    _, definition = service.current(code)
    return Download(workflow_picture.draw(definition, service.unit_name).encode(), SVG, f"{code}.svg")


@endpoint("GET", "/v1/halls", ANYONE)
def list_halls(query: HallQuery) -> HallList:
    """The service halls, of a service or a division if wanted."""
    return HallList(service.halls(query.service, query.region))


@endpoint("GET", "/v1/halls/{hall}", ANYONE, errors=[rules.HALL_UNKNOWN])
def read_hall(hall: str) -> Hall:
    """A hall: where it is, when it is open, what is handled there, and its rules for booking and calling."""
    return service.hall(hall)
