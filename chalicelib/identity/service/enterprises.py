"""Enterprises and the mandates by which persons act for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from chalicelib.identity import events, mandate_rules, store
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.identity.service.people import checked_id_number
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.enterprises import MandateItem, OrganizationItem
from chalicelib.kernel import clock, ids, names, numbers
from chalicelib.kernel.access import Actor, Level, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import departments

REPRESENTATIVE = "legal_representative"
HANDLER = "handler"


def register_organization(actor: Actor, credit_code: str) -> MandateItem:
    """Register an enterprise on behalf of its legal representative, as the business register knows it.

    The representative's own mandate lasts a year; registering again asks the register anew and renews it. Mandates of a
    former representative end, and handlers wait for the new one's word. A repeat finds the enterprise and the mandate.
    Raises ``credit_code_invalid``, ``enterprise_unknown``, ``enterprise_not_active``, ``not_legal_representative`` or
    ``platform_unavailable``.
    """
    credit_code = numbers.normalized(credit_code)
    if not numbers.is_credit_code(credit_code):
        raise mandate_rules.CREDIT_CODE_INVALID()
    licence = _licence(credit_code, actor)
    account = canonical(actor.id)
    if licence.get("status") != "active":
        raise mandate_rules.ENTERPRISE_NOT_ACTIVE()
    representative = numbers.normalized(licence["legal_representative_id_number"])
    if representative != store.unseal(account, "id_number"):
        raise mandate_rules.NOT_LEGAL_REPRESENTATIVE()
    organization = _organization(actor, credit_code, str(licence["name"]))
    index = account.id_index or ""
    until = clock.today() + timedelta(days=mandate_rules.REPRESENTATION_DAYS)
    # First the others: if this stops half-way, nobody new is in, and a repeat goes on.
    _rest_others(organization.id, index)
    return _assume(actor, organization, index, store.unseal(account, "name"), until)


def _licence(credit_code: str, actor: Actor) -> dict[str, Any]:
    """The enterprise's entry in the business register, today; raises ``enterprise_unknown``."""
    purpose = departments.Purpose("organizations", actor.id)
    records = departments.query_register("business_licences", credit_code, purpose)
    if not records:
        raise mandate_rules.ENTERPRISE_UNKNOWN()
    licence = records[0]
    is_complete = isinstance(licence.get("name"), str) and isinstance(
        licence.get("legal_representative_id_number"), str
    )
    if not is_complete:
        raise departments.unavailable()
    return licence


def check_representation(actor: Actor) -> None:
    """Ask the register whether the enterprise that the caller acts for still has the representative known here.

    Where much depends on it: submitting, paying, appointing. If it names another one, the former one's mandate ends at
    once, handlers wait, and the caller is refused. Nothing is asked for a person who acts for themselves. Raises
    ``representative_changed``, ``enterprise_not_active``, ``enterprise_unknown`` or ``platform_unavailable``.
    """
    if actor.kind != "person" or not actor.organization:
        return
    organization = store.enterprises.organization(actor.organization)
    assert organization is not None
    licence = _licence(store.unseal(organization, "credit_code"), actor)
    if licence.get("status") != "active":
        raise mandate_rules.ENTERPRISE_NOT_ACTIVE()
    index = vault.blind_index("id_number", numbers.normalized(licence["legal_representative_id_number"]))
    mandate = store.enterprises.mandate(organization.id, index, consistent=True)
    is_known = mandate is not None and mandate.role == REPRESENTATIVE and mandate.status == mandate_rules.ACCEPTED
    # The caller's own mandate too: whom a former representative appointed may not have been reached yet.
    own = store.enterprises.mandate(organization.id, canonical(actor.id).id_index or "", consistent=True)
    is_given_by_them = own is not None and own.given_by == index
    if is_known and is_given_by_them:
        return
    _rest_others(organization.id, index)
    raise mandate_rules.REPRESENTATIVE_CHANGED()


