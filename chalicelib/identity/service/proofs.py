"""Proving who somebody is: claims by name and number, face checks, the network identity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from chalicelib.identity import events, rules, store
from chalicelib.identity.service import disputes, identities, sessions
from chalicelib.identity.service.accounts import canonical, change, is_fresh_proof, join_writes
from chalicelib.identity.service.identities import Identity, ShownDocument
from chalicelib.identity.service.people import platform_account
from chalicelib.identity.store import AccountItem, PersonItem
from chalicelib.kernel import clock, errors, ids, papers
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import View, one_of
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import alipay, departments, wechat

_STARTS = Limit(name="face_checks", times=20, seconds=86400)


def claim(actor: Actor, document: ShownDocument) -> None:
    """Let the account claim an identity whose name and number belong together; a repeat changes nothing.

    That proves nothing: anybody may know both. Raises what ``identities.identity_of`` and ``check_registered`` raise,
    ``already_proven``, ``claims_another_identity``, ``proven_elsewhere`` or ``too_many_claims``.
    """
    identity = identities.identity_of(document)
    check_registered(identity)

    def attempt() -> None:
        account = _account_in_use(actor.id)
        if stands_for(account, identity):
            return
        # A proof writes the same item, so a claim and a proof at the same moment do not miss each other.
        person = store.person(identity.index) or store.new_person(identity.index)
        refuse_if(person.account_id, rules.PROVEN_ELSEWHERE)
        refuse_if(len(person.claims) >= rules.MOST_CLAIMS, rules.TOO_MANY_CLAIMS)
        person.claims = [*person.claims, account.id]
        identities.keep(account, identity)
        account.level = Level.CLAIMED
        tables.write(changes.record(account, Event(events.IDENTITY_CLAIMED, actor)), tables.replace(person))

    optimistic.repeat(attempt)


def check_registered(identity: Identity) -> None:
    """Raise ``identity_mismatch`` unless the exchange says that name and number belong together.

    Raises ``document_needs_window`` for a document that the exchange does not know, ``identity_deceased`` for somebody
    who has died, and ``platform_unavailable``.
    """
    kind = papers.KINDS[identity.document]
    refuse_if(not kind.is_registered, rules.DOCUMENT_NEEDS_WINDOW, document=kind.zh, document_en=kind.en)
    found = departments.check_identity(identity.name, identity.number, identity.document)
    refuse_if(not found.match, rules.NAME_DOES_NOT_MATCH)
    refuse_if(found.deceased, rules.DECEASED)


def _account_in_use(account_id: str) -> AccountItem:
    """The account as it is now; raises ``not_authenticated`` for one that no login leads to any more.

    The caller was let in a moment ago; since then the claim may have been given up on another device or lost to a
    proof, or the account closed. What is locked must not come to life again.
    """
    account = canonical(account_id)
    if not account.logins or account.closed_at is not None:
        raise errors.NOT_AUTHENTICATED()
    return account


def stands_for(account: AccountItem, identity: Identity) -> bool:
    """Whether the account claims or has proven this identity; raises if it stands for another one."""
    if account.id_index is None:
        return False
    if account.id_index == identity.index:
        return True
    raise rules.ALREADY_PROVEN() if account.level == Level.PROVEN else rules.CLAIMS_ANOTHER()


def give_claim_up(actor: Actor) -> None:
    """Give a claim up: the caller's login gets a new account, and the old one, with what was done there, is left.

    All sessions end, so the caller logs in again. Raises ``no_claim``.
    """

    def attempt() -> None:
        account = _account_in_use(actor.id)
        refuse_if(account.level != Level.CLAIMED, rules.NO_CLAIM)
        # The account stays among those that claim the identity: a proof must find what was done under it.
        _, writes = disputes.successor_writes(actor, account)
        account.token_version = account.token_version + 1
        tables.write(changes.record(account, Event(events.CLAIM_GIVEN_UP, actor)), *writes)

    optimistic.repeat(attempt)


class PendingProof(msgspec.Struct, kw_only=True):
    """A face check that was started: how, the platform's reference of it, our number, of whom, when."""

    method: str
    reference: str
    order_no: str
    identity: Identity
    started_at: datetime


class FaceCheck(View, frozen=True, kw_only=True):
    """What the mini-program opens: ``verify_id`` for wx.requestFacialVerify, or ``certify_url`` for startBizService."""

    method: Annotated[str, one_of((rules.WECHAT_FACE, rules.ALIPAY_FACE))]
    verify_id: str | None = None
    certify_id: str | None = None
    certify_url: str | None = None


