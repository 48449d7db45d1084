"""What is done about a whole case: hurrying, supervising, moving it to another version of its definition."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.applications import migration, rules, store, verbs
from chalicelib.applications.process import Case
from chalicelib.applications.service import cases
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.store import ApplicationItem
from chalicelib.catalog import service as catalog
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
    update.case = cases.case_of(item, wanted)
    try:
        cases.write(update, [Event(migration.EVENT, actor, note=reason, data=data)])
    except tables.ConditionFailed:
        raise errors.CONFLICT() from None
