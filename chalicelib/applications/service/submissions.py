"""From submission to decision: rules first, officers where the rules ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.applications import benefits, course, decisions, events, limits, rules, store
from chalicelib.applications.process import MISSING
from chalicelib.applications.service import cases, lapses, once, promises, schedule
from chalicelib.applications.service.drafts import (
    Dossier,
    applicant,
    completed,
    definition_of,
    discard,
    findings_of,
    problems_of,
)
from chalicelib.applications.store import ApplicationItem, Content, Refusal, watchlist
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Text
from chalicelib.certificates import service as certificates
from chalicelib.delivery import service as delivery
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Put, Write
from chalicelib.payments import service as payments

RULES = system("rules")


def submit(actor: Actor, item: ApplicationItem, form: dict[str, Any] | None = None) -> ApplicationItem:
    """Submit a draft, or what was corrected, and decide at once what the rules can decide.

    ``form`` replaces the saved one. Submitting what is submitted already changes nothing and answers as the
    first time. Raises ``form_invalid``, ``wrong_state``, ``platform_unavailable`` (nothing is changed then),
    ``representative_changed`` or ``changed_meanwhile``.
    """
    action = "correct" if item.status == rules.CORRECTION else "submit"
    if action == "submit" and item.status not in (rules.DRAFT, rules.WITHDRAWN, rules.DISCARDED):
        return item
    joined = _joined_before(item)
    if joined is not None:
        return joined
    identity.representation.check_representation(actor)
    is_too_late = item.correct_by is None or clock.today() > item.correct_by
    if action == "correct" and is_too_late:
        lapses.lapse(item)
        raise rules.GRAPH.refusal(item.status)
    try:
        return _submit_unless_taken(actor, item, action, form)
    except tables.ConditionFailed:
        return optimistic.repeat(lambda: _submit_again(actor, item.id, action, form))


def _submit_again(actor: Actor, application_id: str, action: str, form: dict[str, Any] | None) -> ApplicationItem:
    """Submit the application as it is stored now, unless somebody else has done so meanwhile."""
    item = store.application(application_id)
    assert item is not None
    if item.status not in (rules.DRAFT, rules.CORRECTION):
        return item
    return _submit_unless_taken(actor, item, action, form)


def _submit_unless_taken(
    actor: Actor, item: ApplicationItem, action: str, form: dict[str, Any] | None
) -> ApplicationItem:
    """``_submit_once``; an exclusive period that was taken this moment is a change of somebody else's."""
    try:
        return _submit_once(actor, item, action, form)
    except errors.Problem as problem:
        if problem.error is not certificates.PERIOD_TAKEN:
            raise
        # The rules looked before it was taken. They look again, and then say so in their own words.
        raise tables.ConditionFailed from problem


def correct(actor: Actor, item: ApplicationItem, form: dict[str, Any]) -> ApplicationItem:
    """Answer a correction list with the whole form. A repeat with the same form answers as the first time.

    Raises ``wrong_state`` when nothing is to be corrected, and as ``submit``.
    """
    if item.status != rules.CORRECTION and not (item.corrected and store.content(item).form == form):
        raise rules.GRAPH.refusal(item.status)
    return submit(actor, item, form)


def _submit_once(actor: Actor, item: ApplicationItem, action: str, form: dict[str, Any] | None) -> ApplicationItem:
    rules.GRAPH.edge(item.status, action, "applicant")  # refused before the registers are asked
    stored = store.content_item(item)
    before = stored.opened()
    dossier = completed(item, before.form if form is None else form, before)
    problems = problems_of(dossier)
    refuse_if(problems, rules.FORM_INVALID, fields=problems)
    promises.check_possible(item, dossier.definition.item)
    lock = once.lock_of(item, dossier.definition, dossier.content.form)
    running = once.running_of(lock, item.id)
    if running is not None:
        return _second_one(actor, dossier, running)
    update = cases.Update.of(item, dossier.definition)
    findings = findings_of(dossier)
    dossier.content.findings = findings
    update.form = dossier.content.form
    outcome = rules.outcome(finding.effect for finding in findings)
    is_refused = any(step.status == rules.STEP_REFUSED for step in item.process.steps)
    # The rules approve nothing before what is owed has come (容缺), and nothing that a unit has refused.
    if outcome == "approve" and (item.process.owed or is_refused):
        outcome = "review"
    happened = [_received(actor, update, action)]
    if outcome == "review":
        happened += _begin_review(update, dossier, action)
    else:
        happened += _decide_at_once(update, dossier, outcome)
    update.others.append(store.content_write(stored, dossier.content))
    if lock is not None:
        update.others.append(once.lock_write(lock, item.id))
    cases.write(update, happened)
    return item


