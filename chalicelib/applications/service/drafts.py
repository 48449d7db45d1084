"""Drafts: begun with what the city already holds, saved as often as wanted, checked while writing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from chalicelib.applications import decisions, forms, rules, store
from chalicelib.applications.decisions import Finding
from chalicelib.applications.store import ApplicationItem, Content
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Source
from chalicelib.certificates import service as certificates
from chalicelib.identity import service as identity
from chalicelib.kernel import changes, clock, errors, tables
from chalicelib.kernel.access import Actor
from chalicelib.kernel.changes import Event
from chalicelib.kernel.errors import FieldError
from chalicelib.platforms import departments

_PARALLEL_QUERIES = 4


def definition_of(item: ApplicationItem) -> ServiceDefinition:
    """The definition in the version that the application began with."""
    return catalog.definition(item.service, int(item.service_version))


def create(actor: Actor, service_code: str, application_id: str) -> ApplicationItem:
    """Begin an application for the caller, or for the enterprise that the caller acts for.

    A repeat with the same id finds the first one. Raises ``service_unknown``,
    ``service_not_for_applicant``, ``mandate_does_not_cover`` or ``platform_unavailable``.
    """
    existing = store.application(application_id)
    if existing is not None:
        return existing
    version, definition = catalog.current(service_code)
    party = identity.party(actor)
    if ("enterprise" if party.kind == "organization" else "person") not in definition.item.audience:
        raise rules.SERVICE_NOT_FOR_YOU()
    if not actor.covers(service_code):
        raise rules.MANDATE_DOES_NOT_COVER()
    item = store.new_application(application_id, party.id)
    item.service, item.service_version = service_code, version
    item.applicant_kind, item.status = party.kind, rules.DRAFT
    content = Content(facts=gather_facts(item, definition, {}, party))
    content.form = _prefilled(definition, content, party)
    try:
        tables.write(
            changes.put(item, Event("application_drafted", actor, data={"service": service_code})),
            store.put_content(item, content),
        )
    except tables.ConditionFailed:
        existing = store.application(application_id)
        assert existing is not None
        return existing
    return item


def save_form(item: ApplicationItem, form: dict[str, Any]) -> Content:
    """Keep what is filled in so far, right or not, and look up what the registers say about it.

    Raises ``wrong_state`` or ``platform_unavailable``.
    """
    if item.status not in (rules.DRAFT, rules.CORRECTION):
        raise rules.WRONG_STATE(state=item.status)
    definition, party = definition_of(item), applicant(item)
    content = store.content(item)
    content.form = form
    content.facts = gather_facts(item, definition, form, party)
    content.form = _prefilled(definition, content, party)
    tables.write(store.put_content(item, content))
    return content


def applicant(item: ApplicationItem) -> identity.Party:
    """The applicant as verified, in clear."""
    if item.applicant_kind == "organization":
        return identity.organization_party(item.applicant)
    return identity.person_party(item.applicant)


def gather_facts(
    item: ApplicationItem, definition: ServiceDefinition, form: dict[str, Any], party: identity.Party
) -> dict[str, Any]:
    """What the registers say now: for each source its records (a list where the key is the applicant's).

    A source whose key the form does not hold yet is left out.
    """
    context = {"applicant": msgspec.structs.asdict(party), "form": form}
    purpose = departments.Purpose(item.service, item.id)

    def ask(source: Source) -> tuple[str, Any]:
        try:
            key = certificates.resolve(source.key, context)
        except KeyError:
            return source.name, None
        records = departments.query_register(source.register, key, purpose)
        return source.name, records if source.many else (records[0] if records else None)

    with ThreadPoolExecutor(_PARALLEL_QUERIES) as pool:
        found = dict(pool.map(ask, definition.item.sources))
    return {name: value for name, value in found.items() if value is not None}


def _prefilled(definition: ServiceDefinition, content: Content, party: identity.Party) -> dict[str, Any]:
    context = {"applicant": msgspec.structs.asdict(party), "facts": content.facts, "form": content.form}
    return forms.prefill(definition.form, content.form, context)


class Check(msgspec.Struct, frozen=True):
    """What would happen on submitting: problems of the form, or the rules' findings and outcome."""

    problems: list[FieldError]
    findings: list[Finding]
    outcome: str


def context_of(content: Content, party: identity.Party) -> dict[str, Any]:
    """What the rules look at."""
    context: dict[str, Any] = {
        "today": str(clock.today()),
        "applicant": {"kind": party.kind, "name": party.name, "number": party.number},
        "form": content.form,
        "facts": content.facts,
    }
    return context


def check(item: ApplicationItem, content: Content) -> Check:
    """Check form and rules as submitting would, without changing anything."""
    definition = definition_of(item)
    problems = forms.check(definition.form, content.form)
    if problems:
        return Check(problems, [], "")
    context = context_of(content, applicant(item))
    overlap = certificates.overlaps(item.service, definition.certificate, context)
    findings = decisions.evaluate(definition, {**context, "overlap": overlap})
    return Check([], findings, rules.outcome(finding.effect for finding in findings))


def discard(actor: Actor, item: ApplicationItem) -> None:
    """Throw a draft away."""
    item.status = rules.move(item.status, "discard", "applicant")
    try:
        tables.write(changes.put(item, Event("application_discarded", actor)))
    except tables.ConditionFailed:
        raise errors.CONFLICT() from None
