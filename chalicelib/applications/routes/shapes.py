"""What several of the endpoints of applications take, and whose applications are whose."""

from __future__ import annotations

from chalicelib.applications import rules, service, store
from chalicelib.applications.store import ApplicationItem
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Access, Actor, Level


def _is_applicant(actor: Actor, item: ApplicationItem) -> bool:
    return actor.kind == "person" and actor.holds(item.applicant) and actor.covers(item.service)


def _is_party(actor: Actor, item: ApplicationItem) -> bool:
    if actor.kind == "staff":
        units = {step.unit for step in service.definition_of(item).workflow.steps}
        return actor.unit in units and item.status not in (rules.DRAFT, rules.DISCARDED)
    return _is_applicant(actor, item)


OWN = Access(person=Level.CLAIMED, target=store.application, related=_is_applicant, relation="applicant")


def concerns(actor: Actor, item: ApplicationItem) -> bool:
    """Whether an application is a staff member's own matter."""
    return identity.own_matters.is_own(actor, item.applicant, item.handler)


PARTY = Access(
    person=Level.CLAIMED,
    staff=("officer", "supervisor"),
    target=store.application,
    related=_is_party,
    relation="applicant, or staff of a handling unit",
    own=concerns,
)
