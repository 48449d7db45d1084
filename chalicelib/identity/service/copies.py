"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from typing import Any

from chalicelib.identity import store
from chalicelib.identity.service import identities, people, sessions
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.kernel import clock, phones
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.events import readings as recorded
from chalicelib.kernel.storage.tables import Page


def require_own(actor: Actor) -> None:
    """Whoever has proven who they are, proves it now; raises ``fresh_proof_required``."""
    account = canonical(actor.id)
    if account.level == Level.PROVEN:
        require_fresh_proof(account)


def account(actor: Actor, _: str | None) -> Page:
    """What is known of the person: one entry, with the logins and sessions."""
    found = canonical(actor.id)
    entry: dict[str, Any] = {
        "account_id": found.id,
        "merged_accounts": list(found.merged),
        "level": Level(found.level).name.lower(),
        "name": store.unseal(found, "name"),
        "id_number": store.unseal(found, "id_number"),
        "document": found.document if found.id_number else "",
        "born": str(identities.birth_date(found)) if found.id_number else "",
        "phone": phones.shown(people.phone_of(found)),
        "proof": found.proof,
        "proven_at": clock.local_or_none(found.proven_at),
        "platforms": people.platforms_of(found),
        "sessions": sessions.list_sessions(actor),
    }
    return Page([entry], None)


def _proven_index(actor: Actor) -> str:
    """The index of the person's identity; empty for who only claims one: what belongs to it is not theirs."""
    account = canonical(actor.id)
    return account.id_index or "" if account.level == Level.PROVEN else ""


def relatives(actor: Actor, cursor: str | None) -> Page:
    """Whom the person books for, and then who may book for the person."""
    index = _proven_index(actor)
    if not index:
        return Page([], None)
    place, _, inner = (cursor or "held.").partition(".")
    page = store.relations_held(index, inner) if place == "held" else store.relations_asked(index, inner)
    entries = [_relation(item) for item in page.items if not item.ended]
    if page.cursor is not None:
        return Page(entries, f"{place}.{page.cursor}")
    return Page(entries, "asked." if place == "held" else None)


def _relation(item: store.RelativeItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "holder": store.unseal(item, "holder_name"),
        "relative": store.unseal(item, "name"),
        "consented": item.consented,
    }


def mandates(actor: Actor, cursor: str | None) -> Page:
    """Who may act for the person."""
    page = store.mandates.mandates_given(actor.accounts, cursor)
    entries = []
    for item in page.items:
        entry = {
            "id": item.id,
            "holder": store.unseal(item, "holder_name"),
            "role": item.role,
            "scope": list(item.scope),
            "until": item.until,
            "status": item.status,
        }
        entries.append(entry)
    return Page(entries, page.cursor)


def mandates_held(actor: Actor, cursor: str | None) -> Page:
    """For whom the person may act."""
    index = _proven_index(actor)
    if not index:
        return Page([], None)
    page = store.mandates.mandates_held(index, cursor)
    entries = []
    for row in page.items:
        item = store.mandates.mandate(row.principal_kind, row.principal_id, row.holder_index)
        if item is None:
            continue
        entry = {
            "id": item.id,
            "principal": store.unseal(item, "principal_name"),
            "role": item.role,
            "scope": list(item.scope),
            "until": item.until,
            "status": item.status,
        }
        entries.append(entry)
    return Page(entries, page.cursor)


def readings(actor: Actor, cursor: str | None) -> Page:
    """When staff read the person's data."""
    page = recorded.of_parties(list(actor.accounts), None, cursor)
    entries = [{"at": clock.local(row.at), "unit": row.unit, "subject": row.subject} for row in page.items]
    return Page(entries, page.cursor)
