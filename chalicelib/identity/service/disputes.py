"""Accounts whose identity another account has proven: locked at once, and then somebody decides."""

from __future__ import annotations

from datetime import datetime

from chalicelib.identity import events, rules, store
from chalicelib.identity.store import AccountItem, DisputeItem
from chalicelib.kernel import clock, ids, log
from chalicelib.kernel.access import Actor, Level, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables


def successor_writes(actor: Actor, account: AccountItem, *more: Event) -> tuple[str, list[tables.Write]]:
    """Let the logins of an account lead to a new one, which knows no identity; the new id and the writes.

    The account itself is changed but not among the writes: the caller records it with its own event. An account that no
    login leads to has no successor: the id is empty.
    """
    if not account.logins:
        return "", []
    successor = AccountItem(
        f"ACCOUNT#{ids.new_id()}",
        level=Level.LOGGED_IN,
        platforms=list(account.platforms),
        logins=list(account.logins),
        recent_logins=list(account.recent_logins),
        former=[account.id, *account.former][: rules.MOST_FORMER],
    )
    phone = store.unseal(account, "phone")
    if phone:
        successor.phone = store.seal(successor, "phone", phone)
        successor.level = Level.PHONE
    writes: list[tables.Write] = []
    for key in account.logins:
        login = store.login(key)
        if login is not None and login.account_id == account.id:
            login.account_id = successor.id
            writes.append(tables.Touch(login, ("account_id",), store.LoginItem.account_id == account.id))
    platform = account.platforms[0] if account.platforms else ""
    created = Event(events.ACCOUNT_CREATED, actor, data={"platform": platform, "after": account.id})
    writes.append(changes.record(successor, created, *more))
    account.logins = []
    account.recent_logins = []
    # The number is of whoever owned the phone: whoever is given the rest must not be told by it.
    account.phone = None
    return successor.id, writes


def eviction_writes(actor: Actor, account_id: str, prover: str, method: str) -> list[tables.Write]:
    """Take an identity from an account that only claims it: nobody gets in any more, and a dispute is opened."""
    account = store.account(account_id, consistent=True)
    if account is None:
        return []
    lost = Event(events.CLAIM_LOST, system("identity"), data={"method": method})
    successor, writes = successor_writes(system("identity"), account, lost)
    dispute = DisputeItem(f"DISPUTE#{ids.new_id()}", account_id=account.id, prover=prover, successor=successor)
    dispute.opened_at = clock.now()
    opened = rules.DISPUTES.move(dispute, "open", "system")
    _file(dispute)
    account.dispute = dispute.id
    account.token_version = account.token_version + 1
    log.count("identities_disputed")
    writes.append(changes.record(account, Event(events.ACCOUNT_LOCKED, actor, data={"dispute": dispute.id})))
    writes.append(changes.record(dispute, Event(opened, actor, data={"method": method})))
    return writes


def recognition_write(actor: Actor, dispute: DisputeItem) -> tables.Write:
    """The write that ends a dispute, because the login that had claimed the identity has proven it."""
    recognised = rules.DISPUTES.move(dispute, "recognise", "person")
    _file(dispute)
    return changes.record(dispute, Event(recognised, actor))


def give(actor: Actor, dispute: DisputeItem, reason: str) -> None:
    """What was done under the claim becomes the proven person's; raises ``dispute_wrong_state``."""

    def attempt() -> None:
        # The endpoint has loaded the dispute; two administrators may decide at once, so it is read again.
        found = _reload(dispute)
        given = rules.DISPUTES.move(found, "give", "administrator")
        locked = store.account(found.account_id, consistent=True)
        into = _standing(found.prover)
        assert locked is not None and into is not None
        locked.merged_into = into.id
        into.merged = [*into.merged, locked.id]
        _file(found)
        tables.write(
            changes.record(found, Event(given, actor, note=reason)),
            changes.record(locked, Event(events.ACCOUNT_MERGED, actor, note=reason, data={"into": into.id})),
            changes.record(into, Event(events.ACCOUNT_ABSORBED, actor, note=reason, data={"from": locked.id})),
        )

    optimistic.repeat(attempt)


def keep_locked(actor: Actor, dispute: DisputeItem, reason: str) -> None:
    """What was done under the claim stays locked for everybody; raises ``dispute_wrong_state``."""
    found = _reload(dispute)
    kept = rules.DISPUTES.move(found, "keep_locked", "administrator")
    _file(found)
    tables.write_or_conflict(changes.record(found, Event(kept, actor, note=reason)))


def reopen(actor: Actor, dispute: DisputeItem, reason: str) -> None:
    """Take a decision back: what was given is locked again. Raises ``dispute_wrong_state``."""

    def attempt() -> None:
        found = _reload(dispute)
        was_given = found.status == rules.GIVEN
        reopened = rules.DISPUTES.move(found, "open", "administrator")
        _file(found)
        writes: list[tables.Write] = [changes.record(found, Event(reopened, actor, note=reason))]
        if was_given:
            writes += _parting_writes(actor, found, reason)
        tables.write(*writes)

    optimistic.repeat(attempt)


def _parting_writes(actor: Actor, dispute: DisputeItem, reason: str) -> list[tables.Write]:
    """The writes that take a locked account out of the one that it was given to."""
    locked = store.account(dispute.account_id, consistent=True)
    into = store.account(locked.merged_into, consistent=True) if locked and locked.merged_into else None
    if locked is None or into is None:
        return []
    locked.merged_into = None
    into.merged = [other for other in into.merged if other != locked.id]
    return [
        changes.record(locked, Event(events.MERGE_UNDONE, actor, note=reason, data={"from": into.id})),
        changes.record(into, Event(events.MERGE_UNDONE, actor, note=reason, data={"account": locked.id})),
    ]


def _reload(dispute: DisputeItem) -> DisputeItem:
    found = store.dispute(dispute.id)
    assert found is not None
    return found


def _standing(account_id: str) -> AccountItem | None:
    """The account itself, or the one that it was merged into."""
    account = store.account(account_id, consistent=True)
    if account is not None and account.merged_into:
        return store.account(account.merged_into, consistent=True)
    return account


def _file(dispute: DisputeItem) -> None:
    """Put a dispute among those of its state, the oldest first."""
    dispute.gsi1pk = f"DISPUTES#{dispute.status}"
    dispute.gsi1sk = _order(dispute.opened_at, dispute.id)


def _order(opened_at: datetime, dispute_id: str) -> str:
    return f"{clock.utc_text(opened_at)}#{dispute_id}"
