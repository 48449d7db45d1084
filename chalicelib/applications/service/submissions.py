"""From submission to decision: rules first, officers where the rules ask for them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.applications import decisions, events, rules, store
from chalicelib.applications.service.drafts import (
    Case,
    applicant,
    completed,
    definition_of,
    findings_of,
    problems_of,
)
from chalicelib.applications.store import ApplicationItem, CorrectionItem, StepState
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition
from chalicelib.certificates import service as certificates
from chalicelib.delivery import service as delivery
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.kernel.storage.tables import Delete, Put, Write
from chalicelib.payments import service as payments

RULES = system("rules")
_LAPSING_DAYS = 14


def submit(actor: Actor, item: ApplicationItem, form: dict[str, Any] | None = None) -> ApplicationItem:
    """Submit a draft, or what was corrected, and decide at once what the rules can decide.

    ``form`` replaces the saved one. Submitting what is submitted already changes nothing and answers as the
    first time. Raises ``form_invalid``, ``wrong_state``, ``platform_unavailable`` (nothing is changed then),
    ``representative_changed`` or ``changed_meanwhile``.
    """
    action = "correct" if item.status == rules.CORRECTION else "submit"
    if action == "submit" and item.status not in (rules.DRAFT, rules.WITHDRAWN, rules.DISCARDED):
        return item
    identity.representation.check_representation(actor)
    is_too_late = item.correct_by is None or clock.today() > item.correct_by
    if action == "correct" and is_too_late:
        lapse(item)
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
    case = completed(item, before.form if form is None else form, before.corrections)
    problems = problems_of(case)
    if problems:
        raise rules.FORM_INVALID(fields=problems)
    findings = findings_of(case)
    happened = [_received(actor, item, action, case.definition)]
    writes: list[Write] = [store.content_write(stored, case.content)]
    item.findings = findings
    outcome = rules.outcome(finding.effect for finding in findings)
    codes = [finding.code for finding in findings]
    if outcome == "not_accept":
        happened.append(advance(item, "not_accept", RULES, codes))
        item.due_on = None
    elif outcome == "refuse":
        happened += [advance(item, step, RULES, []) for step in ("accept", "review")]
        happened.append(advance(item, "refuse", RULES, codes))
        item.due_on = None
    elif outcome == "approve":
        happened += [advance(item, step, RULES, []) for step in ("accept", "review")]
        approval, issuing = approve(case, RULES)
        happened += approval
        writes += issuing
    else:
        writes += _task_writes(item, case.definition)
    tables.write(changes.record(item, *happened), *writes)
    return item


def _received(actor: Actor, item: ApplicationItem, action: str, definition: ServiceDefinition) -> Event:
    received = rules.GRAPH.move(item, action, "applicant")
    item.handler = actor.id
    today = clock.today()
    item.counted_from = today
    item.correct_by = None
    item.due_on = rules.due_on(catalog.calendar(), today, definition.item.promised_days, item.used_days)
    return Event(received, actor, data={"due_on": str(item.due_on)})


def advance(item: ApplicationItem, action: str, actor: Actor, codes: list[str], note: str = "") -> Event:
    """Move the application along one edge; the event that says so."""
    by = "system" if actor.kind == "system" else "officer"
    advanced = rules.GRAPH.move(item, action, by)
    return Event(advanced, actor, note=note, data={"reasons": list(codes)} if codes else {})


def approve(case: Case, actor: Actor) -> tuple[list[Event], list[Write]]:
    """Approve a reviewed application: the events and the other writes.

    Where the decision costs something, the bills are issued and the certificate waits for the money; otherwise it is
    issued and the application completed at once. Raises ``period_taken`` when an exclusive period was taken meanwhile.
    """
    item = case.item
    approved = advance(item, "approve", actor, [])
    bills, writes = payments.prepare(_debt(case), actor)
    if not bills:
        completed_event, issuing = _complete(case, actor)
        return [approved, completed_event], issuing
    item.bills = bills
    item.due_on = None
    return [approved, Event(events.APPLICATION_AWAITS_PAYMENT, RULES, data={"bills": bills})], writes


def _debt(case: Case) -> payments.Debt:
    item = case.item
    definition = case.definition
    charges = decisions.charges(definition, decisions.fee_rows(definition, case.context))
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
    case = Case(item=item, definition=definition_of(item), party=applicant(item), content=store.content(item))
    event, writes = _complete(case, RULES)
    writes += payments.bills.not_withheld_writes(settled)
    tables.write_or_conflict(changes.record(item, event), *writes)


def _complete(case: Case, actor: Actor) -> tuple[Event, list[Write]]:
    """Issue the certificate and complete the application."""
    item = case.item
    definition = case.definition
    issue = certificates.Issue(
        service=item.service,
        version=item.service_version,
        definition=definition.certificate,
        application_id=item.id,
        holder=item.applicant,
        handler=item.handler,
        unit=definition.item.unit,
        context=case.context,
    )
    certificate, writes = certificates.prepare(issue, actor)
    item.certificate_id = certificate.id
    item.due_on = None
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


def new_step(code: str) -> StepState:
    """A step that a unit's officers may take now."""
    step = StepState(code)
    rules.STEPS.move(step, "open", "system")
    return step


