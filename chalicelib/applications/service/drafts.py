"""Drafts: begun with what the city already holds, saved as often as wanted, checked while writing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.applications import decisions, events, forms, rules, store
from chalicelib.applications.decisions import Finding
from chalicelib.applications.store import ApplicationItem, Content, CorrectionItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Source
from chalicelib.certificates import service as certificates
from chalicelib.identity import service as identity
from chalicelib.kernel import blanks, clock, errors
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.endpoint import level_refusal
from chalicelib.kernel.errors import FieldError
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.platforms import departments

_PARALLEL_QUERIES = 4


def definition_of(item: ApplicationItem) -> ServiceDefinition:
    """The definition in the version that the application began with."""
    return catalog.definition(item.service, item.service_version)


def create(actor: Actor, service_code: str, application_id: str) -> ApplicationItem:
    """Begin an application for the caller, or for the enterprise that the caller acts for.

    A repeat with the same id finds the first one. Raises ``service_unknown``, ``service_not_for_applicant``,
    ``mandate_does_not_cover``, ``proof_required`` where the service needs more than a claim, or
    ``platform_unavailable``.
    """
    existing = store.application(application_id)
    if existing is not None:
        return existing
    version, definition = catalog.current(service_code)
    party = identity.party(actor)
    if ("enterprise" if party.kind == "organization" else "person") not in definition.item.audience:
        raise rules.SERVICE_NOT_FOR_YOU()
    if not actor.covers(service_code):
        raise errors.MANDATE_DOES_NOT_COVER()
    needed = Level[definition.item.proof.upper()]
    if party.level < needed:
        raise level_refusal(needed)
    item = store.new_application(application_id, party.id)
    item.service = service_code
    item.service_version = version
    item.applicant_kind = party.kind
    drafted = rules.GRAPH.move(item, "draft", "applicant")
    content = Content(facts=gather_facts(item, definition, {}, party))
    content.form = _prefilled(definition, content, party)
    try:
        tables.write(
            changes.record(item, Event(drafted, actor, data={"service": service_code})),
            store.content_write(item, content),
        )
    except tables.ConditionFailed:
        existing = store.application(application_id)
        assert existing is not None
        return existing
    return item


@dataclass(frozen=True, kw_only=True)
class Case:
    """An application at one moment: its definition, its applicant in clear and its content, each read once."""

    item: ApplicationItem
    definition: ServiceDefinition
    party: identity.Party
    content: Content

    @property
    def context(self) -> dict[str, Any]:
        """What rules and certificates look at."""
        party = self.party
        return {
            "today": str(clock.today()),
            "applicant": {"kind": party.kind, "name": party.name, "number": party.number},
            "form": self.content.form,
            "facts": self.content.facts,
        }


def save_form(actor: Actor, item: ApplicationItem, form: dict[str, Any]) -> Case:
    """Keep what is filled in so far, right or not, and look up what the registers say about it.

    Form and head change together, so that what is submitted is what was checked. Raises ``wrong_state``,
    ``changed_meanwhile`` or ``platform_unavailable``.
    """
    if item.status not in (rules.DRAFT, rules.CORRECTION):
        raise rules.GRAPH.refusal(item.status)
    case = completed(item, form, store.content(item).corrections)
    tables.write_or_conflict(
        changes.record(item, Event(events.FORM_SAVED, actor)), store.content_write(item, case.content)
    )
    return case


def completed(item: ApplicationItem, form: dict[str, Any], corrections: list[CorrectionItem]) -> Case:
    """The case with the form, the registers' values in it, and what the registers say now."""
    forms.check_depth(form)
    form = blanks.trim_and_drop_empty(form)  # before the registers are asked by what stands in it
    definition = definition_of(item)
    party = applicant(item)
    content = Content(form, gather_facts(item, definition, form, party), corrections)
    content.form = _prefilled(definition, content, party)
    return Case(item=item, definition=definition, party=party, content=content)


def applicant(item: ApplicationItem) -> identity.Party:
    """The applicant, as claimed or proven, in clear."""
    if item.applicant_kind == "organization":
        return identity.organization_party(item.applicant)
    return identity.person_party(item.applicant)


def gather_facts(
    item: ApplicationItem, definition: ServiceDefinition, form: dict[str, Any], party: identity.Party
) -> dict[str, Any]:
    """What the registers say now: for each source its first record, or all where it says ``many``.

    Sources under the applicant's own keys come first. A source under a value of the form is asked only if
    the form holds a value and, where the field has options, it is one of them: nobody looks up others' data.
    A register that needs more proof than the applicant has given is not asked.
    """
    allowed = [source for source in definition.item.sources if party.level >= Level[source.proof.upper()]]
    context = {"applicant": msgspec.structs.asdict(party), "form": form}
    purpose = departments.Purpose(item.service, item.id)

    def ask(source: Source) -> tuple[str, Any]:
        records = departments.query_register(source.register, certificates.resolve(source.key, context), purpose)
        return source.name, records if source.many else (records[0] if records else None)

    own = [source for source in allowed if source.key.startswith("applicant.")]
    facts = _asked(ask, own)
    options = forms.options(definition.form, facts)
    chosen = [
        source for source in allowed if source not in own and _may_ask(source.key.removeprefix("form."), form, options)
    ]
    return facts | _asked(ask, chosen)


def _may_ask(field: str, form: dict[str, Any], options: dict[str, list[Any]]) -> bool:
    value = form.get(field)
    return isinstance(value, str) and value != "" and (field not in options or value in options[field])


def _asked(ask: Callable[[Source], tuple[str, Any]], sources: list[Source]) -> dict[str, Any]:
    with ThreadPoolExecutor(_PARALLEL_QUERIES) as pool:
        return {name: value for name, value in pool.map(ask, sources) if value is not None}


def _prefilled(definition: ServiceDefinition, content: Content, party: identity.Party) -> dict[str, Any]:
    context = {"applicant": msgspec.structs.asdict(party), "facts": content.facts, "form": content.form}
    return forms.prefill(definition.form, content.form, context)


class Check(msgspec.Struct, frozen=True):
    """What would happen on submitting: problems of the form, or the rules' findings and outcome."""

    problems: list[FieldError]
    findings: list[Finding]
    outcome: str


def problems_of(case: Case) -> list[FieldError]:
    """What is wrong with the form: its schema's rules, and characters that the certificate could not show."""
    return forms.check(case.definition.form, case.content.form) or certificates.undrawable(
        case.definition.certificate, case.context
    )


def findings_of(case: Case) -> list[Finding]:
    """What the rules find now."""
    context = case.context
    overlap = certificates.overlaps(case.item.service, case.definition.certificate, context, case.item.id)
    return decisions.evaluate(case.definition, {**context, "overlap": overlap})


def check(case: Case) -> Check:
    """Check form and rules as submitting would, without changing anything."""
    problems = problems_of(case)
    if problems:
        return Check(problems, [], "")
    findings = findings_of(case)
    return Check([], findings, rules.outcome(finding.effect for finding in findings))


def discard(actor: Actor, item: ApplicationItem) -> None:
    """Throw a draft away."""
    discarded = rules.GRAPH.move(item, "discard", "applicant")
    tables.write_or_conflict(changes.record(item, Event(discarded, actor)))
