"""What the other use cases of identity share: finding a person's account, altering an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.identity import events, rules, store
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables


def canonical(account_id: str) -> AccountItem:
    """The account that stands for the person: itself, or the one it was merged into."""
    account = store.account(account_id, consistent=True)
    if account is not None and account.merged_into:
        account = store.account(account.merged_into, consistent=True)
    if account is None:
        raise errors.NOT_AUTHENTICATED()
    return account


def standing_account(account_id: str) -> AccountItem | None:
    """As ``canonical``, as it was a moment ago; None for what is no account."""
    account = store.account(account_id)
    if account is not None and account.merged_into:
        return store.account(account.merged_into)
    return account


def is_fresh_proof(account: AccountItem) -> bool:
    """Whether it was proven within the last minutes whose the account is."""
    return rules.is_fresh(account.proven_at, clock.now())


def require_fresh_proof(account: AccountItem) -> None:
    """Raise ``fresh_proof_required`` unless it was proven just now whose the account is."""
    refuse_if(not is_fresh_proof(account), rules.FRESH_PROOF_REQUIRED)


def change(load: Callable[[], Any], alter: Callable[[Any], None], event: Event) -> None:
    """Alter an aggregate as it is now, again from the start when somebody else was faster."""

    def attempt() -> None:
        item = load()
        if item is not None:
            alter(item)
            tables.write(changes.record(item, event))

    optimistic.repeat(attempt)


def join_writes(actor: Actor, account: AccountItem, into: AccountItem) -> list[tables.Write]:
    """Let an account, and what was merged into it before, lead to another one.

    Both items are changed, and the caller records them with its own events; returned are the writes of the others.
    """
    account.merged_into = into.id
    into.merged = [*into.merged, account.id, *account.merged]
    return _redirection_writes(actor, account.merged, into.id)


def part_writes(actor: Actor, account: AccountItem, into: AccountItem) -> list[tables.Write]:
    """Take an account out of another one again, with what had been merged into it before; as ``join_writes``.

    It is no former account of the other one any more: nothing but a decision joins them again.
    """
    parted = {account.id, *account.merged}
    account.merged_into = None
    into.merged = [other for other in into.merged if other not in parted]
    into.former = [other for other in into.former if other != account.id]
    return _redirection_writes(actor, account.merged, account.id)


def _redirection_writes(actor: Actor, account_ids: list[str], into_id: str) -> list[tables.Write]:
    """Merged accounts lead straight to the one that stands for the person: nobody follows more than one step."""
    writes: list[tables.Write] = []
    for account_id in account_ids:
        account = store.account(account_id, consistent=True)
        if account is not None:
            account.merged_into = into_id
            writes.append(changes.record(account, Event(events.ACCOUNT_MERGED, actor, data={"into": into_id})))
    return writes