def _task_writes(item: ApplicationItem, definition: ServiceDefinition) -> list[Write]:
    """Queue the steps that may begin; after a correction the officers who had them keep them."""
    before = {state.code: state for state in item.steps}
    states: list[StepState] = []
    writes: list[Write] = []
    for step in definition.workflow.steps:
        if step.after:
            continue
        state = before.get(step.code) or new_step(step.code)
        states.append(state)
        if state.status == rules.STEP_OPEN:
            writes.append(Put(store.task_item(item, step.code, step.unit, state.officer)))
    kept = [state for state in before.values() if state.code not in {one.code for one in states}]
    item.steps = states + kept
    return writes


def close_task_writes(item: ApplicationItem, definition: ServiceDefinition) -> list[Write]:
    """The removal of the application's open rows from the queues."""
    units = {step.code: step.unit for step in definition.workflow.steps}
    still_open = [state for state in item.steps if state.status == rules.STEP_OPEN]
    return [Delete(store.task_item(item, state.code, units[state.code])) for state in still_open]


def withdraw(actor: Actor, item: ApplicationItem, reason: str) -> None:
    """Withdraw an application that is not decided yet, or not paid; its bills are cancelled with it.

    Raises ``wrong_state``, ``bill_already_paid``, ``other_payment_open`` or ``changed_meanwhile``.
    """
    queued = item.status in (rules.RECEIVED, rules.ACCEPTED)
    withdrawn = rules.GRAPH.move(item, "withdraw", "applicant")
    others = close_task_writes(item, definition_of(item)) if queued else []
    others += payments.bills.cancel_writes(actor, item.bills, reason)
    item.due_on = None
    tables.write_or_conflict(changes.record(item, Event(withdrawn, actor, note=reason)), *others)


def stop_for_correction(actor: Actor, item: ApplicationItem, corrections: list[CorrectionItem], note: str) -> None:
    """Ask for everything that is missing, once (一次告知); the clock stops until the applicant has answered."""
    if item.corrected:
        raise rules.CORRECTION_ONCE()
    item.corrected = True
    definition = definition_of(item)
    today = clock.today()
    removals = close_task_writes(item, definition)
    requested = rules.GRAPH.move(item, "request_correction", "officer")
    item.used_days = rules.used_days(catalog.calendar(), item.counted_from or today, today, item.used_days)
    last_day = catalog.calendar().add_working_days(today, definition.item.correction_days)
    item.correct_by = last_day
    stored = store.content_item(item)
    content = stored.opened()
    content.corrections = corrections
    tables.write_or_conflict(
        changes.record(item, Event(requested, actor, note=note)),
        store.content_write(stored, content),
        Put(store.correction_due(item.id, last_day)),
        *removals,
    )


def lapse(item: ApplicationItem) -> bool:
    """A correction that did not come in time counts as withdrawn (逾期视为撤回); whether this was the one to say so."""
    lapsed = rules.GRAPH.move(item, "lapse", "system")
    item.due_on = None
    try:
        tables.write(changes.record(item, Event(lapsed, system("schedule"))))
    except tables.ConditionFailed:
        return False
    return True


def remind_of_corrections() -> int:
    """Note that corrections due on the next working day are to be reminded of, each once; how many."""
    last_day = catalog.calendar().add_working_days(clock.today(), 1)
    reminded = 0
    cursor = None
    while True:
        page = store.corrections_due(last_day, cursor)
        for row in page.items:
            reminded += _remind(row.application_id, last_day)
        cursor = page.cursor
        if cursor is None:
            return reminded


def _remind(application_id: str, last_day: date) -> bool:
    def attempt() -> bool:
        item = store.application(application_id)
        waits = item is not None and item.status == rules.CORRECTION and item.correct_by == last_day
        if item is None or not waits or item.reminded:
            return False
        item.reminded = True
        tables.write(changes.record(item, Event(events.CORRECTION_REMINDER_DUE, system("schedule"))))
        return True

    try:
        return optimistic.repeat(attempt)
    except errors.Problem as problem:
        log.failure("reminder_put_off", problem, subject=application_id)
        return False  # the others are reminded all the same; the next run finds this one again


def lapse_corrections() -> int:
    """Withdraw what should have been corrected in the last two weeks, so that missed runs are caught up; how many."""
    lapsed = 0
    for past in range(_LAPSING_DAYS, 0, -1):
        lapsed += _lapse_day(clock.today() - timedelta(days=past))
    return lapsed


def _lapse_day(last_day: date) -> int:
    lapsed = 0
    cursor = None
    while True:
        page = store.corrections_due(last_day, cursor)
        for row in page.items:
            item = store.application(row.application_id)
            if item is not None and item.status == rules.CORRECTION and item.correct_by == last_day:
                lapsed += lapse(item)
        cursor = page.cursor
        if cursor is None:
            return lapsed
