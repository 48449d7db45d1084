"""Own matters: what concerns a staff member is seen to by somebody else (行政许可法 and 公务员法 art. 76: 回避)."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.identity import store
from chalicelib.identity.service import mandates
from chalicelib.identity.service.accounts import standing_account
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if

_COUNTS_LONGER = timedelta(days=365)
"""Whoever ends a relation or a mandate does not decide about the other one on the next day."""


def is_own(actor: Actor, *parties: str) -> bool:
    """Whether one of the parties (accounts, enterprises) is the staff member, a relative, or whom they act for.

    A relation counts once the relative has consented: otherwise an applicant could name an officer, and so choose who
    decides. It counts for a year after it has ended, and so does a mandate. Two reads for an enterprise, five for a
    person. Raises ``staff_identity_unknown``.
    """
    refuse_if(not actor.person, errors.STAFF_IDENTITY_UNKNOWN)
    return any(_concerns(actor.person, party) for party in set(parties) if party)


def refuse_own(actor: Actor, *parties: str) -> None:
    """Raise ``own_matter`` where a request names the things it is about, and not its path."""
    refuse_if(is_own(actor, *parties), errors.OWN_MATTER)


def is_own_identity(actor: Actor, id_index: str) -> bool:
    """Whether an identity is the staff member's or a relative's. Raises ``staff_identity_unknown``."""
    refuse_if(not actor.person, errors.STAFF_IDENTITY_UNKNOWN)
    if not id_index:
        return False
    return id_index == actor.person or _are_relatives(actor.person, id_index)


def _concerns(person: str, party: str) -> bool:
    if _acts_for(person, ORGANIZATION, party):
        return True
    account = standing_account(party)
    if account is None or not account.id_index:
        return False
    if account.id_index == person or _are_relatives(person, account.id_index):
        return True
    return _acts_for(person, PERSON, account.id)


def _acts_for(person: str, kind: str, principal: str) -> bool:
    mandate = store.mandates.mandate(kind, principal, person)
    return mandate is not None and (mandates.holds(mandate) or _counts(mandate.acted_until))


def _are_relatives(one: str, other: str) -> bool:
    for holder, relative in ((one, other), (other, one)):
        found = store.relation(holder, relative)
        if found is None:
            continue
        if found.consented or _counts(found.consented_until):
            return True
    return False


def _counts(last_day: date | None) -> bool:
    return last_day is not None and clock.today() <= last_day + _COUNTS_LONGER
