"""Drafts: begun with what the city already holds, saved as often as wanted, checked while writing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.applications import benefits, decisions, forms, rules, store
from chalicelib.applications.decisions import Finding
from chalicelib.applications.store import ApplicationItem, Content, ContentItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition, Source, Text
from chalicelib.certificates import service as certificates
from chalicelib.identity import service as identity
from chalicelib.kernel import blanks, clock, errors
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.endpoint import level_refusal, tag_of
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.platforms import departments

_PARALLEL_QUERIES = 4
CHANGED = Text("与已保存的内容不同，请核对后再保存", "Differs from what is saved; compare, and save again")


def definition_of(item: ApplicationItem) -> ServiceDefinition:
    """The definition in the version that the application began with."""
    return catalog.definition(item.service, item.service_version)


def create(actor: Actor, service_code: str, application_id: str, like: str = "") -> ApplicationItem:
    """Begin an application for the caller, or for the enterprise that the caller acts for.

    ``like``: a former application of the same party for the same service, whose form is proposed; what registers say
    is asked anew. Raises ``no_such_model`` for any other.
    A repeat with the same id finds the first one; for another service it is refused with ``idempotency_key_reused``.
    Raises ``service_unknown``, ``service_not_for_applicant``,
    ``mandate_does_not_cover``, ``proof_required`` where the service needs more than a claim, or
    ``platform_unavailable``.
    """
    known = store.application(application_id)
    if known is not None:
        return _begun_before(known, service_code, like)
    version, definition = catalog.current(service_code)
    party = identity.party(actor)
    if ("enterprise" if party.kind == "organization" else "person") not in definition.item.audience:
        raise rules.SERVICE_NOT_FOR_YOU()
    refuse_if(not actor.covers(service_code), errors.MANDATE_DOES_NOT_COVER)
    needed = Level[definition.item.proof.upper()]
    if party.level < needed:
        raise level_refusal(needed)
    item = store.new_application(application_id, party.id)
    item.service = service_code
    item.service_version = version
    item.definition_digest = catalog.digest(service_code, version)
    item.applicant_kind = party.kind
    drafted = rules.GRAPH.move(item, "draft", "applicant")
    content = _first_content(item, definition, party, like)
    try:
        tables.write(changes.record(item, Event(drafted, actor, data={"service": service_code})))
    except tables.ConditionFailed:
        known = store.application(application_id)
        assert known is not None
        return _begun_before(known, service_code, like)
    # Two writes, not one transaction, which would cost twice as much. Who dies in between leaves a draft in which
    # nothing is prefilled: a repeat fills it in, and so does the first saving.
    with suppress(tables.ConditionFailed):
        tables.write(store.content_write(ContentItem(item.pk, "CONTENT"), content))
    return item


def _first_content(item: ApplicationItem, definition: ServiceDefinition, party: identity.Party, like: str) -> Content:
    """What the city already holds, and what the party has filled in before."""
    form = _form_of_model(item, definition, like) if like else {}
    content = Content(form=form, facts=gather_facts(item, definition, form, party))
    content.form = _prefilled(definition, content, party)
    return content


def _form_of_model(item: ApplicationItem, definition: ServiceDefinition, like: str) -> dict[str, Any]:
    """The form of a former application, without the fields that the service does not ask for any more."""
    model = store.application(like)
    is_own = model is not None and model.applicant == item.applicant and model.service == item.service
    if model is None or not is_own:
        raise rules.NO_SUCH_MODEL()
    known = definition.form["properties"]
    return {name: value for name, value in store.content(model).form.items() if name in known}


def _begun_before(item: ApplicationItem, service_code: str, like: str) -> ApplicationItem:
    """What an earlier try has begun; it gets its first content now, if that try did not come to it."""
    refuse_if(item.service != service_code, errors.IDEMPOTENCY_KEY_REUSED)
    stored = store.content_item(item)
    if item.status == rules.DRAFT and not stored.version:
        content = _first_content(item, definition_of(item), applicant(item), like)
        with suppress(tables.ConditionFailed):
            tables.write(store.content_write(stored, content))
    return item


@dataclass(frozen=True, kw_only=True)
class Dossier:
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


def save_form(item: ApplicationItem, form: dict[str, Any], known: str = "") -> Dossier:
    """Keep what is filled in so far, right or not, and look up what the registers say about it.

    ``known``: the tag of the form from which the caller has gone on (``tag_of_form``); empty for whatever it is now.
    Raises ``form_changed`` with the fields that another device has changed, ``wrong_state``, ``changed_meanwhile`` or
    ``platform_unavailable``.
    """
    _check_open(item.status)
    stored = store.content_item(item)
    if known:
        _check_known(stored, form, known)
    dossier = completed(item, form, stored.opened())
    # In this order: who submits before we read the content has moved the status by now, who submits after it has
    # changed the content, and our write is refused. What is submitted is what was checked. The registers were asked
    # before, which may take seconds in which a draft is thrown away.
    current = store.application(item.id)
    assert current is not None
    _check_open(current.status)
    tables.write_or_conflict(store.content_write(stored, dossier.content))
    return dossier


def tag_of_form(form: dict[str, Any]) -> str:
    """What tells two states of a form apart: the ``ETag`` of its endpoint."""
    return tag_of(msgspec.json.encode({"form": form}))


def _check_known(stored: ContentItem, form: dict[str, Any], known: str) -> None:
    """Two devices write one draft: who has not seen what the other one has written is told what it is."""
    current = stored.opened().form
    # A proxy that compresses makes a tag weak (RFC 9110, 13.1.1).
    if known.strip().removeprefix("W/") in ("*", tag_of_form(current)):
        return
    changed = sorted(name for name in current.keys() | form.keys() if current.get(name) != form.get(name))
    fields = [FieldError(f"/form/{name}", "changed", zh=CHANGED.zh, en=CHANGED.en) for name in changed]
    raise rules.FORM_CHANGED(fields=fields)


def _check_open(status: str) -> None:
    if status not in (rules.DRAFT, rules.CORRECTION):
        raise rules.GRAPH.refusal(status)


def completed(item: ApplicationItem, form: dict[str, Any], before: Content) -> Dossier:
    """The dossier with the form, the registers' values in it, and what the registers say now."""
    forms.check_depth(form)
    form = blanks.trim_and_drop_empty(form)  # before the registers are asked by what stands in it
    definition = definition_of(item)
    party = applicant(item)
    content = msgspec.structs.replace(before, form=form, facts=gather_facts(item, definition, form, party))
    content.form = _prefilled(definition, content, party)
    return Dossier(item=item, definition=definition, party=party, content=content)


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


