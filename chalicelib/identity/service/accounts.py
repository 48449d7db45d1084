"""What the other use cases of identity share: finding a person's account, altering an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.identity import rules, store
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, errors
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


def is_fresh_proof(account: AccountItem) -> bool:
    """Whether it was proven within the last minutes whose the account is."""
    return rules.is_fresh(account.proven_at, clock.now())


def require_fresh_proof(account: AccountItem) -> None:
    """Raise ``fresh_proof_required`` unless it was proven just now whose the account is."""
    if not is_fresh_proof(account):
        raise rules.FRESH_PROOF_REQUIRED()


def change(load: Callable[[], Any], alter: Callable[[Any], None], event: Event) -> None:
    """Alter an aggregate as it is now, again from the start when somebody else was faster."""

    def attempt() -> None:
        item = load()
        if item is not None:
            alter(item)
            tables.write(changes.record(item, event))

    optimistic.repeat(attempt)