def _second_one(actor: Actor, dossier: Dossier, running: ApplicationItem) -> ApplicationItem:
    """Somebody applies for what a case of theirs runs for: refused, or they get that case in the draft's place."""
    item = dossier.item
    is_joined = once.joins(dossier.definition) and item.status == rules.DRAFT
    refuse_if(not is_joined, rules.ALREADY_RUNNING, receipt=running.receipt)
    discard(actor, item)
    return running


def _joined_before(item: ApplicationItem) -> ApplicationItem | None:
    """The running case that a draft has joined, as when the answer to the first request was lost."""
    definition = definition_of(item)
    if item.status != rules.DISCARDED or not once.joins(definition):
        return None
    return once.running_of(once.lock_of(item, definition, store.content(item).form), item.id)


def _received(actor: Actor, update: cases.Update, action: str) -> Event:
    item = update.item
    received = rules.GRAPH.move(item, action, "applicant")
    item.handler = actor.id
    item.correct_by = None
    update.case.process.received = clock.today()
    due_on = limits.whole_due(update.case)
    return Event(received, actor, data={"due_on": str(due_on)})


def _begin_review(update: cases.Update, dossier: Dossier, action: str) -> list[Event]:
    """Officers look at it: tasks for the units, and a place on the list of running cases."""
    codes = {finding.code for finding in dossier.content.findings}
    skipped = decisions.skipped_steps(dossier.definition, dossier.context, codes)
    if action == "correct":
        course.begin_again(update.case, skipped)
    else:
        course.begin(update.case, skipped)
    # Before the head: a case that no schedule looks at would never be overdue. One that was not submitted after all
    # is found by the schedule, and taken off the list.
    tables.write(schedule.clock_write(update.item, update.case))
    return cases.events_of(update.case, RULES)


def _decide_at_once(update: cases.Update, dossier: Dossier, outcome: str) -> list[Event]:
    """What the rules decide without anybody (秒批): not accepted, refused or approved."""
    item = update.item
    reasons = [finding for finding in dossier.content.findings if finding.effect == outcome]
    codes = [finding.code for finding in dossier.content.findings]
    course.cancel_open_steps(update.case)
    if outcome == "not_accept":
        dossier.content.refusal = refusal_of(dossier.definition, "；".join(one.reason.zh for one in reasons))
        return [advance(item, "not_accept", RULES, codes)]
    update.case.process.accepted = clock.today()
    update.case.process.decided = clock.today()
    happened = [advance(item, step, RULES, []) for step in ("accept", "review")]
    if outcome == "refuse":
        dossier.content.refusal = refusal_of(dossier.definition, "；".join(one.reason.zh for one in reasons))
        return [*happened, advance(item, "refuse", RULES, codes)]
    dossier.content.benefit = benefits.payout(dossier.definition, dossier.context)
    approval, issuing = approve(update, dossier, RULES)
    update.others += issuing
    return [*happened, *approval]


REMEDY = Text(
    "如不服本决定，可以自收到之日起六十日内依法申请行政复议，或者自收到之日起六个月内依法提起行政诉讼。",
    "Against this decision you may apply for administrative review within 60 days, or bring an action within six "
    "months, counted from the day on which you receive it.",
)
"""行政复议法 art. 20, 行政诉讼法 art. 46; a refusal names it (许可法 38)."""


def refusal_of(definition: ServiceDefinition, reason: str, legal_basis: str = "") -> Refusal:
    """Why a case is refused: with the law that the officer names, or else that of the service."""
    basis = legal_basis or "；".join(f"{one.title}{one.clause}" for one in definition.item.legal_basis)
    return Refusal(reason=reason, legal_basis=basis, remedy=REMEDY)


def advance(item: ApplicationItem, action: str, actor: Actor, codes: list[str], note: str = "") -> Event:
    """Move the application along one edge; the event that says so."""
    by = "system" if actor.kind == "system" else "officer"
    advanced = rules.GRAPH.move(item, action, by)
    return Event(advanced, actor, note=note, data={"reasons": list(codes)} if codes else {})


def approve(update: cases.Update, dossier: Dossier, actor: Actor) -> tuple[list[Event], list[Write]]:
    """Approve a reviewed application: the events and the other writes.

    Where the decision costs something, the bills are issued and the result waits for the money; otherwise the
    application is completed at once, and its certificate issued if it has one. Raises ``period_taken`` when an
    exclusive period was taken meanwhile.
    """
    item = dossier.item
    approved = advance(item, "approve", actor, [])
    published_days = dossier.definition.workflow.published_days
    if published_days:
        item.process.published_until = clock.today() + timedelta(days=published_days)
    commitment = dossier.definition.item.commitment
    if item.process.committed and commitment:
        course.open_promise_check(update.case, commitment.unit)
        tables.write(schedule.clock_write(item, update.case))
    bills, writes = payments.prepare(_debt(dossier), actor)
    if bills or item.delivery is not None:
        schedule.keep_on_list(item)
    if not bills:
        completed_event, issuing = _complete(dossier, actor)
        return [approved, completed_event], issuing
    item.bills = bills
    return [approved, Event(events.APPLICATION_AWAITS_PAYMENT, RULES, data={"bills": bills})], writes