def problems_of(dossier: Dossier) -> list[FieldError]:
    """What is wrong with the form: by its schema, by whose account it names, by what a certificate could not show."""
    found = forms.check(dossier.definition.form, dossier.content.form)
    found = found or benefits.problems(dossier.definition, dossier.context)
    certificate = dossier.definition.certificate
    if found or certificate is None:
        return found
    return certificates.undrawable(certificate, dossier.context)


def findings_of(dossier: Dossier) -> list[Finding]:
    """What the rules find now."""
    context = dossier.context
    item = dossier.item
    certificate = dossier.definition.certificate
    overlap = certificate is not None and certificates.overlaps(item.service, certificate, context, item.id)
    found = decisions.evaluate(dossier.definition, {**context, "overlap": overlap})
    found += benefits.findings(dossier.definition, context)
    commitment = dossier.definition.item.commitment
    if not item.process.committed or not commitment:
        return found
    # A promise stands in the place of what these findings ask to be proven (告知承诺).
    return [finding for finding in found if finding.code not in commitment.replaces]


def check(dossier: Dossier) -> Check:
    """Check form and rules as submitting would, without changing anything."""
    problems = problems_of(dossier)
    if problems:
        return Check(problems, [], "")
    findings = findings_of(dossier)
    return Check([], findings, rules.outcome(finding.effect for finding in findings))


def discard(actor: Actor, item: ApplicationItem) -> None:
    """Throw a draft away."""
    discarded = rules.GRAPH.move(item, "discard", "applicant")
    tables.write_or_conflict(changes.record(item, Event(discarded, actor)))
