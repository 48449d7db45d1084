"""Following an application: the applicant's timeline, and the status that a receipt number gives anyone."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chalicelib.applications import events, limits, rules, store
from chalicelib.applications.process import OWN_STEPS
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.store import ApplicationItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, ids, numbers
from chalicelib.kernel.edge.shapes import Instant, View, given, one_of
from chalicelib.kernel.event_types import declared_in
from chalicelib.kernel.events import changes, history
from chalicelib.kernel.events.changes import Change


class TimelineEntry(View, frozen=True, kw_only=True):
    """One thing that happened: what, when, who, of which unit, with what words."""

    version: int
    type: str
    what: Text
    at: Instant
    who: Text
    reasons: list[str]
    unit: Text | None = None
    note: str | None = None


class Next(View, frozen=True, kw_only=True):
    """What comes next, whose turn it is, and by which day."""

    what: Text
    unit: Text | None = None
    by: date | None = None
    warnings: list[Text]


class Timeline(View, frozen=True):
    """Everything that happened, and what comes next (nothing at the end)."""

    status: Annotated[str, one_of(rules.GRAPH.states)]
    entries: list[TimelineEntry]
    next: Next | None = None


_EVENTS = declared_in(events)
_SYSTEM = Text("系统自动", "the system")
_APPLICANT = Text("申请人", "the applicant")


def timeline(item: ApplicationItem, *, for_staff: bool = False) -> Timeline:
    """The application's timeline; what is the officers' own business (``internal``) is shown to staff only."""
    recorded = history.timeline(item.subject, item.version, changes.decode(item.changes))
    told = [_entry(item, change) for change in recorded if for_staff or not _EVENTS[change.type].internal]
    return Timeline(item.status, told, _next(item))


def _entry(item: ApplicationItem, change: Change) -> TimelineEntry:
    reasons = change.data.get("reasons", [])
    happened = _EVENTS[change.type]
    return TimelineEntry(
        version=change.version,
        type=change.type,
        what=Text(happened.zh, happened.en),
        at=clock.local(change.at),
        who=_who(change),
        unit=catalog.unit_name(change.unit) if change.unit else None,
        note=given(changes.note_of(item.subject, change)),
        reasons=reasons if isinstance(reasons, list) else [],
    )


def _who(change: Change) -> Text:
    if change.actor.startswith("system:"):
        return _SYSTEM
    if change.unit:
        name = identity.staff_name(change.actor)
        return Text(name, name)
    return _APPLICANT


def _next(item: ApplicationItem) -> Next | None:
    if item.status == rules.DRAFT:
        return Next(what=Text("请填写并提交", "Fill in and submit"), warnings=[])
    if item.status == rules.APPROVED:
        what = Text("请缴费，到账后自动出证", "Pay the bills; the certificate follows by itself")
        return Next(what=what, warnings=[])
    if item.status == rules.CORRECTION:
        warnings = catalog.calendar_warnings(item.correct_by)
        what = Text("请按清单补正", "Correct what the list names")
        return Next(what=what, by=item.correct_by, warnings=warnings)
    if item.status in (rules.RECEIVED, rules.ACCEPTED):
        return _next_step(item)
    return None


def _next_step(item: ApplicationItem) -> Next:
    """Whose turn it is: the first open step, or the units that look what is missing; or what the clock waits for."""
    workflow = definition_of(item).workflow
    warnings = catalog.calendar_warnings(item.due_on)
    running = [one for one in item.process.running_procedures if one.pauses]
    if running:
        what = PROCEDURE_WORDS[running[0].kind]
        asking = catalog.unit_name(workflow.step(running[0].step).unit)
        return Next(what=what, unit=asking, by=running[0].until, warnings=warnings)
    waiting = [workflow.step(step.code) for step in item.process.open_steps if step.code not in OWN_STEPS]
    unit = catalog.unit_name(waiting[0].unit) if waiting else None
    what = waiting[0].name if waiting else Text("等待审查", "Waiting for review")
    return Next(what=what, unit=unit, by=item.due_on, warnings=warnings)


PROCEDURE_WORDS = {
    "hearing": Text("听证进行中，不计入办理时限", "A hearing is held; its time is not counted"),
    "tender": Text("招标进行中，不计入办理时限", "A tender is held; its time is not counted"),
    "auction": Text("拍卖进行中，不计入办理时限", "An auction is held; its time is not counted"),
    "inspection": Text("检验进行中，不计入办理时限", "An inspection is made; its time is not counted"),
    "testing": Text("检测进行中，不计入办理时限", "A test is made; its time is not counted"),
    "quarantine": Text("检疫进行中，不计入办理时限", "A quarantine is under way; its time is not counted"),
    "appraisal": Text("鉴定进行中，不计入办理时限", "An appraisal is made; its time is not counted"),
    "expert_review": Text("专家评审进行中，不计入办理时限", "Experts review it; their time is not counted"),
    "publicity": Text("公示中", "It is made public"),
    "on_site_check": Text("现场踏勘中", "The site is being checked"),
}


class PublicStatus(View, frozen=True, kw_only=True):
    """What anyone with the receipt number may know."""

    receipt: str
    service: Text
    status: Annotated[str, one_of(rules.GRAPH.states)]
    what: Text
    warnings: list[Text]
    due_on: date | None = None
    light: Annotated[str, one_of(limits.LIGHTS)] | None = None


STATUS_WORDS = {
    rules.RECEIVED: Text("审查中", "Under review"),
    rules.ACCEPTED: Text("已受理，审查中", "Accepted, under review"),
    rules.CORRECTION: Text("等待申请人补正", "Waiting for the applicant's correction"),
    rules.APPROVED: Text("准予，等待缴费", "Approved, waiting for payment"),
    rules.NOT_ACCEPTED: Text("不予受理", "Not accepted"),
    rules.REFUSED: Text("不予准予", "Refused"),
    rules.COMPLETED: Text("已办结", "Completed"),
    rules.WITHDRAWN: Text("已撤回", "Withdrawn"),
    rules.TERMINATED: Text("已终止", "Ended"),
    rules.REVOKED: Text("已撤销", "Revoked"),
}


def public_status(receipt: str) -> PublicStatus:
    """The status behind a receipt number, as typed; raises ``receipt_unknown``."""
    text = ids.normalized(receipt)
    item = store.by_receipt(_grouped(text)) if len(text) == 12 and numbers.has_valid_check(text) else None
    if item is None or item.status not in STATUS_WORDS:
        raise rules.RECEIPT_UNKNOWN()
    is_open = item.status in (rules.RECEIVED, rules.ACCEPTED)
    due_on = item.due_on if is_open else None
    light = limits.light(catalog.calendar(), clock.today(), due_on) if is_open else None
    return PublicStatus(
        receipt=item.receipt,
        service=definition_of(item).item.name,
        status=item.status,
        what=STATUS_WORDS[item.status],
        due_on=due_on,
        light=light,
        warnings=catalog.calendar_warnings(due_on),
    )


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
