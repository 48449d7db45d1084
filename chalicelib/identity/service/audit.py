"""Finding who read personal data, for the audit administrator."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.identity import staff_rules, store
from chalicelib.identity.service.people import checked_id_number
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One of these, with or without a day; or a day alone."""

    id_number: str | None = None
    party: str | None = None
    officer: str | None = None
    unit: str | None = None
    day: date | None = None


def search(actor: Actor, wanted: Search, cursor: str | None) -> tables.Page:
    """A page of readings. A search by a person is recorded as a reading first: the auditor is watched too.

    Raises ``search_unclear`` or ``id_number_invalid``.
    """
    named = [one for one in (wanted.id_number, wanted.party, wanted.officer, wanted.unit) if one]
    if len(named) > 1 or (not named and wanted.day is None):
        raise staff_rules.SEARCH_UNCLEAR()
    if wanted.officer:
        return readings.of_officer(wanted.officer, wanted.day, cursor)
    if wanted.unit:
        return readings.of_unit(wanted.unit, wanted.day, cursor)
    if wanted.day is not None and not named:
        return readings.of_day(wanted.day, cursor)
    parties = _accounts_of(wanted.id_number) if wanted.id_number else [wanted.party or ""]
    if not parties:
        return tables.Page([], None)
    # For every page: a cursor is the caller's, and would otherwise be a way to look unseen.
    subject = f"READINGS#{parties[0]}"
    tables.write(readings.record(store.AuditReadingItem, subject, actor, parties[0]))
    return readings.of_parties(parties, wanted.day, cursor)


def _accounts_of(id_number: str) -> list[str]:
    """All accounts that have proven or claim an identity, and those merged into them."""
    index = vault.blind_index("id_number", checked_id_number(id_number))
    person = store.person(index)
    if person is None:
        return []
    found: list[str] = []
    for account_id in (*person.proven, *person.claims):
        account = store.account(account_id)
        if account is not None:
            found += [account_id, *account.merged]
    return list(dict.fromkeys(found))
