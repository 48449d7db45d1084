"""Enterprises and the mandates by which persons act for them."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.identity import events, rules, store
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.identity.store import AccountItem, MandateItem, OrganizationItem
from chalicelib.kernel import clock, names, numbers
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.platforms import departments

REPRESENTATIVE = "legal_representative"


def register_organization(actor: Actor, credit_code: str) -> MandateItem:
    """Register an enterprise on behalf of its legal representative, as the business register knows it.

    The representative's own mandate lasts a year; registering again asks the register anew and renews it.
    A repeat finds the enterprise and the mandate. Raises ``credit_code_invalid``, ``enterprise_unknown``,
    ``enterprise_not_active``, ``not_legal_representative`` or ``platform_unavailable``.
    """
    credit_code = numbers.normalized(credit_code)
    if not numbers.is_credit_code(credit_code):
        raise rules.CREDIT_CODE_INVALID()
    records = departments.query_register(
        "business_licences", credit_code, departments.Purpose("organizations", actor.id)
    )
    if not records:
        raise rules.ENTERPRISE_UNKNOWN()
    account = canonical(actor.id)
    licence = records[0]
    if not isinstance(licence.get("name"), str):
        raise departments.unavailable()
    if licence.get("status") != "active":
        raise rules.ENTERPRISE_NOT_ACTIVE()
    if licence.get("legal_representative_id_number") != store.unseal(account, "id_number"):
        raise rules.NOT_LEGAL_REPRESENTATIVE()
    organization = _organization(actor, credit_code, str(licence["name"]))
    until = clock.today() + timedelta(days=rules.REPRESENTATION_DAYS)
    name = store.unseal(account, "name")
    index = account.id_index or ""
    mandate = _appoint(actor, organization, index, name, REPRESENTATIVE, ["*"], until)
    _end_other_representation(actor, organization, index)
    return mandate


def _end_other_representation(actor: Actor, organization: OrganizationItem, index: str) -> None:
    """The register names one legal representative: mandates of earlier ones end."""
    cursor = None
    while True:
        page = store.mandates_of_organization(organization.id, cursor)
        for mandate in page.items:
            if mandate.role == REPRESENTATIVE and mandate.id != index and not mandate.revoked:
                revoke_mandate(actor, mandate)
        cursor = page.cursor
        if cursor is None:
            return


def _organization(actor: Actor, credit_code: str, name: str) -> OrganizationItem:
    organization_id = vault.blind_index("credit_code", credit_code)
    found = store.organization(organization_id)
    if found is not None:
        return found
    item = OrganizationItem(f"ORGANIZATION#{organization_id}", name=name)
    item.credit_code = store.seal(item, "credit_code", credit_code)
    try:
        tables.write(changes.record(item, Event(events.ORGANIZATION_REGISTERED, actor)))
    except tables.ConditionFailed:
        found = store.organization(organization_id)
        assert found is not None
        return found
    return item


def appoint_handler(
    actor: Actor, organization: OrganizationItem, name: str, id_number: str, scope: list[str], until: date
) -> MandateItem:
    """Appoint a handler (经办人) for the given services (``*`` for all) until a date.

    The handler is known by ID number and needs no account yet. The representative proves now who they are. Raises
    ``id_number_invalid``, ``mandate_period_invalid`` or ``fresh_proof_required``.
    """
    id_number = numbers.normalized(id_number)
    if not numbers.is_id_number(id_number, clock.today()):
        raise rules.ID_NUMBER_INVALID()
    if not rules.mandate_period_is_valid(until, clock.today()):
        raise rules.MANDATE_PERIOD_INVALID()
    require_fresh_proof(canonical(actor.id))
    index = vault.blind_index("id_number", id_number)
    return _appoint(actor, organization, index, names.spell(name), "handler", scope, until)


def _appoint(
    actor: Actor, organization: OrganizationItem, index: str, name: str, role: str, scope: list[str], until: date
) -> MandateItem:
    item = store.mandate(organization.id, index)
    if item is not None and item.role == REPRESENTATIVE and role != REPRESENTATIVE and mandate_holds(item):
        return item
    if item is None:
        item = MandateItem(f"ORGANIZATION#{organization.id}", f"MANDATE#{index}")
        item.gsi1pk = f"HOLDER#{index}"
        item.gsi1sk = organization.id
    item.role = role
    item.scope = scope
    item.until = until
    item.revoked = False
    item.organization_name = organization.name
    item.holder_name = store.seal(item, "holder_name", name)
    event = Event(events.MANDATE_GIVEN, actor, data={"role": role, "scope": scope, "until": str(until)})
    tables.write_or_conflict(changes.record(item, event))
    return item


def revoke_mandate(actor: Actor, mandate: MandateItem) -> None:
    """End a mandate at once."""
    mandate.revoked = True
    tables.write_or_conflict(changes.record(mandate, Event(events.MANDATE_REVOKED, actor)))


def is_legal_representative(actor: Actor, organization_id: str) -> bool:
    """Whether the caller is the enterprise's legal representative by a valid mandate."""
    account = store.account(actor.id)
    if account is None or account.level != Level.PROVEN:
        return False
    mandate = store.mandate(organization_id, account.id_index or "")
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
        mandate = store.mandate(party, account.id_index or "")
        if mandate is not None and mandate_holds(mandate) and _covers(mandate, service):
            return _standing(account)
    return _representative(party)


def _covers(mandate: MandateItem, service: str) -> bool:
    """Whether a mandate is for this service; what is about no service is for every handler."""
    return not service or "*" in mandate.scope or service in mandate.scope


def _standing(account: AccountItem) -> str:
    return account.merged_into or account.id


def _representative(organization_id: str) -> str:
    cursor = None
    while True:
        page = store.mandates_of_organization(organization_id, cursor)
        for mandate in page.items:
            if mandate.role == REPRESENTATIVE and mandate_holds(mandate):
                person = store.person(mandate.id)
                found = store.account(person.account_id) if person and person.account_id else None
                return _standing(found) if found else ""
        cursor = page.cursor
        if cursor is None:
            return ""


def mandates_of(actor: Actor, cursor: str | None) -> tables.Page:
    """A page of the mandates that the caller holds."""
    account = canonical(actor.id)
    return store.mandates_of_person(account.id_index or "", cursor)


def mandate_holds(mandate: MandateItem) -> bool:
    """Whether the mandate may be used today."""
    return rules.mandate_holds(mandate.until, mandate.revoked, clock.today())


def holder_name(mandate: MandateItem) -> str:
    """The holder's name, masked."""
    return vault.mask_name(store.unseal(mandate, "holder_name"))
