"""The desk for identities that several accounts want: disputes, proofs and merges that are taken back."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.identity import events, rules, service, store
from chalicelib.identity.store import AccountItem, DisputeItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Access, Actor, is_staff
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import CursorText, Done, Instant, Reason, View, given, one_of
from chalicelib.kernel.event_types import declared_in
from chalicelib.kernel.events import changes, history
from chalicelib.kernel.roles import SECURITY_ADMINISTRATOR

ANY_DISPUTE = Access(
    staff=(SECURITY_ADMINISTRATOR,),
    target=store.dispute,
    related=is_staff,
    relation="any disputed identity",
    own=lambda actor, dispute: service.own_matters.is_own(actor, dispute.account_id, dispute.prover),
)


ANY_ACCOUNT = Access(
    staff=(SECURITY_ADMINISTRATOR,),
    target=store.account,
    related=is_staff,
    relation="any account",
    own=lambda actor, account: service.own_matters.is_own(actor, account.id),
)


class DisputeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Disputes in which state; the open ones without one."""

    status: Literal["open", "given", "kept_locked"] = "open"
    cursor: CursorText | None = None


class DisputeView(View, frozen=True, kw_only=True):
    """A disputed identity: the locked account that claimed it, and the account that has proven it, how and when."""

    id: str
    status: Annotated[str, one_of(rules.DISPUTES.states)]
    opened_at: Instant
    account_id: str
    prover: str
    name: str
    id_number: str
    platforms: list[str]
    successor: str | None = None
    proof: Annotated[str, one_of(rules.PROOFS)] | None = None
    proven_at: Instant | None = None


class HistoryEntry(View, frozen=True, kw_only=True):
    """Something that happened, by whom, and the reason that was given."""

    at: Instant
    type: str
    zh: str
    en: str
    by: str
    reason: str | None = None


class DisputeEvidence(View, frozen=True, kw_only=True):
    """What speaks for whom: the decisions so far, and what happened to the locked account and to the proven one."""

    decisions: list[HistoryEntry]
    locked_account: list[HistoryEntry]
    prover: list[HistoryEntry]


class DisputeList(View, frozen=True):
    """A part of the list of disputes, the oldest first."""

    items: list[DisputeView]
    cursor: str | None = None


@endpoint("GET", "/v1/disputes", Access(staff=(SECURITY_ADMINISTRATOR,)))
def list_disputes(query: DisputeQuery) -> DisputeList:
    """Identities that an account claimed and another one has proven."""
    page = store.disputes(query.status, query.cursor)
    return DisputeList([_dispute_view(item) for item in page.items], page.cursor)


@endpoint("GET", "/v1/disputes/{dispute_id}", ANY_DISPUTE)
def read_dispute(target: DisputeItem) -> DisputeView:
    """One disputed identity with what is known of both accounts, masked."""
    return _dispute_view(target)


@endpoint("GET", "/v1/disputes/{dispute_id}/evidence", ANY_DISPUTE)
def read_evidence(target: DisputeItem) -> DisputeEvidence:
    """What happened to both accounts, and every decision with its reason, the oldest first."""
    return DisputeEvidence(
        decisions=_history(target.subject),
        locked_account=_history(f"ACCOUNT#{target.account_id}"),
        prover=_history(f"ACCOUNT#{target.prover}"),
    )


def _history(subject: str) -> list[HistoryEntry]:
    known = declared_in(events)
    entries = []
    for change in history.newest(subject):
        words = known[change.type]
        entry = HistoryEntry(
            at=clock.local(change.at),
            type=change.type,
            zh=words.zh,
            en=words.en,
            by=change.actor,
            reason=given(changes.note_of(subject, change)),
        )
        entries.append(entry)
    return entries


@endpoint("POST", "/v1/disputes/{dispute_id}/give", ANY_DISPUTE, errors=[rules.DISPUTE_DECIDED, rules.PROVER_CLOSED])
def give_to_prover(actor: Actor, target: DisputeItem, body: Reason) -> DisputeView:
    """Give what was done under the claim to the person who has proven the identity."""
    return _dispute_view(service.disputes.give(actor, target, body.reason))


@endpoint("POST", "/v1/disputes/{dispute_id}/keep_locked", ANY_DISPUTE, errors=[rules.DISPUTE_DECIDED])
def keep_locked(actor: Actor, target: DisputeItem, body: Reason) -> DisputeView:
    """Leave what was done under the claim locked for everybody."""
    return _dispute_view(service.disputes.keep_locked(actor, target, body.reason))


@endpoint("POST", "/v1/disputes/{dispute_id}/reopen", ANY_DISPUTE, errors=[rules.DISPUTE_DECIDED])
def reopen_dispute(actor: Actor, target: DisputeItem, body: Reason) -> DisputeView:
    """Take a decision back."""
    return _dispute_view(service.disputes.reopen(actor, target, body.reason))


@endpoint(
    "POST",
    "/v1/accounts/{account_id}/take_back_proof",
    ANY_ACCOUNT,
    errors=[rules.NOT_PROVEN, rules.MERGED_FIRST],
)
def take_back_proof(actor: Actor, target: AccountItem, body: Reason) -> Done:
    """Take back a proof that was got by fraud or by mistake: the login gets a new account, the old one is locked."""
    service.disputes.take_back_proof(actor, target, body.reason)
    return Done()


@endpoint("POST", "/v1/accounts/{account_id}/undo_merge", ANY_ACCOUNT, errors=[rules.NOT_MERGED])
def undo_merge(actor: Actor, target: AccountItem, body: Reason) -> Done:
    """Take back the merge of an account into another."""
    service.merging.undo_merge(actor, target, body.reason)
    return Done()


def _dispute_view(dispute: DisputeItem) -> DisputeView:
    locked = service.describe_one(dispute.account_id)
    prover = service.describe_one(dispute.prover)
    return DisputeView(
        id=dispute.id,
        status=dispute.status,
        opened_at=clock.local(dispute.opened_at),
        account_id=dispute.account_id,
        prover=dispute.prover,
        name=locked.name or "",
        id_number=locked.id_number or "",
        platforms=locked.platforms,
        successor=given(dispute.successor),
        proof=prover.proof,
        proven_at=prover.proven_at,
    )
