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
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.privacy import rules, store
from chalicelib.privacy.service.parts import PARTS, Part
from chalicelib.privacy.store import ClosingItem, OpenMatter

_SYSTEM = system("privacy")


def ask(actor: Actor, *, even_if_open: bool) -> ClosingItem:
    """Let the caller's account be closed, if nothing is open, within seconds; ``even_if_open``: in any case.

    Raises ``fresh_proof_required``: whoever has proven who they are proves it now. ``proof_required``: what somebody has
    left open under an identity that is only claimed would be in the way of whose it is; it is ended first.
    """
    identity.copies.require_own(actor)
    if even_if_open and actor.level < Level.PROVEN:
        raise errors.PROOF_REQUIRED()

    def attempt() -> ClosingItem:
        item = store.closing(actor.id) or store.new_closing(actor.id)
        asked = rules.CLOSINGS.move(item, "ask", "person")
        item.even_if_open = even_if_open
        item.asked_at = clock.now()
        item.open_matters = []
        worker.wake(item)
        tables.write(changes.record(item, Event(asked, actor)))
        return item

    return optimistic.repeat(attempt)


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
    """Close the account, unless something is open."""
    accounts = identity.closing.accounts_of(item.id)
    matters = [] if item.even_if_open else list(_open_matters(_person(item.id, accounts)))
    if matters:
        item.open_matters = matters[: rules.MOST_OPEN]
        blocked = rules.CLOSINGS.move(item, "block", "system")
        worker.unschedule(item)
        tables.write(changes.record(item, Event(blocked, _SYSTEM, data={"open": len(matters)})))
        return
    item.open_matters = []
    item.accounts = accounts
    item.left = [name for name, part in PARTS.items() if part.erase is not None]
    item.closed_at = clock.now()
    store.file_closed(item, identity.closing.identity_index(item.id))
    closed = rules.CLOSINGS.move(item, "close", "system")
    worker.schedule(item, item.closed_at + rules.ERASED_AFTER)
    # Together: no account is closed that nobody erases, and none is erased that somebody still uses.
    writes = identity.closing.close_writes(_person(item.id, accounts))
    tables.write(changes.record(item, Event(closed, _SYSTEM)), *writes)


def _person(account_id: str, accounts: list[str]) -> Actor:
    """The person as the author of what follows from what they have asked for."""
    return Actor(kind="person", id=account_id, accounts=tuple(accounts))


def _open_matters(actor: Actor) -> Iterator[OpenMatter]:
    for name, part in PARTS.items():
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
    """Erase what may be erased by now, part by part; what has to stay for now is looked at again on its day."""
    actor = _person(item.id, item.accounts)
    still: list[str] = []
    waits: list[date] = []
    for name in item.left:
        has_to_wait = any(earlier in still for earlier in PARTS[name].after)
        days = [] if has_to_wait else _erase_part(item, actor, name)
        if has_to_wait or days:
            still.append(name)
            waits += days
    item.left = still
    if still:
        waiting = rules.CLOSINGS.move(item, "wait", "system")
        worker.schedule(item, rules.next_visit(clock.now(), clock.today(), waits))
        tables.write(changes.record(item, Event(waiting, _SYSTEM, data={"left": still})))
        return
    erased = rules.CLOSINGS.move(item, "erase", "system")
    worker.unschedule(item)
    tables.write(changes.record(item, Event(erased, _SYSTEM)))


def _erase_part(item: ClosingItem, actor: Actor, name: str) -> list[date]:
    """Erase one part, after keeping in the archive what has to be kept; the days on which to come for the rest."""
    part = PARTS[name]
    rule = catalog.retention().rule(name)
    assert part.erase is not None
    assert rule is not None
    assert item.closed_at is not None
    expires_at = clock.seconds(rules.kept_until(item.closed_at, rule.years))
    waits = []
    for entry in _entries(part, actor):
        day = part.waits(entry)
        if day is not None:
            waits.append(day)
            continue
        if rule.years:
            entry_id = str(entry.get("id") or item.id)
            # A visit that died in the middle is repeated: what is in the archive stays as it was before the erasing.
            with suppress(tables.ConditionFailed):
                tables.write(store.archive_write(item.id, name, entry_id, entry, expires_at))
        part.erase(actor, entry)
    return waits


WORKER = worker.Worker(name="closing", deeds={"CLOSING": worker.Deed(model=ClosingItem, do=go_on)})
