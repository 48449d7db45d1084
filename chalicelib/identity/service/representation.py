"""Who acts for whom: the caller of a request, and who is told what concerns somebody."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from chalicelib.identity import mandate_rules, rules, store
from chalicelib.identity.service import enterprises, mandates, wards
from chalicelib.identity.service.accounts import standing_account
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON, MandateItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.storage import tables

ERRORS = mandate_rules.REPRESENTATION_ERRORS
_QUIET = timedelta(minutes=1)


@dataclass
class _Quiet:
    """Until when this process asks no register once a day: one is out of order, and every request would wait for it."""

    until: datetime = datetime.min.replace(tzinfo=UTC)


_quiet = _Quiet()


def acting_for(actor: Actor, id_index: str, principal_id: str) -> Actor:
    """The caller as who acts for an enterprise (one more read) or for another person (three more).

    ``id_index``: of the caller's proven identity, empty for none. The first request of a day asks the register whether
    the caller may still act. Raises ``mandate_invalid``.
    """
    if not id_index:
        raise errors.MANDATE_INVALID()
    mandate = store.mandates.mandate(ORGANIZATION, principal_id, id_index)
    if mandate is not None:
        represented: tuple[str, ...] = (principal_id,)
    else:
        mandate = store.mandates.mandate(PERSON, principal_id, id_index)
        account = standing_account(principal_id) if mandate is not None else None
        if account is None or not _may_be_represented(account):
            raise errors.MANDATE_INVALID()
        represented = (account.id, *account.merged)
    if mandate is None or not mandates.holds(mandate):
        raise errors.MANDATE_INVALID()
    acting = msgspec.structs.replace(
        actor,
        principal=represented[0],
        represents=mandate.principal_kind,
        represented=represented,
        mandate=mandate.id,
        scope=tuple(mandate.scope),
    )
    if mandate.checked_on != clock.today():
        _check_today(acting, mandate)
    return acting


def _check_today(acting: Actor, mandate: MandateItem) -> None:
    """Ask the register once a day, so that an authority ends with the day on which its reason has ended.

    If no register answers, the caller goes on and is asked about a minute later; an enterprise that was struck off
    may still be read. Where much depends on it, ``check_representation`` asks again. Raises ``mandate_invalid``.
    """
    if clock.now() < _quiet.until:
        return
    try:
        _check(acting, mandate)
    except errors.Problem as problem:
        if problem.error is errors.PLATFORM_UNAVAILABLE:
            _quiet.until = clock.now() + _QUIET
            return
        if problem.error not in (mandate_rules.ENTERPRISE_NOT_ACTIVE, mandate_rules.ENTERPRISE_UNKNOWN):
            raise errors.MANDATE_INVALID() from None
    mandate.checked_on = clock.today()
    with suppress(tables.ConditionFailed):  # it has been changed meanwhile: the next request asks again
        tables.write(tables.Touch(mandate, ("checked_on",), MandateItem.version == mandate.version))


def _may_be_represented(account: AccountItem) -> bool:
    """Whether it is known whose the account is, and it is neither locked nor closed; a ward's needs no login."""
    has_login = bool(account.logins) or account.proof == rules.GUARDIAN_REGISTER
    is_open = has_login and account.closed_at is None
    return account.level == Level.PROVEN and is_open


def check_representation(actor: Actor) -> None:
    """Ask a register whether the caller may still act for whom they act for, where much depends on it.

    Nothing is asked for a person who acts for themselves. Raises ``mandate_rules.REPRESENTATION_ERRORS``.
    """
    if actor.kind != "person" or not actor.principal:
        return
    mandate = store.mandates.mandate_of_id(actor.mandate)
    if mandate is None or not mandates.holds(mandate):
        raise errors.MANDATE_INVALID()  # it has ended since the request was let in
    _check(actor, mandate)


def _check(actor: Actor, mandate: MandateItem) -> None:
    if mandate.principal_kind == ORGANIZATION:
        enterprises.check_representation(actor, mandate)
    else:
        wards.check_mandate(mandate)


def recipient(party: str, handler: str, service: str) -> str:
    """Who is told what concerns a party: the person, or for a ward the guardian; for an enterprise the handler while
    the mandate lasts and covers the service, otherwise the legal representative.

    Empty when nobody of them has an account (any more).
    """
    standing = standing_account(party)
    if standing is not None:
        # A closed account hears that it was closed; once it is erased, there is nobody to be told.
        is_erased = standing.closed_at is not None and not standing.logins
        if is_erased:
            return ""
        guardian = "" if standing.logins else wards.guardian_of(party)
        return guardian or standing.id
    account = store.account(handler) if handler else None
    if account is not None and account.level == Level.PROVEN:
        mandate = store.mandates.mandate(ORGANIZATION, party, account.id_index or "")
        if mandate is not None and mandates.holds(mandate) and mandates.covers(mandate, service):
            return account.merged_into or account.id
    account_id = enterprises.representative(party)
    representative = standing_account(account_id) if account_id else None
    return representative.id if representative is not None else ""
