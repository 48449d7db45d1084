"""Enterprises: who may act for one, and whom one is told by.

Three ways lead to a mandate: the business register names the legal representative; the electronic business licence
(电子营业执照) vouches for whoever it is given to; or a clerk has seen the licence and the stamped mandate.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from chalicelib.identity import events, mandate_rules, store
from chalicelib.identity.service import identities, mandates, own_matters
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.identity.service.mandates import Holder, Principal, Terms
from chalicelib.identity.service.window import account_of_code
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.mandates import ORGANIZATION, MandateItem, OrganizationItem
from chalicelib.kernel import clock, errors, ids, numbers
from chalicelib.kernel.access import Actor, Level, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import departments


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise's entry in the business register today; ``representative``: the index of the ID number."""

    credit_code: str
    name: str
    is_active: bool
    representative: str


def register_organization(actor: Actor, credit_code: str) -> MandateItem:
    """Register an enterprise on behalf of its legal representative, as the business register knows it.

    The representative's own mandate lasts a year; registering again asks the register anew and renews it. Mandates of a
    former representative end, and handlers wait for the new one's word. A repeat finds the enterprise and the mandate.
    Raises ``credit_code_invalid``, ``fresh_proof_required``, ``enterprise_unknown``, ``enterprise_not_active``,
    ``not_legal_representative`` or ``platform_unavailable``.
    """
    credit_code = _checked_code(credit_code)
    account = canonical(actor.id)
    require_fresh_proof(account)
    licence = _active_licence(credit_code, actor)
    refuse_if(licence.representative != account.id_index, mandate_rules.NOT_LEGAL_REPRESENTATIVE)
    return _let_in(actor, licence, account, ["*"], date.max)


def _checked_code(text: str) -> str:
    credit_code = numbers.normalized(text)
    refuse_if(not numbers.is_credit_code(credit_code), mandate_rules.CREDIT_CODE_INVALID)
    return credit_code


def _active_licence(credit_code: str, actor: Actor) -> Licence:
    """The enterprise's entry today; raises ``enterprise_unknown`` or ``enterprise_not_active``."""
    licence = _licence(credit_code, actor)
    refuse_if(not licence.is_active, mandate_rules.ENTERPRISE_NOT_ACTIVE)
    return licence


def _licence(credit_code: str, actor: Actor) -> Licence:
    purpose = departments.Purpose("organizations", actor.id)
    records = departments.query_register("business_licences", credit_code, purpose)
    if not records:
        raise mandate_rules.ENTERPRISE_UNKNOWN()
    entry = records[0]
    name = entry.get("name")
    number = entry.get("legal_representative_id_number")
    if not isinstance(name, str) or not isinstance(number, str):
        raise departments.unavailable()
    index = identities.index_of_register(number)
    return Licence(credit_code=credit_code, name=name, is_active=entry.get("status") == "active", representative=index)


def register_by_licence(actor: Actor, token: str) -> MandateItem:
    """Act for an enterprise whose electronic business licence vouches for the caller.

    The legal representative gets the mandate of one; whom the licence was handed to, that of a handler for all services
    as long as the licence says, at most a year. Raises ``fresh_proof_required``, ``business_licence_refused``,
    ``enterprise_unknown``, ``enterprise_not_active`` or ``platform_unavailable``.
    """
    account = canonical(actor.id)
    require_fresh_proof(account)
    shown = departments.business_licence(token)
    holder = identities.index_of_register(shown.holder_id_number) if shown is not None else ""
    if shown is None or holder == "" or holder != account.id_index:
        raise mandate_rules.LICENCE_REFUSED()
    credit_code = numbers.normalized(shown.credit_code)
    licence = _active_licence(credit_code, actor)
    return _let_in(actor, licence, account, ["*"], shown.until or date.max)


