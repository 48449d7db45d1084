"""Proofs at a window: somebody shows a code on the phone together with the document."""

from __future__ import annotations

import secrets
from datetime import timedelta

from chalicelib.identity import rules, store
from chalicelib.identity.service import identities, mandates, own_matters, proofs, sessions
from chalicelib.identity.service.accounts import canonical
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.identity.store import AccountItem, ProofCodeItem
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON
from chalicelib.kernel import clock, errors, papers
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import tables

_CODE_DIGITS = 8


class ProofCode(View, frozen=True, kw_only=True):
    """The code that the person shows at a window, together with the document."""

    code: str
    expires_at: Instant


def new_code(actor: Actor) -> ProofCode:
    """A code for a window, good once and for ten minutes.

    Raises ``prove_in_mini_program`` in a partial session of an account that is not proven yet: it could not be used.
    """
    refuse_if(actor.is_partial and canonical(actor.id).level != Level.PROVEN, rules.PROVE_IN_MINI_PROGRAM)
    code = f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"
    ends = clock.now() + timedelta(seconds=rules.PROOF_CODE_SECONDS)
    item = store.new_proof_code(code, actor.id, clock.seconds(ends))
    item.session = actor.session
    item.only_again = actor.is_partial
    # Somebody else may have the same digits at this moment: then the write is refused, and the caller asks again.
    unused = tables.absent(store.ProofCodeItem) | (store.ProofCodeItem.expires_at < clock.seconds(clock.now()))
    tables.write_or_conflict(tables.Put(item, unused))
    return ProofCode(code=code, expires_at=clock.local(ends))


def is_present(code: str, party: str) -> bool:
    """Whether whoever shows this code on the phone is a party, or acts for it; the code is not used up by this.

    Raises ``proof_code_invalid``, also for a code of a partial session: it shows no more than that somebody holds the
    phone.
    """
    shown = _code_in_use(code)
    refuse_if(shown.only_again, rules.PROOF_CODE_INVALID)
    account = canonical(shown.account_id)
    if party in (account.id, *account.merged):
        return True
    if account.level != Level.PROVEN:
        return False
    index = account.id_index or ""
    held = [store.mandates.mandate(kind, party, index) for kind in (ORGANIZATION, PERSON)]
    return any(mandate is not None and mandates.holds(mandate) for mandate in held)


def prove_at_window(actor: Actor, code: str, document: ShownDocument) -> None:
    """A clerk has the person and the document before them: prove the account that shows this code.

    Of a document that no exchange can check, the clerk's word is the proof.

    Raises ``proof_code_invalid``, ``id_number_invalid``, ``identity_mismatch``, ``already_proven``,
    ``claims_another_identity``, ``too_many_accounts``, ``own_matter``, ``staff_identity_unknown`` or
    ``platform_unavailable``.
    """
    item = _code_in_use(code)
    identity = identities.identity_of(document)
    refuse_if(own_matters.is_own_identity(actor, identity.index), errors.OWN_MATTER)
    if papers.KINDS[identity.document].is_registered:
        proofs.check_registered(identity)
    account = canonical(item.account_id)
    proofs.stands_for(account, identity)
    # The claim was given up or lost since the code was made, or the account closed.
    if not account.logins or account.closed_at is not None:
        raise rules.PROOF_CODE_INVALID()
    _use_up(item)
    proofs.prove(actor, item.account_id, identity, rules.WINDOW, only_again=item.only_again)
    sessions.complete(item.session)


def _code_in_use(code: str) -> ProofCodeItem:
    item = store.proof_code(code)
    if item is None or item.expires_at <= clock.seconds(clock.now()):
        raise rules.PROOF_CODE_INVALID()
    return item


def account_of_code(code: str) -> AccountItem:
    """The account of whoever shows this code at a window and has proven who they are; the code is used up.

    Raises ``proof_code_invalid`` or ``proof_required``.
    """
    item = _code_in_use(code)
    account = canonical(item.account_id)
    # In a partial session it is only known that somebody holds the phone: that is nobody to give a mandate to.
    refuse_if(account.level != Level.PROVEN or item.only_again, errors.PROOF_REQUIRED)
    _use_up(item)
    return account


def _use_up(item: ProofCodeItem) -> None:
    """End a code; two clerks may type the same one, and the first write goes on. Raises ``proof_code_invalid``."""
    ended = item.expires_at
    item.expires_at = clock.seconds(clock.now())
    try:
        tables.write(tables.Touch(item, ("expires_at",), store.ProofCodeItem.expires_at == ended))
    except tables.ConditionFailed:
        raise rules.PROOF_CODE_INVALID() from None