def _rest_others(organization_id: str, representative_index: str) -> None:
    """The register names one legal representative: mandates of earlier ones end, those that they gave wait."""
    for found in _mandates(organization_id):
        if found.holder_index == representative_index:
            continue

        def rest(index: str = found.holder_index) -> None:
            mandate = store.enterprises.mandate(organization_id, index, consistent=True)
            if mandate is None:
                return
            action = "revoke" if mandate.role == REPRESENTATIVE else "suspend"
            is_running = mandate.status in (mandate_rules.OFFERED, mandate_rules.ACCEPTED)
            was_given_before = mandate.given_by != representative_index
            if is_running and was_given_before:
                event = Event(mandate_rules.MANDATES.move(mandate, action, "system"), system("register"))
                tables.write(changes.record(mandate, event))

        optimistic.repeat(rest)


def _mandates(organization_id: str) -> Iterator[MandateItem]:
    """All mandates of an enterprise (at its registration, and when its representative has changed)."""
    cursor = None
    while True:
        page = store.enterprises.mandates_of_organization(organization_id, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _organization(actor: Actor, credit_code: str, name: str) -> OrganizationItem:
    """The enterprise with this code, made if there is none; its name as the register writes it now."""
    code_index = vault.blind_index("credit_code", credit_code)

    def attempt() -> OrganizationItem:
        known = store.enterprises.organization_of_code(code_index)
        if known is None:
            item = OrganizationItem(f"ORGANIZATION#{ids.new_id()}", name=name)
            item.credit_code = store.seal(item, "credit_code", credit_code)
            code = store.enterprises.CreditCodeItem(f"CREDITCODE#{code_index}", organization_id=item.id)
            # Two who register the same enterprise at once: one code leads to one of them.
            absent = tables.absent(store.enterprises.CreditCodeItem)
            tables.write(tables.Put(code, absent), changes.record(item, Event(events.ORGANIZATION_REGISTERED, actor)))
            return item
        found = store.enterprises.organization(known.organization_id)
        assert found is not None
        if found.name != name:
            data: changes.Data = {"former_name": found.name}
            found.name = name
            tables.write(changes.record(found, Event(events.ORGANIZATION_RENAMED, actor, data=data)))
        return found

    return optimistic.repeat(attempt)


def appoint_handler(
    actor: Actor, organization: OrganizationItem, name: str, id_number: str, scope: list[str], until: date
) -> MandateItem:
    """Offer somebody to act as handler (经办人) for the given services (``*`` for all) until a date.

    The handler is known by ID number and needs no account yet; the mandate counts once the person has accepted it. The
    answer is the same for people whom the system knows and whom it does not. The representative proves now who they
    are, and the register is asked whether they still represent. Raises ``id_number_invalid``,
    ``mandate_period_invalid``, ``fresh_proof_required``, ``representative_changed`` or ``platform_unavailable``.
    """
    id_number = checked_id_number(id_number)
    if not mandate_rules.mandate_period_is_valid(until, clock.today()):
        raise mandate_rules.MANDATE_PERIOD_INVALID()
    account = canonical(actor.id)
    require_fresh_proof(account)
    acting = Actor(kind="person", id=account.id, organization=organization.id)
    check_representation(acting)
    index = vault.blind_index("id_number", id_number)

    def attempt() -> MandateItem:
        item, writes = _mandate_of(organization, index)
        if item.status and item.role == REPRESENTATIVE and mandate_holds(item):
            return item
        action = "change" if item.status in (mandate_rules.ACCEPTED, mandate_rules.WAITING) else "offer"
        changed = mandate_rules.MANDATES.move(item, action, "representative")
        _fill(item, organization, names.spell(name), HANDLER, scope, until)
        item.given_by = account.id_index or ""
        event = Event(changed, actor, data={"role": HANDLER, "scope": scope, "until": str(until)})
        tables.write(changes.record(item, event), *writes)
        return item

    return optimistic.repeat(attempt)


def _assume(actor: Actor, organization: OrganizationItem, index: str, name: str, until: date) -> MandateItem:
    """The representative's own mandate, which nobody has to accept: the register says so."""

    def attempt() -> MandateItem:
        item, writes = _mandate_of(organization, index)
        assumed = mandate_rules.MANDATES.move(item, "assume", "representative")
        _fill(item, organization, name, REPRESENTATIVE, ["*"], until)
        item.given_by = index
        tables.write(changes.record(item, Event(assumed, actor, data={"until": str(until)})), *writes)
        return item

    return optimistic.repeat(attempt)


def _mandate_of(organization: OrganizationItem, holder_index: str) -> tuple[MandateItem, list[tables.Write]]:
    """The mandate of a person, or a new one without a state; and the write by which a new one's id finds it."""
    item = store.enterprises.mandate(organization.id, holder_index, consistent=True)
    if item is not None:
        return item, []
    item, number = store.enterprises.new_mandate(organization, holder_index)
    return item, [tables.Put(number, tables.absent(store.enterprises.MandateNumberItem))]


def _fill(
    item: MandateItem, organization: OrganizationItem, name: str, role: str, scope: list[str], until: date
) -> None:
    item.role = role
    item.scope = scope
    item.until = until
    item.organization_name = organization.name
    item.holder_name = store.seal(item, "holder_name", name)


def accept_mandate(actor: Actor, mandate: MandateItem) -> None:
    """The person agrees to act; it counts from now on. Raises ``mandate_wrong_state``."""
    accepted = mandate_rules.MANDATES.move(mandate, "accept", "holder")
    tables.write_or_conflict(changes.record(mandate, Event(accepted, actor)))


def decline_mandate(actor: Actor, mandate: MandateItem) -> None:
    """The person does not want to act, or does not want to any more. Raises ``mandate_wrong_state``."""
    declined = mandate_rules.MANDATES.move(mandate, "decline", "holder")
    tables.write_or_conflict(changes.record(mandate, Event(declined, actor)))


def revoke_mandate(actor: Actor, mandate: MandateItem) -> None:
    """End a mandate at once. Raises ``mandate_wrong_state``."""
    revoked = mandate_rules.MANDATES.move(mandate, "revoke", "representative")
    tables.write_or_conflict(changes.record(mandate, Event(revoked, actor)))


def is_holder_of(actor: Actor, mandate: MandateItem) -> bool:
    """Whether a mandate is for the caller, who has proven who they are."""
    account = store.account(actor.id)
    is_proven = account is not None and account.level == Level.PROVEN
    return account is not None and is_proven and account.id_index == mandate.holder_index


def is_legal_representative(actor: Actor, organization_id: str) -> bool:
    """Whether the caller is the enterprise's legal representative by a valid mandate."""
    account = store.account(actor.id)
    if account is None or account.level != Level.PROVEN:
        return False
    mandate = store.enterprises.mandate(organization_id, account.id_index or "")
    return mandate is not None and mandate.role == REPRESENTATIVE and mandate_holds(mandate)


def recipient(party: str, handler: str, service: str) -> str:
    """Who is told what concerns a party: the person; for an enterprise the handler while the mandate lasts and covers
    the service, otherwise the legal representative. Empty when nobody of them has an account (any more).
    """
    found = store.account(party)
    if found is not None:
        return _standing(found)
    account = store.account(handler) if handler else None
    if account is not None and account.level == Level.PROVEN:
        mandate = store.enterprises.mandate(party, account.id_index or "")
        if mandate is not None and mandate_holds(mandate) and _covers(mandate, service):
            return _standing(account)
    return _representative(party)


def account_of_person(id_index: str) -> str:
    """The account that stands for whoever has proven this identity; empty for nobody."""
    person = store.person(id_index)
    return person.account_id or "" if person is not None else ""


def _covers(mandate: MandateItem, service: str) -> bool:
    """Whether a mandate is for this service; what is about no service is for every handler."""
    return not service or "*" in mandate.scope or service in mandate.scope


def _standing(account: AccountItem) -> str:
    return account.merged_into or account.id


def _representative(organization_id: str) -> str:
    for mandate in _mandates(organization_id):
        if mandate.role == REPRESENTATIVE and mandate_holds(mandate):
            account_id = account_of_person(mandate.holder_index)
            found = store.account(account_id) if account_id else None
            return _standing(found) if found is not None else ""
    return ""


def mandates_of(actor: Actor, cursor: str | None) -> tables.Page:
    """A page of the mandates that the caller holds, or is offered."""
    account = canonical(actor.id)
    return store.enterprises.mandates_of_person(account.id_index or "", cursor)


def mandate_holds(mandate: MandateItem) -> bool:
    """Whether the mandate may be used today."""
    return mandate_rules.mandate_holds(mandate.status, mandate.until, clock.today())


def holder_name(mandate: MandateItem) -> str:
    """The holder's name, masked."""
    return vault.mask_name(store.unseal(mandate, "holder_name"))