def register_at_window(actor: Actor, code: str, credit_code: str, scope: list[str], until: date) -> MandateItem:
    """A clerk has the enterprise's licence and its stamped mandate before them, and whoever shows this code on a phone.

    That person has proven who they are. Raises ``proof_code_invalid``, ``proof_required``, ``credit_code_invalid``,
    ``mandate_period_invalid``, ``enterprise_unknown``, ``enterprise_not_active``, ``own_matter``,
    ``staff_identity_unknown`` or ``platform_unavailable``.
    """
    credit_code = _checked_code(credit_code)
    if not mandate_rules.mandate_period_is_valid(until, clock.today()):
        raise mandate_rules.MANDATE_PERIOD_INVALID()
    licence = _active_licence(credit_code, actor)
    account = account_of_code(code)
    refuse_if(own_matters.is_own_identity(actor, account.id_index or ""), errors.OWN_MATTER)
    return _let_in(actor, licence, account, scope, until)


def _let_in(actor: Actor, licence: Licence, account: AccountItem, scope: list[str], until: date) -> MandateItem:
    """The mandate of somebody for whom register, licence or clerk vouch.

    The legal representative gets one for all services and a year, whatever the paper says; a handler (经办人) one for
    this scope until this day, at most a year. A repeat finds the enterprise and the mandate.
    """
    organization = _organization(actor, licence)
    # First the others: if this stops half-way, nobody new is in, and a repeat goes on.
    _rest_others(organization.id, licence.representative)
    role = mandate_rules.HANDLER
    a_year = clock.today() + timedelta(days=mandate_rules.REPRESENTATION_DAYS)
    until = min(until, a_year)
    if licence.representative == account.id_index:
        role = mandate_rules.LEGAL_REPRESENTATIVE
        scope = ["*"]
        until = a_year
    holder = Holder(index=account.id_index or "", name=store.unseal(account, "name"))
    terms = Terms(role=role, scope=scope, until=until, given_by=licence.representative)
    return mandates.assume(actor, _principal(organization), holder, terms)


def _principal(organization: OrganizationItem) -> Principal:
    return Principal(kind=ORGANIZATION, id=organization.id, name=organization.name)


def check_representation(actor: Actor, mandate: MandateItem) -> None:
    """Ask the register whether the enterprise that the caller acts for still has the representative known here.

    Where much depends on it: submitting, paying, appointing. The enterprise's name follows the register. If it names
    another representative, the former one's mandate ends at once, handlers wait, and the caller is refused. Raises
    ``representative_changed``, ``enterprise_not_active``, ``enterprise_unknown`` or ``platform_unavailable``.
    """
    organization = store.mandates.organization(mandate.principal_id)
    assert organization is not None
    licence = _active_licence(store.unseal(organization, "credit_code"), actor)
    if licence.name != organization.name:
        _rename(actor, organization.id, licence.name)
    # The caller's own mandate: whom a former representative appointed may not have been reached yet.
    if mandate.given_by == licence.representative:
        return
    _rest_others(organization.id, licence.representative)
    raise mandate_rules.REPRESENTATIVE_CHANGED()


def _rest_others(organization_id: str, representative_index: str) -> None:
    """The register names one legal representative: mandates of earlier ones end, those that they gave wait."""
    for found in mandates.all_of(ORGANIZATION, organization_id):
        if found.holder_index == representative_index:
            continue

        def rest(index: str = found.holder_index) -> None:
            mandate = store.mandates.mandate(ORGANIZATION, organization_id, index, consistent=True)
            if mandate is None:
                return
            action = "revoke" if mandate.role == mandate_rules.LEGAL_REPRESENTATIVE else "suspend"
            is_running = mandate.status in (mandate_rules.OFFERED, mandate_rules.ACCEPTED)
            was_given_before = mandate.given_by != representative_index
            if is_running and was_given_before:
                event = Event(mandates.move(mandate, action, "system"), system("register"))
                tables.write(changes.record(mandate, event))

        optimistic.repeat(rest)


