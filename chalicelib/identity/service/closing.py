"""Closing an account: nobody gets in any more, at once; what names the person is erased afterwards."""

from __future__ import annotations

from typing import Any

from chalicelib.identity import events, mandate_rules, store
from chalicelib.identity.service import mandates, relatives, text_codes
from chalicelib.identity.service.accounts import canonical
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.mandates import PERSON, MandateItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


def identity_index(account_id: str) -> str:
    """The index of the identity that an account claims or has proven; empty without one."""
    return canonical(account_id).id_index or ""


def accounts_of(account_id: str) -> list[str]:
    """The account that stands for a person, and all that are merged into it."""
    account = canonical(account_id)
    return [account.id, *account.merged]


def login_keys(account_id: str) -> list[str]:
    """The keys of the logins that still lead to an account: whoever has closed one and come back has a new one."""
    account = store.account(account_id, consistent=True)
    keys = account.logins if account is not None else []
    found = []
    for key in keys:
        login = store.login(key)
        if login is not None and login.account_id == account_id:
            found.append(key)
    return found


def close_writes(actor: Actor) -> list[tables.Write]:
    """Close the caller's account with all that are merged into it: the sessions end, and the identity is free.

    The writes belong into one transaction with what says that the account is closed. A closed account has none. Raises
    ``ConditionFailed`` if the person has other accounts by now than ``actor`` says: they were not looked at.
    """
    account = canonical(actor.id)
    if account.closed_at is not None:
        return []
    if {account.id, *account.merged} != set(actor.accounts):
        raise tables.ConditionFailed
    writes: list[tables.Write] = [_closed(account, Event(events.ACCOUNT_CLOSED, actor))]
    for account_id in account.merged:
        merged = store.account(account_id, consistent=True)
        if merged is not None:
            writes.append(_closed(merged, Event(events.ACCOUNT_CLOSED, actor, data={"with": account.id})))
    return [*writes, *_person_writes(account)]


def _closed(account: AccountItem, event: Event) -> tables.Write:
    account.closed_at = clock.now()
    account.token_version = account.token_version + 1
    return changes.record(account, event)


def _person_writes(account: AccountItem) -> list[tables.Write]:
    """Take the account from those that stand for its identity; an identity that nobody stands for is forgotten."""
    person = store.person(account.id_index) if account.id_index else None
    if person is None:
        return []
    closed = {account.id, *account.merged}
    person.proven = [other for other in person.proven if other not in closed]
    person.claims = [other for other in person.claims if other not in closed]
    if person.account_id in closed:
        person.account_id = person.proven[0] if person.proven else None
    if not person.proven and not person.claims:
        return [tables.Delete(person, store.PersonItem.version == person.version)]
    return [tables.replace(person)]


def mark_of(account_id: str) -> str:
    """What must not have changed between asking for a closing and doing it; empty for an account that is locked.

    Another proof, a claim that was lost, and the end of all sessions change it.
    """
    account = canonical(account_id)
    if not account.logins or account.dispute:
        return ""
    return f"{account.id}/{account.level}/{account.token_version}"


def _has_other_account(actor: Actor) -> bool:
    """Whether the person has proven another account, which relatives and mandates belong to as well."""
    person = store.person(identity_index(actor.id))
    return person is not None and bool(person.proven)


def erase_relative(actor: Actor, entry: dict[str, Any]) -> None:
    """End a relation, and forget both names; it stays for another account that the person has proven."""
    item = store.relative(entry["id"])
    if item is not None and not item.ended and not _has_other_account(actor):
        relatives.end_relation(actor, item)


def erase_mandate(actor: Actor, entry: dict[str, Any]) -> None:
    """End a mandate that the person has given or holds, and forget the person's name in it.

    A mandate that the person holds stays for another account that the person has proven.
    """
    item = store.mandates.mandate_of_id(entry["id"])
    if item is None:
        return
    is_given = item.principal_kind == PERSON and item.principal_id in actor.accounts
    if not is_given and _has_other_account(actor):
        return
    if item.status != mandate_rules.ENDED:
        action = "revoke" if is_given else "decline"
        by = "principal" if is_given else "holder"
        ended = mandates.move(item, action, by)
        tables.write(changes.record(item, Event(ended, actor)))
    item.holder_name = store.seal(item, "holder_name", "")
    if is_given:
        item.principal_name = store.seal(item, "principal_name", "")
    unchanged = MandateItem.version == item.version
    tables.write(tables.Touch(item, ("holder_name", "principal_name"), unchanged))


def erase_account(actor: Actor, _: dict[str, Any]) -> None:
    """Forget who the account was of: name, number, phone, platforms' users, devices. The last part to be erased."""
    for account_id in actor.accounts:
        account = store.account(account_id, consistent=True)
        if account is not None:
            _forget_person(actor, account)


def _forget_person(actor: Actor, account: AccountItem) -> None:
    # The logins and the phone first: a repeat finds them by the account.
    for key in {*account.logins, *account.recent_logins}:
        login = store.login(key)
        if login is not None and login.account_id == account.id:
            tables.write(tables.Delete(login, store.LoginItem.account_id == account.id))
    phone = store.unseal(account, "phone")
    if phone:
        found = store.browser.phone(text_codes.index_of(phone))
        if found is not None and found.account_id == account.id:
            tables.write(tables.Delete(found, store.browser.PhoneItem.account_id == account.id))
    account.name = None
    account.id_number = None
    account.id_index = None
    account.born = None
    account.phone = None
    account.former_phone = None
    account.pending = None
    account.logins = []
    account.recent_logins = []
    account.devices = []
    tables.write(changes.record(account, Event(events.ACCOUNT_ERASED, actor)))
