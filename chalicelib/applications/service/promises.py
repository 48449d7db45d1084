"""容缺受理 and 告知承诺: what an applicant brings later, or promises instead of proving it.

The ordinary way stays open.
"""

from __future__ import annotations

from datetime import date

from chalicelib.applications import events, rules, store
from chalicelib.applications.process import OwedMaterial
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.store import ApplicationItem, CreditItem
from chalicelib.catalog.definition import Item
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def choose(actor: Actor, item: ApplicationItem, owed: list[str], *, committed: bool) -> None:
    """Say what is brought later, and whether a promise replaces proofs; both may be taken back until submitting.

    During a correction further materials may be owed, and nothing else changes.

    The texts that are agreed to are those of the definition's version, which never changes. Raises ``wrong_state``,
    ``promise_not_offered``, ``promise_not_possible`` or ``changed_meanwhile``.
    """
    if item.status not in (rules.DRAFT, rules.CORRECTION):
        raise rules.GRAPH.refusal(item.status)
    service = definition_of(item).item
    offered = service.tolerance_days() if service.tolerance else {}
    refuse_if(set(owed) - set(offered), rules.PROMISE_NOT_OFFERED, offered=", ".join(offered) or "-")
    refuse_if(committed and not service.commitment, rules.PROMISE_NOT_OFFERED, offered=", ".join(offered) or "-")
    before = {one.material: one for one in item.process.owed}
    is_taken_back = not set(before) <= set(owed)
    is_changed = item.process.committed != committed
    # What was promised at submitting stands: the units have looked at the rest.
    refuse_if(item.status == rules.CORRECTION and (is_taken_back or is_changed), rules.PROMISE_STANDS)
    chosen = []
    for code in sorted(set(owed)):
        chosen.append(before.get(code) or OwedMaterial(material=code, days=offered[code]))
    item.process.owed = chosen
    item.process.committed = committed
    check_possible(item, service)
    data: dict[str, str | int | list[str]] = {"materials": sorted(set(owed)), "version": item.service_version}
    if committed:
        data["commitment"] = 1
    tables.write_or_conflict(changes.record(item, Event(events.PROMISE_CHOSEN, actor, data=data)))


def check_possible(item: ApplicationItem, service: Item) -> None:
    """Raise ``promise_not_possible`` for a party that has broken a promise."""
    promises = item.process.committed or bool(item.process.owed)
    is_offered = bool(service.tolerance) or bool(service.commitment)
    refuse_if(promises and is_offered and store.credit(item.applicant) is not None, rules.PROMISE_NOT_POSSIBLE)


def broken_on(item: ApplicationItem) -> date | None:
    """The day on which a promise of this case was found false, as long as that counts against the party."""
    if item.status != rules.REVOKED:
        return None
    record = store.credit(item.applicant)
    if record is None or record.application_id != item.id:
        return None
    return record.broken_on


def restore_credit(actor: Actor, item: ApplicationItem, reason: str) -> None:
    """信用修复: the record of a false promise ends, with a reason; promises of the party are taken again.

    Raises ``no_credit_record`` or ``changed_meanwhile``.
    """
    record = store.credit(item.applicant)
    if record is None or record.application_id != item.id:
        raise rules.NO_CREDIT_RECORD()
    restored = Event(events.CREDIT_RESTORED, actor, note=reason)
    removal = tables.Delete(record, CreditItem.version == record.version)
    tables.write_or_conflict(changes.record(item, restored), removal)
