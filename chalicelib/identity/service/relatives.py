"""Family members for whom a person may book, with their consent (PIPL art. 29 and 31)."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.identity import events, rules, store
from chalicelib.identity.service import identities, proofs
from chalicelib.identity.service.accounts import canonical
from chalicelib.identity.service.identities import Identity, ShownDocument
from chalicelib.identity.service.wards import is_guardian
from chalicelib.identity.store import AccountItem, RelativeItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables

_CLAIMED = "/claimed"


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes to a hall, in clear. ``key`` stands for whom limits count: the person, or the enterprise.

    Who has only claimed an identity gets another key than who has proven it. Anybody may know a name and a number, so
    what is booked or missed under a claim does not count against the person. All who claim one identity have the same
    key, so many accounts get no more places than one. ``account`` is empty for somebody without one.
    """

    key: str
    account: str
    name: str
    id_number: str
    born: date

    @property
    def is_claimed(self) -> bool:
        """Whether the account that books has only claimed this identity."""
        return self.key.endswith(_CLAIMED)

    @property
    def keys(self) -> list[str]:
        """Under which bookings and no-shows lie: the own key, and the one from before the proof."""
        if self.is_claimed:
            return [self.key]
        return [self.key, self.key + _CLAIMED]


def proven_key(key: str) -> str:
    """A visitor's key without the mark of a mere claim: the index of the person, or the enterprise."""
    return key.removesuffix(_CLAIMED)


def visitor_self(actor: Actor) -> Visitor:
    """The caller, or the person that the caller acts for; for an enterprise the caller comes, and its limits count."""
    account = canonical(actor.id if actor.organization else actor.principal or actor.id)
    return Visitor(
        key=actor.organization or _own_key(account),
        account=account.id,
        name=store.unseal(account, "name"),
        id_number=store.unseal(account, "id_number"),
        born=identities.birth_date(account),
    )


def _own_key(account: AccountItem) -> str:
    refuse_if(not account.id_index, errors.PROOF_REQUIRED)
    return account.id_index if account.level >= Level.PROVEN else account.id_index + _CLAIMED


def visitor_relative(actor: Actor, relative_id: str) -> Visitor:
    """The caller's relative; raises ``not_found`` or ``relative_not_consented``."""
    item = store.relative(relative_id)
    if item is None or not is_holder(actor, item):
        raise errors.NOT_FOUND()
    refuse_if(not _stands(item), rules.RELATIVE_NOT_CONSENTED)
    person = store.person(item.relative_index)
    account = person.account_id or "" if person else ""
    return Visitor(
        key=item.relative_index,
        account=account,
        name=store.unseal(item, "name"),
        id_number=store.unseal(item, "id_number"),
        born=identities.birth_date(item),
    )


def visitor_named(document: ShownDocument) -> Visitor:
    """Somebody who shows a document at a desk; raises what ``identities.identity_of`` raises."""
    identity = identities.identity_of(document)
    person = store.person(identity.index)
    account = person.account_id or "" if person else ""
    return Visitor(
        key=identity.index, account=account, name=identity.name, id_number=identity.number, born=identity.born
    )


def add_relative(actor: Actor, document: ShownDocument) -> RelativeItem:
    """Ask a relative for consent to book for them; a guardian consents for a child under 14 (PIPL art. 31).

    A repeat finds what is there. Raises what ``identities.identity_of`` and ``proofs.check_registered`` raise.
    """
    relative = identities.identity_of(document)
    proofs.check_registered(relative)
    holder = canonical(actor.id)
    found = store.relation(holder.id_index or "", relative.index)
    if found is not None and _stands(found):
        return found
    item = found or store.new_relative(holder.id, holder.id_index or "", relative.index)
    item.name = store.seal(item, "name", relative.name)
    item.id_number = store.seal(item, "id_number", relative.number)
    item.holder_name = store.seal(item, "holder_name", store.unseal(holder, "name"))
    identities.keep_birth(item, relative)
    item.guardian = _is_guardian(holder.id_index or "", relative)
    _end_consent(item)
    item.consented = item.guardian
    item.ended = False
    item.holder = holder.id
    event = Event(events.RELATIVE_ADDED, actor, data={"consented": int(item.consented)})
    writes: list[tables.Write] = [changes.record(item, event)]
    if found is None:
        writes.append(tables.Put(store.new_relation_number(item), tables.absent(store.RelativeNumberItem)))
    tables.write_or_conflict(*writes)
    return item


def _stands(item: RelativeItem) -> bool:
    """Whether the consent holds today; a guardian's ends when the child is 14."""
    if item.ended or not item.consented:
        return False
    if not item.guardian:
        return True
    return rules.is_child(identities.birth_date(item), clock.today())


def consent_stands(relative_id: str) -> bool:
    """Whether a relative still consents to being booked for."""
    item = store.relative(relative_id)
    return item is not None and _stands(item)


def _is_guardian(guardian_index: str, child: Identity) -> bool:
    return rules.is_child(child.born, clock.today()) and is_guardian(guardian_index, child.number)


def is_holder(actor: Actor, item: RelativeItem) -> bool:
    """Whether the caller is the one who books: the person, with whichever account."""
    return canonical(actor.id).id_index == item.holder_index


def is_relative(actor: Actor, item: RelativeItem) -> bool:
    """Whether the caller is the one for whom is booked."""
    return canonical(actor.id).id_index == item.relative_index


def give_consent(actor: Actor, item: RelativeItem) -> None:
    """The relative agrees; a repeat changes nothing.

    Raises ``not_found`` once the relation has ended, and ``guardian_consents`` for a child under 14.
    """
    refuse_if(item.ended, errors.NOT_FOUND)
    refuse_if(rules.is_child(identities.birth_date(item), clock.today()), rules.GUARDIAN_CONSENTS)
    if not item.consented or item.guardian:
        item.consented = True
        item.guardian = False
        tables.write_or_conflict(changes.record(item, Event(events.RELATIVE_CONSENTED, actor)))


def _end_consent(item: RelativeItem) -> None:
    """The relative's consent holds no more; for how long it held counts in own matters."""
    if item.consented:
        item.consented_until = clock.today()
    item.consented = False


def end_relation(actor: Actor, item: RelativeItem) -> None:
    """Either of the two ends it: nothing can be booked any more; what is booked stays. Names are kept no longer."""
    _end_consent(item)
    item.ended = True
    item.name = store.seal(item, "name", "")
    item.id_number = store.seal(item, "id_number", "")
    item.born = None
    item.holder_name = store.seal(item, "holder_name", "")
    tables.write_or_conflict(changes.record(item, Event(events.RELATIVE_ENDED, actor)))


def relatives_of(actor: Actor) -> tuple[list[RelativeItem], list[RelativeItem]]:
    """The caller's relatives, and those who want to book for the caller."""
    index = canonical(actor.id).id_index or ""
    return store.relatives_of(index), store.asking(index)


def masked_name(item: RelativeItem, attribute: str) -> str:
    return vault.mask_name(store.unseal(item, attribute))
