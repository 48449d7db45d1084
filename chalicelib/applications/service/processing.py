"""From submission to decision: rules first, officers where the rules ask for them."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from chalicelib.applications import decisions, rules, store
from chalicelib.applications.decisions import Finding
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
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.tables import Delete, Put, Write
from chalicelib.payments import service as payments

RULES = system("rules")
_TRIES = 4


def submit(actor: Actor, item: ApplicationItem, form: dict[str, Any] | None = None) -> ApplicationItem:
    """Submit a draft, or what was corrected, and decide at once what the rules can decide.

    ``form`` replaces the saved one. Submitting what is submitted already changes nothing and answers as the
    first time. Raises ``form_invalid``, ``wrong_state``, ``platform_unavailable`` (nothing is changed then)
    or ``changed_meanwhile``.
    """
    action = "correct" if item.status == rules.CORRECTION else "submit"
    if action == "submit" and item.status not in (rules.DRAFT, rules.WITHDRAWN, rules.DISCARDED):
        return item
    if action == "correct" and str(clock.today()) > (item.correct_by or ""):
        lapse(item)
        raise rules.GRAPH.refusal(item.status)
    for _ in range(_TRIES):
        try:
            return _submit_once(actor, item, action, form)
        except (tables.ConditionFailed, errors.Problem) as error:
            if isinstance(error, errors.Problem) and error.error.code != "period_taken":
                raise
            again = store.application(item.id)
            assert again is not None
            if again.status not in (rules.DRAFT, rules.CORRECTION):
                return again
            item = again
    raise errors.CONFLICT()


def correct(actor: Actor, item: ApplicationItem, form: dict[str, Any]) -> ApplicationItem:
    """Answer a correction list with the whole form. A repeat with the same form answers as the first time.

    Raises ``wrong_state`` when nothing is to be corrected, and as ``submit``.
    """
    if item.status != rules.CORRECTION and not (item.corrected and store.content(item).form == form):
        raise rules.GRAPH.refusal(item.status)
    return submit(actor, item, form)


def _submit_once(actor: Actor, item: ApplicationItem, action: str, form: dict[str, Any] | None) -> ApplicationItem:
    rules.GRAPH.move(item.status, action, "applicant")
    before = store.content(item)
    case = completed(item, before.form if form is None else form, before.corrections)
    problems = problems_of(case)
    if problems:
        raise rules.FORM_INVALID(fields=problems)
    findings = findings_of(case)
    events = [_received(actor, item, action, case.definition)]
    writes: list[Write] = [] if case.content == before else [store.put_content(item, case.content)]
    item.findings = _encode(findings)
    outcome = rules.outcome(finding.effect for finding in findings)
    codes = [finding.code for finding in findings]
    if outcome == "not_accept":
        events.append(advance(item, "not_accept", RULES, codes))
        item.due_on = None
    elif outcome == "refuse":
        events += [advance(item, step, RULES, []) for step in ("accept", "review")]
        events.append(advance(item, "refuse", RULES, codes))
        item.due_on = None
    elif outcome == "approve":
        events += [advance(item, step, RULES, []) for step in ("accept", "review")]
        approval, issuing = approve(case, RULES)
        events, writes = events + approval, writes + issuing
    else:
        writes += _open_tasks(item, case.definition)
    tables.write(changes.put(item, *events), *writes)
    return item


def _encode(findings: list[Finding]) -> str:
    return msgspec.json.encode(findings).decode()


def _received(actor: Actor, item: ApplicationItem, action: str, definition: ServiceDefinition) -> Event:
    item.status = rules.GRAPH.move(item.status, action, "applicant")
    item.handler = actor.id
    today = clock.today()
    item.counted_from, item.correct_by = str(today), None
    due = rules.due_on(catalog.calendar(), today, definition.item.promised_days, int(item.used_days))
    item.due_on = str(due)
    name = "application_submitted" if action == "submit" else "application_corrected"
    return Event(name, actor, data={"due_on": item.due_on})


def advance(item: ApplicationItem, action: str, actor: Actor, codes: list[str], note: str = "") -> Event:
    """Move the application along one edge; the event that says so."""
    item.status = rules.GRAPH.move(item.status, action, "system" if actor.kind == "system" else "officer")
    return Event(f"application_{_PAST[action]}", actor, note, {"reasons": list(codes)} if codes else {})


_PAST = {
    "not_accept": "not_accepted",
    "accept": "accepted",
    "review": "reviewed",
    "approve": "approved",
    "refuse": "refused",
    "complete": "completed",
}


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
    item.bills, item.due_on = ",".join(bills), None
    return [approved, Event("application_awaits_payment", RULES, data={"bills": bills})], writes


def _debt(case: Case) -> payments.Debt:
    item, definition = case.item, case.definition
    charges = decisions.charges(definition, decisions.fee_rows(definition, case.context))
    name, days = definition.item.name.zh, definition.item.payment_days
    return payments.Debt(
        item.id,
        item.receipt,
        item.service,
        item.applicant,
        item.applicant_kind,
        name,
        days,
        charges,
        handler=item.handler,
    )


def complete_paid(application_id: str) -> None:
    """Issue the certificate of an approved application whose bills are settled; anything else changes nothing.

    Raises ``changed_meanwhile``; a repeat is safe.
    """
    item = store.application(application_id)
    if item is None or item.status != rules.APPROVED or not payments.bills.all_settled(item.bill_ids()):
        return
    case = Case(item, definition_of(item), applicant(item), store.content(item))
    event, writes = _complete(case, RULES)
    tables.write_or_conflict(changes.put(item, event), *writes)


def _complete(case: Case, actor: Actor) -> tuple[Event, list[Write]]:
    """Issue the certificate and complete the application."""
    item, definition = case.item, case.definition
    issue = certificates.Issue(
        item.service,
        int(item.service_version),
        definition.certificate,
        item.id,
        item.applicant,
        definition.item.unit,
        case.context,
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
    return delivery.Result(item.id, item.service, definition.item.name.zh, item.receipt, item.certificate_id or "")


def _open_tasks(item: ApplicationItem, definition: ServiceDefinition) -> list[Write]:
    """Queue the steps that may begin; after a correction the officers who had them keep them."""
    before = {state.code: state for state in item.step_states()}
    states: list[StepState] = []
    writes: list[Write] = []
    for step in definition.workflow.steps:
        if step.after:
            continue
        state = before.get(step.code) or StepState(step.code, "open")
        states.append(state)
        if state.state == "open":
            writes.append(Put(store.task_item(item, step.code, step.unit, state.officer)))
    kept = [state for state in before.values() if state.code not in {one.code for one in states}]
    item.set_steps(states + kept)
    return writes


def close_tasks(item: ApplicationItem, definition: ServiceDefinition) -> list[Write]:
    """The removal of the application's open rows from the queues."""
    units = {step.code: step.unit for step in definition.workflow.steps}
    return [
        Delete(store.task_item(item, state.code, units[state.code]))
        for state in item.step_states()
        if state.state == "open"
    ]


