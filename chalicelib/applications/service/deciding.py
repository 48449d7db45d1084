"""What follows once the verbs have spoken: the notice, the decision, and the one write of it all."""

from __future__ import annotations

from chalicelib.applications import answers, benefits, course, decisions, rules, store
from chalicelib.applications.process import BEFORE, StepState
from chalicelib.applications.service import cases, submissions
from chalicelib.applications.service.drafts import Dossier, completed, definition_of, findings_of, problems_of
from chalicelib.applications.store import ApplicationItem, Content, ContentItem, CreditItem, Refusal, StepRefusal
from chalicelib.catalog import service as catalog
from chalicelib.certificates import service as certificates
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.payments import service as payments

Filled = tuple[ContentItem, Content]
_NO_APPROVAL = (decisions.FEES_UNCLEAR, benefits.BENEFIT_UNCLEAR)
"""What an officer looks at, and cannot approve: nobody knows what it costs or pays."""


def conclude(
    update: cases.Update,
    actor: Actor,
    note: str = "",
    *,
    filled: Filled | None = None,
) -> None:
    """Carry out what the verbs have decided, and write it. Raises ``ConditionFailed`` when somebody else was first.

    ``filled``: the content, if the caller has changed it. Raises ``approval_blocked`` and ``period_taken`` too.
    """
    case = update.case
    happened = cases.events_of(case, actor, note)
    if case.sends_notice:
        happened.append(_send_notice(update, actor, note, filled))
    elif case.outcome == answers.APPROVE:
        happened += _approve(update, actor, filled)
    elif case.outcome == answers.REFUSE:
        happened += _refuse(update, actor, filled)
    cases.write(update, happened)


def _send_notice(update: cases.Update, actor: Actor, note: str, filled: Filled | None) -> Event:
    stored, content = filled or _content_of(update.item)
    return submissions.notice(update, stored, content, actor, note)


def _content_of(item: ApplicationItem) -> tuple[ContentItem, Content]:
    stored = store.content_item(item)
    return stored, stored.opened()


def _approve(update: cases.Update, actor: Actor, filled: Filled | None) -> list[Event]:
    """The last approval: the rules are asked again, then the bills are issued or the result is."""
    item = update.item
    happened = [submissions.advance(item, "review", actor, [])]
    stored, content = filled or _content_of(item)
    dossier = _checked_again(item, content)
    dossier.content.benefit = benefits.payout(dossier.definition, dossier.context)
    update.others.append(store.content_write(stored, dossier.content))
    approval, issuing = submissions.approve(update, dossier, actor)
    update.others += issuing
    return [*happened, *approval]


def _checked_again(item: ApplicationItem, before: Content) -> Dossier:
    """The case with what the registers say now; raises ``approval_blocked`` if the rules forbid approval by now."""
    dossier = completed(item, before.form, before)
    problems = problems_of(dossier)
    refuse_if(problems, rules.APPROVAL_BLOCKED, fields=problems)
    blocking = [finding for finding in findings_of(dossier) if finding.effect != "review" or finding in _NO_APPROVAL]
    if blocking:
        reasons = [FieldError("", finding.code, zh=finding.reason.zh, en=finding.reason.en) for finding in blocking]
        raise rules.APPROVAL_BLOCKED(fields=reasons)
    return dossier


def _refuse(update: cases.Update, actor: Actor, filled: Filled | None) -> list[Event]:
    """A refusal names the reasons of all refused steps, the law, and what can be done against it (许可法 38)."""
    item = update.item
    stored, content = filled or _content_of(item)
    content.refusal = _refusal(update, content)
    update.others.append(store.content_write(stored, content))
    reviewed = submissions.advance(item, "review", actor, [])
    # Not the note of the last verb, which may be for staff only, or approve.
    return [reviewed, submissions.advance(item, "refuse", actor, [], content.refusal.reason)]


def _refusal(update: cases.Update, content: Content) -> Refusal:
    """The reasons of the steps that are refused in their current rounds, each with its unit if there are several."""
    refused = {step.code: step for step in update.case.process.steps if step.status == rules.STEP_REFUSED}
    counted = [one for one in content.step_refusals if one.step in refused and _counts(one, refused[one.step])]
    reasons = [one.reason for one in counted]
    if len({one.unit for one in counted}) > 1:
        reasons = [f"{catalog.unit_name(one.unit).zh}：{one.reason}" for one in counted]
    laws = dict.fromkeys(one.legal_basis for one in counted if one.legal_basis)
    return submissions.refusal_of(definition_of(update.item), "；".join(reasons), "；".join(laws))


def _counts(refusal: StepRefusal, step: StepState) -> bool:
    """Whether a reason is that of a vote which has refused the step.

    It is written before its vote, which may not have come about; and who was asked before the holder advises only.
    """
    seat = step.seat(refusal.seat)
    if seat is None or step.round != refusal.round or seat.place == BEFORE:
        return False
    return seat.status == answers.REJECTED and refusal.officer in (seat.officer, seat.voter)


def _keep_refusal(update: cases.Update, reason: str, legal_basis: str) -> None:
    item = update.item
    stored, content = _content_of(item)
    content.refusal = submissions.refusal_of(definition_of(item), reason, legal_basis)
    update.others.append(store.content_write(stored, content))


def not_accept(update: cases.Update, actor: Actor, reason: str, legal_basis: str) -> None:
    """不予受理, by an officer of the responsible unit. Raises ``ConditionFailed``."""
    course.cancel_open_steps(update.case)
    _keep_refusal(update, reason, legal_basis)
    cases.write(update, [submissions.advance(update.item, "not_accept", actor, [], reason)])


def revoke(update: cases.Update, actor: Actor, reason: str) -> None:
    """A promise was false: what was decided is revoked, and the party's credit record says so.

    Raises ``ConditionFailed``, ``bill_already_paid`` and ``other_payment_open``.
    """
    item = update.item
    _keep_refusal(update, reason, "")
    certificate = certificates.revocation.of_application(item.id)
    if certificate is not None:
        update.others += certificates.revocation.revoke_writes(actor, certificate, reason)
    elif item.process.issued is None:
        # Once there is a result, its bills are settled: money is given back by a refund.
        update.others += payments.bills.cancel_writes(actor, item.bills, reason)
    if store.credit(item.applicant) is None:
        record = CreditItem(f"CREDIT#{item.applicant}", application_id=item.id, broken_on=clock.today())
        update.others.append(tables.replace(record))
    cases.write(update, cases.events_of(update.case, actor, reason))