def _organization(actor: Actor, licence: Licence) -> OrganizationItem:
    """The enterprise of this entry, made if there is none; its name as the register writes it now."""
    code_index = vault.blind_index("credit_code", licence.credit_code)

    def attempt() -> OrganizationItem:
        known = store.mandates.organization_of_code(code_index)
        if known is None:
            item = OrganizationItem(f"ORGANIZATION#{ids.new_id()}", name=licence.name)
            item.credit_code = store.seal(item, "credit_code", licence.credit_code)
            code = store.mandates.CreditCodeItem(f"CREDITCODE#{code_index}", organization_id=item.id)
            # Two who register the same enterprise at once: one code leads to one of them.
            absent = tables.absent(store.mandates.CreditCodeItem)
            tables.write(tables.Put(code, absent), changes.record(item, Event(events.ORGANIZATION_REGISTERED, actor)))
            return item
        found = store.mandates.organization(known.organization_id)
        assert found is not None
        return found

    organization = optimistic.repeat(attempt)
    return organization if organization.name == licence.name else _rename(actor, organization.id, licence.name)


def _rename(actor: Actor, organization_id: str, name: str) -> OrganizationItem:
    """Write the enterprise's name as the register does now; the former one stays in the log."""

    def attempt() -> OrganizationItem:
        found = store.mandates.organization(organization_id)
        assert found is not None
        if found.name != name:
            data: changes.Data = {"former_name": found.name}
            found.name = name
            tables.write(changes.record(found, Event(events.ORGANIZATION_RENAMED, actor, data=data)))
        return found

    return optimistic.repeat(attempt)


def appoint_handler(
    actor: Actor, organization: OrganizationItem, handler: ShownDocument, scope: list[str], until: date
) -> MandateItem:
    """Offer somebody to act as handler (经办人) for the given services (``*`` for all) until a date.

    The handler is known by ID number and needs no account yet; the mandate counts once the person has accepted it. The
    representative proves now who they are, and the register is asked whether they still represent. Raises
    ``id_number_invalid``, ``mandate_period_invalid``, ``fresh_proof_required``, ``representative_changed`` or
    ``platform_unavailable``.
    """
    identity = identities.identity_of(handler)
    if not mandate_rules.mandate_period_is_valid(until, clock.today()):
        raise mandate_rules.MANDATE_PERIOD_INVALID()
    account = canonical(actor.id)
    require_fresh_proof(account)
    own = store.mandates.mandate(ORGANIZATION, organization.id, account.id_index or "", consistent=True)
    assert own is not None  # the endpoint lets in the legal representative only
    check_representation(actor, own)
    holder = Holder(index=identity.index, name=identity.name)
    terms = Terms(role=mandate_rules.HANDLER, scope=scope, until=until, given_by=account.id_index or "")
    return mandates.offer(actor, _principal(organization), holder, terms)


def is_legal_representative(actor: Actor, organization_id: str) -> bool:
    """Whether the caller is the enterprise's legal representative by a valid mandate."""
    account = store.account(actor.id)
    if account is None or account.level != Level.PROVEN:
        return False
    mandate = store.mandates.mandate(ORGANIZATION, organization_id, account.id_index or "")
    return mandate is not None and mandate.role == mandate_rules.LEGAL_REPRESENTATIVE and mandates.holds(mandate)


def representative(organization_id: str) -> str:
    """The account of the enterprise's legal representative; empty for nobody (any more)."""
    for mandate in mandates.all_of(ORGANIZATION, organization_id):
        if mandate.role == mandate_rules.LEGAL_REPRESENTATIVE and mandates.holds(mandate):
            return account_of_person(mandate.holder_index)
    return ""


def account_of_person(id_index: str) -> str:
    """The account that stands for whoever has proven this identity; empty for nobody."""
    person = store.person(id_index)
    return person.account_id or "" if person is not None else ""
