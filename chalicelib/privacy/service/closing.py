"""Closing an account: asked for with a proof, checked, closed, and then erased part by part.

A function does the work: what somebody has may be of any number, and a request may not take that long. Nothing that is
open is lost: it is named, and the person finishes or withdraws it, or lets it go on without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, Level, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.privacy import rules, store
from chalicelib.privacy.service.parts import Part, all_parts
from chalicelib.privacy.store import ClosingItem, OpenMatter

_SYSTEM = system("privacy")


def ask(actor: Actor, *, even_if_open: bool) -> ClosingItem:
    """Let the caller's account be closed, if nothing is open, within seconds; ``even_if_open``: in any case.

    Whoever has proven who they are proves it now: raises ``fresh_proof_required``. What somebody leaves open under an
    identity that is only claimed would be in the way of whose it is, so it is ended first: raises ``proof_required``.
    """
    identity.copies.require_own(actor)
    refuse_if(even_if_open and actor.level < Level.PROVEN, errors.PROOF_REQUIRED)
    _require_rules()

    def attempt() -> ClosingItem:
        item = store.closing(actor.id) or store.new_closing(actor.id)
        asked = rules.CLOSINGS.move(item, "ask", "person")
        item.even_if_open = even_if_open
        item.asked_at = clock.now()
        item.mark = identity.closing.mark_of(actor.id)
        item.open_matters = []
        worker.wake(item)
        tables.write(changes.record(item, Event(asked, actor)))
        return item

    return optimistic.repeat(attempt)


def _require_rules() -> None:
    """Raise ``temporarily_unavailable`` unless the city has said of each part what becomes of it."""
    retention = catalog.retention()
    if any(retention.rule(name) is None for name in all_parts()):
        raise errors.UNAVAILABLE(retry_after=60)


def closing_of(actor: Actor) -> ClosingItem | None:
    """The closing that the caller has asked for."""
    return store.closing(actor.id)


def go_on(item: ClosingItem) -> None:
    """Do what is next: check and close, or erase."""
    if item.status == rules.CHECKING:
        _check(item)
    else:
        _erase(item)


def _check(item: ClosingItem) -> None:
    """Close the account, unless something is open, or the account is not any more what it was when this was asked."""
    if not item.mark or item.mark != identity.closing.mark_of(item.id):
        _stop(item, "call_off")
        return
    actor = _person(item.id, identity.closing.accounts_of(item.id))
    matters = [] if item.even_if_open else list(_open_matters(actor))
    if matters:
        item.open_matters = matters[: rules.MOST_OPEN]
        _stop(item, "block")
        return
    item.open_matters = []
    item.accounts = list(actor.accounts)
    item.closed_at = clock.now()
    store.file_closed(item, identity.closing.identity_index(item.id))
    closed = rules.CLOSINGS.move(item, "close", "system")
    worker.schedule(item, item.closed_at + rules.ERASED_AFTER)
    # Together: no account is closed that nobody erases, and none is erased that somebody still uses.
    writes = identity.closing.close_writes(actor)
    tables.write(changes.record(item, Event(closed, _SYSTEM)), *writes)


def _stop(item: ClosingItem, action: str) -> None:
    """The account is not closed; the person sees why, and may ask again."""
    stopped = rules.CLOSINGS.move(item, action, "system")
    worker.unschedule(item)
    tables.write(changes.record(item, Event(stopped, _SYSTEM, data={"open": len(item.open_matters)})))


def _person(account_id: str, accounts: list[str]) -> Actor:
    """The person as the author of what follows from what they have asked for."""
    return Actor(kind="person", id=account_id, accounts=tuple(accounts))


def _open_matters(actor: Actor) -> Iterator[OpenMatter]:
    for name, part in all_parts().items():
        if not part.can_be_open:
            continue
        for entry in _entries(part, actor):
            if part.is_open(entry):
                yield OpenMatter(name, entry["id"])


def _entries(part: Part, actor: Actor) -> Iterator[dict[str, Any]]:
    """Everything of one part, however much it is."""
    cursor = None
    while True:
        page = part.copy(actor, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _erase(item: ClosingItem) -> None:
    """Erase what may be erased by now, part by part; what has to stay for now is looked at again on its day.

    Nothing is erased while something is open: it needs the name, and makes what would be overlooked.
    """
    actor = _person(item.id, item.accounts)
    # Put off before it is begun: a visit that is killed does not stand in the way of the others at the next sweep.
    worker.schedule(item, clock.now() + rules.PATIENCE)
    tables.write(worker.save_schedule(item))
    if any(_open_matters(actor)):
        _wait(item, [clock.today()])
        return
    waits: list[date] = []
    for name, part in all_parts().items():
        if part.erase is None or name in item.done:
            continue
        days = _erase_part(item, actor, name)
        waits += days
        if not days:
            item.done = [*item.done, name]
            tables.write(tables.Touch(item, ("done",), ClosingItem.version == item.version))
    if waits:
        _wait(item, waits)
        return
    erased = rules.CLOSINGS.move(item, "erase", "system")
    worker.unschedule(item)
    tables.write(changes.record(item, Event(erased, _SYSTEM)))


def _wait(item: ClosingItem, days: list[date]) -> None:
    waiting = rules.CLOSINGS.move(item, "wait", "system")
    worker.schedule(item, rules.next_visit(clock.now(), clock.today(), days))
    tables.write(changes.record(item, Event(waiting, _SYSTEM, data={"done": item.done})))


def _erase_part(item: ClosingItem, actor: Actor, name: str) -> list[date]:
    """Erase one part, after keeping in the archive what has to be kept; the days on which to come for the rest."""
    _require_rules()
    part = all_parts()[name]
    rule = catalog.retention().rule(name)
    assert part.erase is not None and rule is not None
    expires_at = clock.seconds(rules.kept_until(clock.now(), rule.years))
    waits = []
    for entry in _entries(part, actor):
        day = part.waits_until(entry)
        if day is not None:
            waits.append(day)
        if day is not None or part.is_erased(entry):
            continue
        if rule.years:
            entry_id = str(entry.get("id") or item.id)
            # A visit that died in the middle is repeated: what is in the archive stays as it was before the erasing.
            with suppress(tables.ConditionFailed):
                tables.write(store.archive_write(item.id, name, entry_id, entry, expires_at))
        part.erase(actor, entry)
    return waits


WORKER = worker.Worker(name="closing", deeds={"CLOSING": worker.Deed(model=ClosingItem, do=go_on)})