def start_face_check(actor: Actor, document: ShownDocument) -> FaceCheck:
    """Begin a face check on the platform of this session.

    Raises ``id_number_invalid``, ``document_incomplete``, ``no_face_check_for_document``, ``already_proven``,
    ``claims_another_identity``, ``platform_unavailable``, or ``too_many_requests``: only checks that a platform began
    are counted.
    """
    identity = identities.identity_of(document)
    kind = papers.KINDS[identity.document]
    refuse_if(actor.platform not in ("wechat", "alipay"), rules.MINI_PROGRAM_ONLY)
    if not (kind.wechat if actor.platform == "wechat" else kind.alipay):
        raise rules.NO_FACE_CHECK(document=kind.zh, document_en=kind.en)
    stands_for(canonical(actor.id), identity)
    order_no = ids.new_id()
    with _STARTS.spent(actor.id):
        opened, reference = _open_face_check(actor, kind, identity, order_no)
    pending = PendingProof(
        method=opened.method,
        reference=reference,
        order_no=order_no,
        identity=identity,
        started_at=clock.now(),
    )

    def remember(account: AccountItem) -> None:
        account.pending = store.seal(account, "pending", msgspec.json.encode(pending).decode())

    change(lambda: store.account(actor.id, consistent=True), remember, Event(events.PROOF_STARTED, actor))
    return opened


def _open_face_check(actor: Actor, kind: papers.Kind, identity: Identity, order_no: str) -> tuple[FaceCheck, str]:
    """Begin a face check at the caller's platform: what the mini-program needs, and by what we ask about it."""
    if actor.platform == "wechat":
        verify_id = wechat.start_face_check(order_no, identity.name, identity.number, platform_account(actor))
        return FaceCheck(method=rules.WECHAT_FACE, verify_id=verify_id), verify_id
    person = alipay.CheckedPerson(kind=kind.alipay, name=identity.name, number=identity.number)
    certify_id, url = alipay.start_certification(order_no, person, settings().public_url)
    return FaceCheck(method=rules.ALIPAY_FACE, certify_id=certify_id, certify_url=url), certify_id


def confirm_face_check(actor: Actor) -> None:
    """Finish the face check: ask the platform's server, never the front end, about the check that we started.

    A repeat after success changes nothing. Raises ``proof_not_started``, ``proof_not_passed``,
    ``too_many_accounts`` or ``platform_unavailable``.
    """
    account = canonical(actor.id)
    if not account.pending:
        if is_fresh_proof(account):
            return
        raise rules.PROOF_NOT_STARTED()
    pending = msgspec.json.decode(store.unseal(account, "pending"), type=PendingProof)
    is_over = clock.now() > pending.started_at + rules.FACE_CHECK_LASTS[pending.method]
    # What one platform began, only the same one can be asked about: a session of the other one has no user id for it.
    is_of_this_platform = pending.method.startswith(f"{actor.platform}_")
    refuse_if(is_over or not is_of_this_platform, rules.PROOF_NOT_STARTED)
    refuse_if(not _has_passed(actor, pending), rules.PROOF_NOT_PASSED)
    # It counts from when it was begun: a check that lay for hours says nothing of who holds the phone now.
    prove(actor, account.id, pending.identity, pending.method, at=pending.started_at)


def _has_passed(actor: Actor, pending: PendingProof) -> bool:
    if pending.method == rules.ALIPAY_FACE:
        return alipay.certification_passed(pending.reference)
    person = pending.identity
    return wechat.face_check_passed(
        pending.reference, pending.order_no, person.name, person.number, platform_account(actor)
    )


def prove_by_network_identity(actor: Actor, name: str, id_number: str, token: str) -> None:
    """Prove by the national network identity, which takes no face and no plain number from its own user.

    Raises ``id_number_invalid``, ``already_proven``, ``claims_another_identity``, ``proof_not_passed``,
    ``too_many_accounts`` or ``platform_unavailable``.
    """
    identity = identities.identity_of(ShownDocument(name=name, id_number=id_number))
    stands_for(canonical(actor.id), identity)
    if not departments.network_identity_passed(token, identity.name, identity.number):
        raise rules.PROOF_NOT_PASSED()
    prove(actor, actor.id, identity, rules.NETWORK_IDENTITY, only_again=actor.is_partial)
    sessions.complete(actor.session)


