"""Accounts whose identity another account has proven: locked at once, and then somebody decides."""

from __future__ import annotations

from chalicelib.identity import events, rules, store
from chalicelib.identity.service import text_codes
from chalicelib.identity.service.accounts import canonical, join_writes, part_writes
from chalicelib.identity.store import AccountItem, DisputeItem, PersonItem
from chalicelib.kernel import ids, log
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
    if phone:
        writes.append(store.browser.phone_write(text_codes.index_of(phone), successor.id))
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
    dispute = _opened(actor, account, prover, successor)
    locked = Event(events.ACCOUNT_LOCKED, actor, data={"dispute": account.dispute or ""})
    return [*writes, changes.record(account, locked), dispute]


def _opened(actor: Actor, account: AccountItem, prover: str, successor: str) -> tables.Write:
    """The write of a dispute about what was done in an account; the account is locked, and its caller records it."""
    dispute = DisputeItem(f"DISPUTE#{ids.new_id()}", account_id=account.id, prover=prover, successor=successor)
    opened = rules.DISPUTES.move(dispute, "open", "system")
    _file(dispute)
    account.dispute = dispute.id
    account.token_version = account.token_version + 1
    log.count("identities_disputed")
    return changes.record(dispute, Event(opened, actor))


def take_back_proof(actor: Actor, account: AccountItem, reason: str) -> None:
    """A proof was got by fraud or by mistake (staff): it counts no more, and the login gets a new account.

    What was done in the old one is locked until a dispute is decided, which is opened now, or by the next proof of the
    identity. Raises ``not_proven`` or ``merged_accounts_first``.
    """

    def attempt() -> None:
        found = store.account(account.id, consistent=True)
        if found is None or not _may_be_taken_back(found):
            raise rules.NOT_PROVEN()
        _refuse_if_others_log_in(found)
        person = store.person(found.id_index or "")
        if person is None:
            raise tables.ConditionFailed  # closed since the account was read: it is looked at again
        person.proven = [other for other in person.proven if other != found.id]
        if person.account_id == found.id:
            person.account_id = person.proven[0] if person.proven else None
        found.level = Level.CLAIMED
        found.proof = ""
        found.proven_at = None
        found.pending = None
        taken_back = Event(events.PROOF_TAKEN_BACK, actor, note=reason)
        successor, writes = successor_writes(actor, found, Event(events.PROOF_TAKEN_BACK, actor))
        writes += _ward_writes(actor, found, person)
        if person.account_id:
            writes.append(_opened(actor, found, person.account_id, successor))
        else:
            found.token_version = found.token_version + 1
            person.claims = [*person.claims, found.id]
        tables.write(changes.record(found, taken_back), tables.replace(person), *writes)

    optimistic.repeat(attempt)


def _may_be_taken_back(account: AccountItem) -> bool:
    """Whether there is a proof to be taken back: of an account of its own that somebody can log in to."""
    is_in_use = bool(account.logins) and not account.merged_into and account.closed_at is None
    return account.level == Level.PROVEN and is_in_use


def _ward_writes(actor: Actor, account: AccountItem, person: PersonItem) -> list[tables.Write]:
    """What guardians did for a ward was absorbed by this account, wrongly as it turns out: it is the ward's again."""
    writes: list[tables.Write] = []
    for other_id in list(account.merged):
        other = store.account(other_id, consistent=True)
        if other is None or other.proof != rules.GUARDIAN_REGISTER:
            continue
        writes += part_writes(actor, other, account)
        undone = Event(events.MERGE_UNDONE, actor, data={"from": account.id})
        writes.append(changes.record(other, undone))
        person.proven = [*person.proven, other.id]
        person.account_id = person.account_id or other.id
    return writes


def _refuse_if_others_log_in(account: AccountItem) -> None:
    """Other logins that lead to the account by a merge would be locked with it: staff part them first."""
    for other_id in account.merged:
        other = store.account(other_id, consistent=True)
        if other is not None and other.logins:
            raise rules.MERGED_FIRST()


def recognition_write(actor: Actor, dispute: DisputeItem) -> tables.Write:
    """The write that ends a dispute, because the login that had claimed the identity has proven it."""
    recognised = rules.DISPUTES.move(dispute, "recognise", "person")
    _file(dispute)
    return changes.record(dispute, Event(recognised, actor))


def give(actor: Actor, dispute: DisputeItem, reason: str) -> DisputeItem:
    """What was done under the claim becomes the proven person's.

    Raises ``dispute_wrong_state`` or ``prover_has_closed``.
    """

    def attempt() -> DisputeItem:
        # The endpoint has loaded the dispute; two administrators may decide at once, so it is read again.
        found = _reload(dispute)
        given = rules.DISPUTES.move(found, "give", "security_administrator")
        locked = store.account(found.account_id, consistent=True)
        assert locked is not None
        into = canonical(found.prover)
        if into.closed_at is not None:
            raise rules.PROVER_CLOSED()
        writes = join_writes(actor, locked, into)
        _file(found)
        tables.write(
            changes.record(found, Event(given, actor, note=reason)),
            changes.record(locked, Event(events.ACCOUNT_MERGED, actor, note=reason, data={"into": into.id})),
            changes.record(into, Event(events.ACCOUNT_ABSORBED, actor, note=reason, data={"from": locked.id})),
            *writes,
        )
        return found

    return optimistic.repeat(attempt)


def keep_locked(actor: Actor, dispute: DisputeItem, reason: str) -> DisputeItem:
    """What was done under the claim stays locked for everybody; raises ``dispute_wrong_state``."""
    found = _reload(dispute)
    kept = rules.DISPUTES.move(found, "keep_locked", "security_administrator")
    _file(found)
    tables.write_or_conflict(changes.record(found, Event(kept, actor, note=reason)))
    return found


def reopen(actor: Actor, dispute: DisputeItem, reason: str) -> DisputeItem:
    """Take a decision back: what was given is locked again. Raises ``dispute_wrong_state``."""

    def attempt() -> DisputeItem:
        found = _reload(dispute)
        was_given = found.status == rules.GIVEN
        reopened = rules.DISPUTES.move(found, "open", "security_administrator")
        _file(found)
        writes: list[tables.Write] = [changes.record(found, Event(reopened, actor, note=reason))]
        if was_given:
            writes += _parting_writes(actor, found, reason)
        tables.write(*writes)
        return found

    return optimistic.repeat(attempt)


def _parting_writes(actor: Actor, dispute: DisputeItem, reason: str) -> list[tables.Write]:
    """The writes that take a locked account out of the one that it was given to."""
    locked = store.account(dispute.account_id, consistent=True)
    into = store.account(locked.merged_into, consistent=True) if locked and locked.merged_into else None
    if locked is None or into is None:
        return []
    writes = part_writes(actor, locked, into)
    return [
        *writes,
        changes.record(locked, Event(events.MERGE_UNDONE, actor, note=reason, data={"from": into.id})),
        changes.record(into, Event(events.MERGE_UNDONE, actor, note=reason, data={"account": locked.id})),
    ]


def _reload(dispute: DisputeItem) -> DisputeItem:
    found = store.dispute(dispute.id)
    assert found is not None
    return found


def _file(dispute: DisputeItem) -> None:
    """Put a dispute among those of its state, the oldest first."""
    dispute.gsi1pk = f"DISPUTES#{dispute.status}"
    dispute.gsi1sk = dispute.id