def _debt(dossier: Dossier) -> payments.Debt:
    item = dossier.item
    definition = dossier.definition
    charges = decisions.charges(definition, decisions.fee_rows(definition, dossier.context))
    name = definition.item.name.zh
    days = definition.item.payment_days
    return payments.Debt(
        purpose="application",
        owed_for=item.id,
        receipt=item.receipt,
        service=item.service,
        payer=item.applicant,
        payer_kind=item.applicant_kind,
        title=name,
        days=days,
        charges=charges,
        handler=item.handler,
        issuer=definition.item.unit,
    )


def complete_paid(application_id: str) -> None:
    """Issue the certificate of an approved application whose bills are settled; anything else changes nothing.

    None is issued while a refund says that it would not stay in force. Raises ``changed_meanwhile``; a repeat is safe.
    """
    item = store.application(application_id)
    if item is None or item.status != rules.APPROVED:
        return
    settled = payments.bills.settled(item.bills)
    if not settled:
        return
    dossier = Dossier(item=item, definition=definition_of(item), party=applicant(item), content=store.content(item))
    event, writes = _complete(dossier, RULES)
    writes += payments.bills.not_withheld_writes(settled)
    tables.write_or_conflict(changes.record(item, event), *writes)


def _complete(dossier: Dossier, actor: Actor) -> tuple[Event, list[Write]]:
    """Complete the application; issue its certificate, if it leads to one."""
    item = dossier.item
    definition = dossier.definition
    item.process.issued = clock.today()
    if definition.certificate is None:
        return advance(item, "finish", RULES, []), []
    issue = certificates.Issue(
        service=item.service,
        version=item.service_version,
        definition=definition.certificate,
        application_id=item.id,
        holder=item.applicant,
        handler=item.handler,
        unit=definition.item.unit,
        context=dossier.context,
    )
    certificate, writes = certificates.prepare(issue, actor)
    item.certificate_id = certificate.id
    writes += delivery.prepare(
        result_of(item, definition), item.applicant, item.applicant_kind, item.handler, store.delivery_of(item)
    )
    return advance(item, "complete", RULES, []), writes


def result_of(item: ApplicationItem, definition: ServiceDefinition) -> delivery.Result:
    """What is carried for an application."""
    return delivery.Result(
        application_id=item.id,
        service=item.service,
        title=definition.item.name.zh,
        receipt=item.receipt,
        certificate_id=item.certificate_id or "",
    )


def withdraw(actor: Actor, item: ApplicationItem, reason: str) -> None:
    """Withdraw an application that is not decided yet, or not paid; its bills are cancelled with it.

    Raises ``wrong_state``, ``bill_already_paid``, ``other_payment_open`` or ``changed_meanwhile``.
    """
    update = cases.Update.of(item)
    withdrawn = rules.GRAPH.move(item, "withdraw", "applicant")
    course.cancel_open_steps(update.case)
    update.others += payments.bills.cancel_writes(actor, item.bills, reason)
    try:
        cases.write(update, [Event(withdrawn, actor, note=reason)])
    except tables.ConditionFailed:
        raise errors.CONFLICT() from None


def notice(update: cases.Update, content_item: store.ContentItem, content: Content, actor: Actor, note: str) -> Event:
    """Ask for everything that is missing, once (一次告知); the clock stops until the applicant has answered.

    The list holds what each unit misses; it is written together with the head.
    """
    item = update.item
    item.corrected = True
    item.reminded = False
    by = "system" if actor.kind == "system" else "officer"
    requested = rules.GRAPH.move(item, "request_correction", by)
    update.case.process.noticed = clock.today()
    last_day = catalog.calendar().add_working_days(clock.today(), definition_of(item).item.correction_days)
    item.correct_by = last_day
    missing = [unit for unit, said in update.case.process.gaps.items() if said == MISSING]
    content.corrections = [point for unit in missing for point in content.missing.get(unit, [])]
    content.missing = {}
    update.others += [store.content_write(content_item, content), Put(watchlist.correction_due(item.id, last_day))]
    return Event(requested, actor, note=note, data={"units": missing})
