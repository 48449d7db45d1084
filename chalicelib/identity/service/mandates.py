"""Mandates: given by whom they are about, accepted by who is to act, ended by either."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from chalicelib.identity import mandate_rules, store
from chalicelib.identity.service.accounts import canonical
from chalicelib.identity.store.mandates import ORGANIZATION, MandateItem
from chalicelib.kernel import clock, names
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables

_OFFERS = Limit(name="mandates", times=30, seconds=86400)
"""Offers of one principal: each is a message to somebody."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """For whom somebody is to act: an enterprise or a person's account; the name in clear."""

    kind: str
    id: str
    name: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a mandate says: in which role, for which services (``*``: all), until which day, given by whom (index)."""

    role: str
    scope: list[str]
    until: date
    given_by: str


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to act: the index of the ID number, and the name."""

    index: str
    name: str


def offer(actor: Actor, principal: Principal, holder: Holder, terms: Terms) -> MandateItem:
    """Offer somebody to act, or change what they accepted before; it counts once the person has accepted.

    The answer is the same for people whom the system knows and whom it does not. Who acts by law keeps that mandate.
    Raises ``too_many_requests``.
    """
    _OFFERS.count(principal.id)

    def attempt() -> MandateItem:
        item, writes = _mandate(principal, holder.index)
        acts_by_law = item.status != "" and item.role in mandate_rules.BY_LAW and holds(item)
        if acts_by_law:
            return item
        action = "change" if item.status in (mandate_rules.ACCEPTED, mandate_rules.WAITING) else "offer"
        _fill(item, principal, holder, terms)
        changed = move(item, action, "principal")
        event = Event(changed, actor, data={"role": terms.role, "scope": terms.scope, "until": str(terms.until)})
        tables.write(changes.record(item, event), *writes)
        return item

    return optimistic.repeat(attempt)


def assume(actor: Actor, principal: Principal, holder: Holder, terms: Terms) -> MandateItem:
    """The mandate of somebody who acts by law or by a proof of the principal: nobody has to accept it."""

    def attempt() -> MandateItem:
        item, writes = _mandate(principal, holder.index)
        _fill(item, principal, holder, terms)
        assumed = move(item, "assume", "principal")
        event = Event(assumed, actor, data={"role": terms.role, "until": str(terms.until)})
        tables.write(changes.record(item, event), *writes)
        return item

    return optimistic.repeat(attempt)


def _mandate(principal: Principal, holder_index: str) -> tuple[MandateItem, list[tables.Write]]:
    """The mandate of a person, or a new one without a state; and the write by which a new one's id finds it."""
    item = store.mandates.mandate(principal.kind, principal.id, holder_index, consistent=True)
    if item is not None:
        return item, []
    item, number = store.mandates.new_mandate(principal.kind, principal.id, holder_index)
    return item, [tables.Put(number, tables.absent(store.mandates.MandateNumberItem))]


def move(item: MandateItem, action: str, by: str) -> EventType:
    """Move a mandate whose terms are filled in, and note until when its holder may have acted (``own_matters``)."""
    was_accepted = item.status in (mandate_rules.ACCEPTED, mandate_rules.WAITING)
    moved = mandate_rules.MANDATES.move(item, action, by)
    if item.status in (mandate_rules.ACCEPTED, mandate_rules.WAITING):
        item.acted_until = item.until
    elif was_accepted:
        item.acted_until = min(item.until, clock.today())
    return moved


def _fill(item: MandateItem, principal: Principal, holder: Holder, terms: Terms) -> None:
    item.role = terms.role
    item.scope = terms.scope
    item.until = terms.until
    item.given_by = terms.given_by
    item.checked_on = clock.today()
    item.principal_name = store.seal(item, "principal_name", principal.name)
    item.holder_name = store.seal(item, "holder_name", names.spell(holder.name))


def accept(actor: Actor, mandate: MandateItem) -> None:
    """The person agrees to act; it counts from now on. Raises ``mandate_wrong_state``."""
    accepted = move(mandate, "accept", "holder")
    tables.write_or_conflict(changes.record(mandate, Event(accepted, actor)))


def decline(actor: Actor, mandate: MandateItem) -> None:
    """The person does not want to act, or does not want to any more. Raises ``mandate_wrong_state``."""
    declined = move(mandate, "decline", "holder")
    tables.write_or_conflict(changes.record(mandate, Event(declined, actor)))


def revoke(actor: Actor, mandate: MandateItem) -> None:
    """End a mandate at once. Raises ``mandate_wrong_state``."""
    revoked = move(mandate, "revoke", "principal")
    tables.write_or_conflict(changes.record(mandate, Event(revoked, actor)))


def is_holder_of(actor: Actor, mandate: MandateItem) -> bool:
    """Whether a mandate is for the caller, who has proven who they are."""
    account = store.account(actor.id)
    is_proven = account is not None and account.level == Level.PROVEN
    return account is not None and is_proven and account.id_index == mandate.holder_index


def held_by(actor: Actor, cursor: str | None) -> tables.Page:
    """A page of the mandates that the caller holds, or is offered."""
    account = canonical(actor.id)
    return store.mandates.mandates_held(account.id_index or "", cursor)


def all_of(kind: str, principal_id: str) -> Iterator[MandateItem]:
    """All mandates of a principal, however many there are."""
    cursor = None
    while True:
        page = store.mandates.mandates_of(kind, principal_id, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def holds(mandate: MandateItem) -> bool:
    """Whether the mandate may be used today."""
    return mandate_rules.mandate_holds(mandate.status, mandate.until, clock.today())


def covers(mandate: MandateItem, service: str) -> bool:
    """Whether a mandate is for this service; what is about no service is for everybody who has one."""
    return not service or "*" in mandate.scope or service in mandate.scope


def holder_name(mandate: MandateItem) -> str:
    """The holder's name, masked."""
    return vault.mask_name(store.unseal(mandate, "holder_name"))


def principal_name(mandate: MandateItem) -> str:
    """The name of whom the mandate is about: an enterprise's whole, a person's masked."""
    name = store.unseal(mandate, "principal_name")
    return name if mandate.principal_kind == ORGANIZATION else vault.mask_name(name)
