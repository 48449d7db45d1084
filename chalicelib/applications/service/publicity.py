"""What is made public (公示) before and after a decision: what a case publishes now, and the writes that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from chalicelib.applications import limits, rules, store
from chalicelib.applications.process import Case
from chalicelib.applications.store import ApplicationItem
from chalicelib.applications.store import publicity as stored
from chalicelib.applications.store.publicity import PublicityRow, PublishedField
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Page, Write

DECISION = ""
"""Stands for the decision, where a step's code stands for what is about to be decided there."""


@dataclass(frozen=True)
class PublicityDays:
    """From which day to which day something is made public."""

    since: date
    until: date


Published = dict[str, PublicityDays]


def published_by(case: Case) -> Published:
    """What the case makes public now: by the step that is about to decide, or ``DECISION``."""
    found: Published = {}
    for step in case.process.open_steps:
        until = limits.public_until(case, step)
        if until is not None and step.opened is not None:
            found[step.code] = PublicityDays(step.opened, until)
    is_approved = case.item.status in (rules.APPROVED, rules.COMPLETED)
    decided = case.process.decided
    published_until = case.process.published_until
    if is_approved and decided is not None and published_until is not None:
        found[DECISION] = PublicityDays(decided, published_until)
    return found


def writes(case: Case, item: ApplicationItem, before: Published, form: Mapping[str, Any] | None) -> list[Write]:
    """The writes of what a case publishes now and did not before, or did and does no more.

    They belong to the head's transaction: nothing is public that was not decided. ``form``: as it is about to be
    written; None if it is the stored one.
    """
    after = published_by(case)
    found: list[Write] = []
    for step, span in before.items():
        is_gone = after.get(step) != span and span.until >= case.today
        if is_gone:
            found.append(tables.Delete(PublicityRow(stored.key_of(item.service), _sort_key(item, step, span))))
    new = [step for step in after if before.get(step) != after[step]]
    if new and form is None:
        form = store.content(item).form
    for step in new:
        found.append(tables.Put(_row(case, item, step, after[step], form or {})))
    return found


def _row(case: Case, item: ApplicationItem, step: str, span: PublicityDays, form: Mapping[str, Any]) -> PublicityRow:
    last_moment = datetime.combine(span.until, time.max, clock.SHANGHAI)
    return PublicityRow(
        stored.key_of(item.service),
        _sort_key(item, step, span),
        step=step,
        service_version=item.service_version,
        since=span.since,
        until=span.until,
        fields=_public_fields(case, item, form),
        expires_at=clock.seconds(last_moment),
    )


def _sort_key(item: ApplicationItem, step: str, span: PublicityDays) -> str:
    return f"{span.until}#{item.id}#{step}"


def _public_fields(case: Case, item: ApplicationItem, form: Mapping[str, Any]) -> list[PublishedField]:
    properties = catalog.definition(item.service, item.service_version).form["properties"]
    found = []
    for name in case.workflow.published_fields:
        value = form.get(name)
        if value is None:
            continue
        text = vault.mask_name(str(value)) if _is_persons_name(properties[name], item) else str(value)
        found.append(PublishedField(name=name, value=text))
    return found


def _is_persons_name(described: Mapping[str, Any], item: ApplicationItem) -> bool:
    """Whether a field may hold a person's name: what is fixed to, or proposed from, a name.

    Only the applicant's name of an organization is nobody's. What a register calls a name may be a person's.
    """
    source = str(described.get("x-fixed") or described.get("x-prefill") or "")
    is_organization = source == "applicant.name" and item.applicant_kind == "organization"
    return source.rpartition(".")[2] == "name" and not is_organization


def page(service: str, cursor: str | None) -> Page:
    """A page of what a service makes public today."""
    return stored.page(service, clock.today(), cursor)