def prove(
    actor: Actor,
    account_id: str,
    identity: Identity,
    method: str,
    *,
    at: datetime | None = None,
    only_again: bool = False,
) -> None:
    """The account is proven to be this person's; all accounts that only claim the identity lose it with this write.

    Name and time of the proof (``at``; now without one) are renewed if it was proven before. ``only_again``: refuse a
    first proof, because whoever proves it may be somebody else than whose logins lead to the account: another person
    with a recycled number, or one whose browser a stranger has let in. Raises ``already_proven``,
    ``claims_another_identity``, ``prove_in_mini_program`` or ``too_many_accounts``.
    """

    def attempt() -> None:
        account = _account_in_use(account_id)
        stands_for(account, identity)
        refuse_if(only_again and not _has_proven(account, identity), rules.PROVE_IN_MINI_PROGRAM)
        # Claims of this identity write the same item: whoever comes between is seen when this is tried again.
        person = store.person(identity.index) or store.new_person(identity.index)
        writes = _recognition_writes(actor, account, identity)
        writes += _ward_writes(actor, account, person)
        absorbed = set(account.merged)
        for rival in person.claims:
            if rival != account.id and rival not in absorbed:
                writes += disputes.eviction_writes(actor, rival, account.id, method)
        was_proven = account.level == Level.PROVEN
        if account.id not in person.proven:
            refuse_if(len(person.proven) >= rules.MOST_PROVEN, rules.TOO_MANY_ACCOUNTS)
            writes += _announcement_writes(actor, person, method)
            person.proven = [*person.proven, account.id]
        person.claims = []
        person.account_id = person.account_id or account.id
        event = _proof_event(actor, account, identity, method, was_proven=was_proven)
        identities.keep(account, identity)
        account.level = Level.PROVEN
        account.proof = method
        account.proven_at = at or clock.now()
        account.pending = None
        tables.write(changes.record(account, event), tables.replace(person), *writes)

    optimistic.repeat(attempt)


def _has_proven(account: AccountItem, identity: Identity) -> bool:
    return account.level == Level.PROVEN and account.id_index == identity.index


def _proof_event(actor: Actor, account: AccountItem, identity: Identity, method: str, *, was_proven: bool) -> Event:
    """What happened; a name that registers write otherwise by now stays in the log, sealed as a note."""
    if not was_proven:
        return Event(events.IDENTITY_PROVEN, actor, data={"method": method})
    former_name = store.unseal(account, "name")
    note = "" if former_name == identity.name else former_name
    return Event(events.IDENTITY_RENEWED, actor, note=note, data={"method": method})


def _announcement_writes(actor: Actor, person: PersonItem, method: str) -> list[tables.Write]:
    """The accounts that are proven to be this person's already hear of another one: it might be a thief's."""
    writes: list[tables.Write] = []
    for other in person.proven:
        known = store.account(other, consistent=True)
        if known is not None:
            writes.append(changes.record(known, Event(events.OTHER_ACCOUNT_PROVEN, actor, data={"method": method})))
    return writes


def _ward_writes(actor: Actor, account: AccountItem, person: PersonItem) -> list[tables.Write]:
    """What guardians did for a ward in an account without a login belongs to the ward's own account from now on."""
    writes: list[tables.Write] = []
    for other_id in person.proven:
        other = store.account(other_id, consistent=True)
        if other is None or other.id == account.id or other.proof != rules.GUARDIAN_REGISTER:
            continue
        writes += join_writes(actor, other, account)
        data: changes.Data = {"into": account.id, "reason": "ward"}
        writes.append(changes.record(other, Event(events.ACCOUNT_MERGED, actor, data=data)))
        person.proven = [one for one in person.proven if one != other.id]
        if person.account_id == other.id:
            person.account_id = account.id
    return writes


def account_of_ward(actor: Actor, ward: Identity) -> str:
    """The account of a ward; if there is none, one that no login leads to, proven by the register's word.

    Claims of the ward's identity are lost as to any other proof.
    """

    def attempt() -> str:
        person = store.person(ward.index) or store.new_person(ward.index)
        if person.account_id:
            return person.account_id
        account = AccountItem(f"ACCOUNT#{ids.new_id()}", level=Level.PROVEN, platforms=[], logins=[], recent_logins=[])
        identities.keep(account, ward)
        account.proof = rules.GUARDIAN_REGISTER
        account.proven_at = clock.now()
        writes: list[tables.Write] = []
        for rival in person.claims:
            writes += disputes.eviction_writes(actor, rival, account.id, rules.GUARDIAN_REGISTER)
        person.claims = []
        person.proven = [account.id]
        person.account_id = account.id
        opened = Event(events.IDENTITY_PROVEN, actor, data={"method": rules.GUARDIAN_REGISTER})
        tables.write(changes.record(account, opened), tables.replace(person), *writes)
        return account.id

    return optimistic.repeat(attempt)


def _recognition_writes(actor: Actor, account: AccountItem, identity: Identity) -> list[tables.Write]:
    """Accounts of this identity that the same login had left or lost belong to the person now, without a decision."""
    writes: list[tables.Write] = []
    for former_id in account.former:
        former = store.account(former_id, consistent=True)
        if former is None or former.merged_into or former.id_index != identity.index:
            continue
        dispute = store.dispute(former.dispute) if former.dispute else None
        if dispute is not None and dispute.status == rules.KEPT_LOCKED:
            continue  # an administrator has decided
        writes += join_writes(actor, former, account)
        data: changes.Data = {"into": account.id, "reason": "same_login"}
        writes.append(changes.record(former, Event(events.ACCOUNT_MERGED, actor, data=data)))
        if dispute is not None and dispute.status == rules.OPEN:
            writes.append(disputes.recognition_write(actor, dispute))
    return writes
