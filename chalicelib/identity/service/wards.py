"""Acting for another person: guardians by the register's word, and agents by a mandate that the person gives.

A ward needs no account of their own: the guardian opens one that no login leads to. It joins the ward's own account
once the ward proves an identity themselves.
"""

from __future__ import annotations

from datetime import date

from chalicelib.identity import mandate_rules, store
from chalicelib.identity.service import identities, mandates, proofs
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.identity.service.mandates import Holder, Principal, Terms
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.mandates import PERSON, MandateItem
from chalicelib.kernel import clock, papers
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import departments


def give_mandate(actor: Actor, agent: ShownDocument, scope: list[str], until: date) -> MandateItem:
    """Offer somebody to act for the caller in the given services until a day; the caller proves now who they are.

    It counts once that person has accepted. Raises ``id_number_invalid``, ``mandate_period_invalid``,
    ``mandate_to_oneself``, ``fresh_proof_required`` or ``too_many_requests``.
    """
    identity = identities.identity_of(agent)
    if not mandate_rules.mandate_period_is_valid(until, clock.today()):
        raise mandate_rules.MANDATE_PERIOD_INVALID()
    account = canonical(actor.id)
    refuse_if(identity.index == account.id_index, mandate_rules.MANDATE_TO_ONESELF)
    require_fresh_proof(account)
    terms = Terms(role=mandate_rules.AGENT, scope=scope, until=until, given_by=account.id_index or "")
    return mandates.offer(actor, _principal(account), Holder(index=identity.index, name=identity.name), terms)


def _principal(account: AccountItem) -> Principal:
    return Principal(kind=PERSON, id=account.id, name=store.unseal(account, "name"))


def gave(actor: Actor, mandate: MandateItem) -> bool:
    """Whether a mandate was given by the caller, or is a guardian's over the caller."""
    return mandate.principal_kind == PERSON and mandate.principal_id in actor.accounts


def become_guardian(actor: Actor, name: str, id_number: str) -> MandateItem:
    """Act for a ward, as the register of guardians says today; a repeat renews it.

    Raises ``id_number_invalid``, ``identity_mismatch``, ``identity_deceased``, ``fresh_proof_required``,
    ``not_guardian`` or ``platform_unavailable``.
    """
    ward = identities.identity_of(ShownDocument(name=name, id_number=id_number))
    proofs.check_registered(ward)
    guardian = canonical(actor.id)
    require_fresh_proof(guardian)
    refuse_if(not is_guardian(guardian.id_index or "", ward.number), mandate_rules.NOT_GUARDIAN)
    account = canonical(proofs.account_of_ward(actor, ward))
    until = mandate_rules.guardian_until(ward.born, clock.today())
    holder = Holder(index=guardian.id_index or "", name=store.unseal(guardian, "name"))
    terms = Terms(role=mandate_rules.GUARDIAN, scope=["*"], until=until, given_by=guardian.id_index or "")
    return mandates.assume(actor, Principal(kind=PERSON, id=account.id, name=ward.name), holder, terms)


def is_guardian(guardian_index: str, ward: str) -> bool:
    """Whether the register of guardians names somebody, by the index of their identity, for the holder of a number.

    Indexes are compared, not numbers: another kind of document may have like numbers.
    """
    records = departments.query_register("guardians", ward, departments.Purpose("guardians"))
    named = {identities.index_of_register(str(record.get("id_number", ""))) for record in records}
    return guardian_index != "" and guardian_index in named


def check_mandate(mandate: MandateItem) -> None:
    """Ask registers whether a guardian still is one, and whether whom somebody acts for is alive (民法典 art. 173).

    If not, the mandate ends now. Raises ``guardianship_ended``, ``principal_deceased`` or ``platform_unavailable``.
    """
    ward = canonical(mandate.principal_id)
    name = store.unseal(ward, "name")
    number = store.unseal(ward, "id_number")
    if mandate.role == mandate_rules.GUARDIAN and not is_guardian(mandate.holder_index, number):
        _end(mandate)
        raise mandate_rules.GUARDIANSHIP_ENDED()
    is_registered = papers.KINDS[ward.document].is_registered
    if is_registered and departments.check_identity(name, number, ward.document).deceased:
        _end(mandate)
        raise mandate_rules.PRINCIPAL_DECEASED()


def _end(mandate: MandateItem) -> None:
    def attempt() -> None:
        found = store.mandates.mandate(PERSON, mandate.principal_id, mandate.holder_index, consistent=True)
        if found is not None and found.status == mandate_rules.ACCEPTED:
            revoked = mandates.move(found, "revoke", "system")
            tables.write(changes.record(found, Event(revoked, system("register"))))

    optimistic.repeat(attempt)


def guardian_of(account_id: str) -> str:
    """The account of a guardian of somebody who has no login; empty for nobody."""
    for mandate in mandates.all_of(PERSON, account_id):
        if mandate.role == mandate_rules.GUARDIAN and mandates.holds(mandate):
            person = store.person(mandate.holder_index)
            return person.account_id or "" if person is not None else ""
    return ""
