"""Finding who read personal data, for the audit administrator."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import staff_rules, store
from chalicelib.identity.service import identities
from chalicelib.identity.service.identities import Country, Number, ShownDocument
from chalicelib.kernel import papers
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.storage import tables


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of person, party, officer and unit, on one day or on all; or a day alone.

    ``id_number``: of the person whose data it was, with ``document`` and ``country`` as for a proof; ``party``: the
    account or enterprise, as readings name it.
    """

    id_number: Number | None = None
    document: papers.Code | Literal[""] = ""
    country: Country = ""
    party: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    officer: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+$")] | None = None
    unit: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    day: date | None = None


def search(actor: Actor, wanted: Search, cursor: str | None) -> tables.Page:
    """A page of readings. A search by a person is recorded as a reading first: the auditor is watched too.

    Raises ``search_unclear``, ``id_number_invalid`` or ``document_incomplete``.
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
    parties = _accounts_of(wanted) if wanted.id_number else [wanted.party or ""]
    if not parties:
        return tables.Page([], None)
    # For every page: a cursor is the caller's, and would otherwise be a way to look unseen.
    subject = f"READINGS#{parties[0]}"
    tables.write(readings.record(store.AuditReadingItem, subject, actor, parties[0]))
    return readings.of_parties(parties, wanted.day, cursor)


def _accounts_of(wanted: Search) -> list[str]:
    """All accounts that have proven or claim an identity, and those merged into them."""
    document = ShownDocument(
        name="", id_number=wanted.id_number or "", document=wanted.document, country=wanted.country
    )
    person = store.person(identities.index_of(document))
    if person is None:
        return []
    found: list[str] = []
    for account_id in (*person.proven, *person.claims):
        account = store.account(account_id)
        if account is not None:
            found += [account_id, *account.merged]
    return list(dict.fromkeys(found))
