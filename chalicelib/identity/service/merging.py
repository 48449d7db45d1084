"""Two accounts that are both proven to be one person's: shown, merged by a fresh proof, and parted by staff."""

from __future__ import annotations

from typing import Annotated

from chalicelib.identity import events, rules, store
from chalicelib.identity.service.accounts import canonical, join_writes, part_writes, require_fresh_proof
from chalicelib.identity.service.people import platforms_of
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, ids, phones
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.shapes import Instant, View, given, one_of
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables


class OtherAccount(View, frozen=True, kw_only=True):
    """Another account that is proven to be the caller's: since when, on which platforms, how and when proven."""

    account_id: str
    created_at: Instant
    platforms: list[str]
    proof: Annotated[str, one_of(rules.PROOFS)]
    proven_at: Instant | None = None
    phone: str | None = None


def other_accounts(actor: Actor) -> list[OtherAccount]:
    """What would come together: the other accounts that are proven to be the caller's."""
    account = canonical(actor.id)
    person = store.person(account.id_index or "")
    found = []
    for other_id in person.proven if person else []:
        other = store.account(other_id, consistent=True)
        if other is None or other.id == account.id:
            continue
        shown = OtherAccount(
            account_id=other.id,
            created_at=clock.local(ids.made_at(other.id)),
            platforms=platforms_of(other),
            proof=other.proof,
            proven_at=clock.local_or_none(other.proven_at),
            phone=given(vault.mask_phone(phones.shown(store.unseal(other, "phone")))),
        )
        found.append(shown)
    return found


def merge(actor: Actor, other_id: str) -> None:
    """Merge another account of the caller into this one: requests of either are answered as the one person's.

    Both keep all that is theirs. A repeat changes nothing. Never done without the person, who proves it now on both.
    Raises ``nothing_to_merge`` or ``fresh_proof_required``.
    """

    def attempt() -> None:
        into = canonical(actor.id)
        if other_id in into.merged:
            return
        person = store.person(into.id_index or "")
        is_ours = person is not None and {into.id, other_id} <= set(person.proven) and other_id != into.id
        if person is None or not is_ours:
            raise rules.NOTHING_TO_MERGE()
        other = store.account(other_id, consistent=True)
        assert other is not None
        # Both logins prove it now: one proof that somebody got by fraud must not open the other account.
        require_fresh_proof(into)
        require_fresh_proof(other)
        person.proven = [known for known in person.proven if known != other.id]
        person.account_id = into.id
        writes = join_writes(actor, other, into)
        older = [key for key in other.recent_logins if key not in into.recent_logins]
        into.recent_logins = [*into.recent_logins, *older]
        other.pending = None
        merged = Event(events.ACCOUNT_MERGED, actor, data={"into": into.id, "reason": "same_identity"})
        absorbed = Event(events.ACCOUNT_ABSORBED, actor, data={"from": other.id, "reason": "same_identity"})
        tables.write(changes.record(other, merged), changes.record(into, absorbed), tables.replace(person), *writes)

    optimistic.repeat(attempt)


def undo_merge(actor: Actor, account: AccountItem, reason: str) -> None:
    """Take a merge back (staff): the account is its own again; what was done meanwhile stays where it is.

    Nothing merges the two again but the person, by a new proof. Raises ``not_merged``, also for an account that no
    login leads to: what a dispute has decided is taken back there.
    """
    into = store.account(account.merged_into, consistent=True) if account.merged_into else None
    if into is None or not account.logins or into.closed_at is not None:
        raise rules.NOT_MERGED()
    writes = part_writes(actor, account, into)
    for parted in (account, into):
        parted.token_version = parted.token_version + 1
    person = store.person(account.id_index) if account.id_index else None
    if person is not None and account.level == Level.PROVEN:
        person.proven = [*person.proven, account.id]
        writes.append(tables.replace(person))
    tables.write_or_conflict(
        changes.record(account, Event(events.MERGE_UNDONE, actor, note=reason, data={"from": into.id})),
        changes.record(into, Event(events.MERGE_UNDONE, actor, note=reason, data={"account": account.id})),
        *writes,
    )