def withdraw(actor: Actor, item: ApplicationItem, reason: str) -> None:
    """Withdraw an application that is not decided yet, or not paid; its bills are cancelled with it.

    Raises ``wrong_state``, ``bill_already_paid``, ``other_payment_open`` or ``changed_meanwhile``.
    """
    queued = item.status in (rules.RECEIVED, rules.ACCEPTED)
    item.status = rules.GRAPH.move(item.status, "withdraw", "applicant")
    others = close_tasks(item, definition_of(item)) if queued else []
    others += payments.bills.cancelling_all(actor, item.bill_ids(), reason)
    item.due_on = None
    tables.write_or_conflict(changes.put(item, Event("application_withdrawn", actor, reason)), *others)


def stop_for_correction(actor: Actor, item: ApplicationItem, corrections: list[CorrectionItem], note: str) -> None:
    """Ask for everything that is missing, once (一次告知); the clock stops until the applicant has answered."""
    if item.corrected:
        raise rules.CORRECTION_ONCE()
    item.corrected = True
    definition, today = definition_of(item), clock.today()
    removals = close_tasks(item, definition)
    event = _correction_requested(actor, item, note)
    item.used_days = rules.used_days(
        catalog.calendar(), date.fromisoformat(item.counted_from or str(today)), today, int(item.used_days)
    )
    last_day = catalog.calendar().add_working_days(today, definition.item.correction_days)
    item.correct_by = str(last_day)
    content = store.content(item)
    content.corrections = corrections
    tables.write_or_conflict(
        changes.put(item, event),
        store.put_content(item, content),
        Put(store.correction_due(item.id, last_day)),
        *removals,
    )


def _correction_requested(actor: Actor, item: ApplicationItem, note: str) -> Event:
    item.status = rules.GRAPH.move(item.status, "request_correction", "officer")
    return Event("correction_requested", actor, note)


def lapse(item: ApplicationItem) -> bool:
    """A correction that did not come in time counts as withdrawn (逾期视为撤回); whether this was the one to say so."""
    item.status = rules.GRAPH.move(item.status, "lapse", "system")
    item.due_on = None
    try:
        tables.write(changes.put(item, Event("application_lapsed", system("schedule"))))
    except tables.ConditionFailed:
        return False
    return True


def remind_of_corrections(last_day: date) -> int:
    """Note that corrections due on ``last_day`` are to be reminded of, each once; how many."""
    reminded, cursor = 0, None
    while True:
        page = store.corrections_due(last_day, cursor)
        for row in page.items:
            reminded += _remind(row.application_id, last_day)
        cursor = page.cursor
        if cursor is None:
            return reminded


def _remind(application_id: str, last_day: date) -> bool:
    for _ in range(_TRIES):
        item = store.application(application_id)
        waits = item is not None and item.status == rules.CORRECTION and item.correct_by == str(last_day)
        if item is None or not waits or item.reminded:
            return False
        item.reminded = True
        try:
            tables.write(changes.put(item, Event("correction_reminder_due", system("schedule"))))
        except tables.ConditionFailed:
            continue
        return True
    return False


def lapse_corrections(last_day: date) -> int:
    """Withdraw the applications whose correction was due on ``last_day``; how many."""
    lapsed, cursor = 0, None
    while True:
        page = store.corrections_due(last_day, cursor)
        for row in page.items:
            item = store.application(row.application_id)
            if item is not None and item.status == rules.CORRECTION and item.correct_by == str(last_day):
                lapsed += lapse(item)
        cursor = page.cursor
        if cursor is None:
            return lapsed
