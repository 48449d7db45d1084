"""What is done about a whole case: hurrying, supervising, moving it to another version of its definition."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.applications import course, decisions, events, migration, rules, store, verbs
from chalicelib.applications.process import Case
from chalicelib.applications.service import cases
from chalicelib.applications.service.drafts import Dossier, applicant, definition_of
from chalicelib.applications.store import ApplicationItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import ServiceDefinition
from chalicelib.kernel import errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables


def _change(actor: Actor, item: ApplicationItem, act: Callable[[Case], None], note: str = "") -> None:
    """Do something about a case as it is stored; again, read anew, if somebody else was first."""
    tried: list[ApplicationItem] = []

    def attempt() -> None:
        current = store.application(item.id) if tried else item
        assert current is not None
        tried.append(current)
        update = cases.Update.of(current)
        act(update.case)
        cases.write(update, cases.events_of(update.case, actor, note))

    optimistic.repeat(attempt)


def urge(actor: Actor, item: ApplicationItem) -> None:
    """催办, by the applicant. Raises ``urged_today`` or ``wrong_state``."""
    _change(actor, item, verbs.urge)


def supervise(actor: Actor, item: ApplicationItem, question: str) -> None:
    """督办, by a supervisor. Raises ``supervision_open`` or ``wrong_state``."""
    _change(actor, item, verbs.supervise, question)


def move_definition(actor: Actor, item: ApplicationItem, version: int, steps: dict[str, str], reason: str) -> None:
    """Let a running case go on by another version of its service's definition, by an explicit mapping of its steps.

    Raises ``service_unknown``, ``mapping_invalid``, ``wrong_state`` or ``changed_meanwhile``.
    """
    if item.status not in (rules.RECEIVED, rules.ACCEPTED):
        raise rules.GRAPH.refusal(item.status)
    wanted = catalog.definition(item.service, version)
    update = cases.Update.of(item)
    problem = migration.fault(definition_of(item).workflow, wanted.workflow, item.process, steps)
    if problem:
        raise rules.MAPPING_INVALID(reason_zh=problem[0], reason=problem[1])
    data: dict[str, str | int | list[str]] = {"before": item.service_version, "after": version}
    migration.apply(item.process, steps)
    item.service_version = version
    item.definition_digest = catalog.digest(item.service, version)
    # What is written is compared with the rows of the old version, so only the case is made anew.
    update.case = cases.case_of(item, wanted)
    stored = store.content_item(item)
    content = stored.opened()
    _skip_new_steps(update.case, item, wanted, content, set(steps.values()))
    course.open_ready(update.case, course.NEW_MARK)
    if content.step_refusals:
        renamed = [msgspec.structs.replace(one, step=steps.get(one.step, one.step)) for one in content.step_refusals]
        content.step_refusals = renamed
        update.others.append(store.content_write(stored, content))
    moved = Event(events.DEFINITION_CHANGED, actor, note=reason, data=data)
    try:
        cases.write(update, [moved, *cases.events_of(update.case, actor)])
    except tables.ConditionFailed:
        raise errors.CONFLICT() from None


def _skip_new_steps(
    case: Case, item: ApplicationItem, wanted: ServiceDefinition, content: store.Content, known: set[str]
) -> None:
    """Steps that the case meets for the first time run where their condition holds by what was filled in."""
    dossier = Dossier(item=item, definition=wanted, party=applicant(item), content=content)
    codes = {finding.code for finding in content.findings}
    new = [code for code in decisions.skipped_steps(wanted, dossier.context, codes) if code not in known]
    case.process.skipped = sorted([*case.process.skipped, *new])
