"""What is made public (公示) before and after a decision: which notices a case has now, and the writes that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from chalicelib.applications import limits, rules, store
from chalicelib.applications.process import Case
from chalicelib.applications.store import ApplicationItem, notices
from chalicelib.applications.store.notices import NoticeField, NoticeRow
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Page, Write

DECISION = ""
"""Stands for the decision, where a step's code stands for what is about to be decided there."""


@dataclass(frozen=True)
class NoticeDays:
    """From which day to which day something is made public."""

    since: date
    until: date


Notices = dict[str, NoticeDays]


def notices_of(case: Case) -> Notices:
    """What the case makes public now: by the step that is about to decide, or ``DECISION``."""
    found: Notices = {}
    for step in case.process.open_steps:
        until = limits.public_until(case, step)
        if until is not None and step.opened is not None:
            found[step.code] = NoticeDays(step.opened, until)
    is_approved = case.item.status in (rules.APPROVED, rules.COMPLETED)
    decided = case.process.decided
    published_until = case.process.published_until
    if is_approved and decided is not None and published_until is not None:
        found[DECISION] = NoticeDays(decided, published_until)
    return found


def writes(case: Case, item: ApplicationItem, before: Notices, form: Mapping[str, Any] | None) -> list[Write]:
    """The writes of notices that a case has now and had not before, or had and has no more.

    They belong to the head's transaction: nothing is public that was not decided. ``form``: as it is about to be
    written; None if it is the stored one.
    """
    after = notices_of(case)
    found: list[Write] = []
    for step, span in before.items():
        is_gone = after.get(step) != span and span.until >= case.today
        if is_gone:
            found.append(tables.Delete(NoticeRow(notices.key_of(item.service), _sort_key(item, step, span))))
    new = [step for step in after if before.get(step) != after[step]]
    if new and form is None:
        form = store.content(item).form
    for step in new:
        found.append(tables.Put(_row(case, item, step, after[step], form or {})))
    return found


def _row(case: Case, item: ApplicationItem, step: str, span: NoticeDays, form: Mapping[str, Any]) -> NoticeRow:
    last_moment = datetime.combine(span.until, time.max, clock.SHANGHAI)
    return NoticeRow(
        notices.key_of(item.service),
        _sort_key(item, step, span),
        step=step,
        service_version=item.service_version,
        since=span.since,
        until=span.until,
        fields=_public_fields(case, item, form),
        expires_at=clock.seconds(last_moment),
    )


def _sort_key(item: ApplicationItem, step: str, span: NoticeDays) -> str:
    return f"{span.until}#{item.id}#{step}"


def _public_fields(case: Case, item: ApplicationItem, form: Mapping[str, Any]) -> list[NoticeField]:
    properties = catalog.definition(item.service, item.service_version).form["properties"]
    found = []
    for name in case.workflow.published_fields:
        value = form.get(name)
        if value is None:
            continue
        is_name = properties[name].get("x-fixed") == "applicant.name"
        text = str(value)
        if is_name and item.applicant_kind == "person":
            text = vault.mask_name(text)
        found.append(NoticeField(name=name, value=text))
    return found


def page(service: str, cursor: str | None) -> Page:
    """A page of what a service makes public today."""
    return notices.page(service, clock.today(), cursor)
