"""How an applicant wants the result, and what the decision writes for it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Carrier, DeliveryRules, Text
from chalicelib.catalog.definition import Item as ServiceEntry
from chalicelib.delivery import rules, store
from chalicelib.delivery.store import Address, Choice, Result, ResultItem
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import tables, worker
from chalicelib.platforms import carrier as companies

_GRAMS_OF_ENVELOPE = 30
_GRAMS_OF_RESULT = 50


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks for: a mode, a hall to pick up at, an address of the book, who pays the postage."""

    mode: str
    hall: str = ""
    address: str = ""
    postage: str = "prepaid"


def city_rules() -> DeliveryRules:
    """The city's rules of delivery; raises ``no_carrier`` in a city that posts nothing."""
    found = catalog.release().city.delivery
    if found is None:
        raise rules.NO_CARRIER()
    return found


def carrier_for(division: str) -> Carrier:
    """The first carrier that goes to a division; raises ``no_carrier``."""
    for carrier in city_rules().carriers:
        if any(division.startswith(region) for region in carrier.regions):
            return carrier
    raise rules.NO_CARRIER()


def carrier(code: str) -> Carrier | None:
    """A carrier by its code; None for one that the city no longer has."""
    found = catalog.release().city.delivery
    return next(filter(lambda one: one.code == code, found.carriers), None) if found else None


def grams(results: int) -> int:
    """What an envelope with so many results weighs."""
    return _GRAMS_OF_ENVELOPE + _GRAMS_OF_RESULT * results


def postage(carrier: Carrier, division: str) -> int:
    """What a parcel to a division costs, in fen; a company behind an API is asked where the city has no price.

    Raises ``platform_unavailable``.
    """
    if carrier.postage is not None:
        return carrier.postage
    return companies.fee(division, grams(1))


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Who goes to a division, for how much (fen), in how many working days, and whether one may pay at the door."""

    carrier: Text
    postage: int
    days: int
    on_delivery: bool


def quote(division: str) -> Quote:
    """What posting to a division would cost; raises ``no_carrier`` or ``platform_unavailable``."""
    refuse_if(not catalog.division(division), rules.NO_CARRIER)
    found = carrier_for(division)
    return Quote(
        carrier=found.name, postage=postage(found, division), days=found.days, on_delivery=found.cash_on_delivery
    )


def choose(actor: Actor, entry: ServiceEntry, party: str, wish: Wish) -> Choice:
    """The applicant's choice, with address and phone as they are now.

    Raises ``delivery_mode_not_offered``, ``hall_does_not_hand_out``, ``address_unknown``, ``no_carrier`` or
    ``cash_on_delivery_not_offered``.
    """
    refuse_if(wish.mode not in entry.modes, rules.MODE_NOT_OFFERED, modes=", ".join(entry.modes))
    if wish.mode == rules.ELECTRONIC:
        return Choice(mode=rules.ELECTRONIC)
    halls = [hall.code for hall in catalog.halls(entry.code)]
    if wish.mode == rules.PICK_UP:
        refuse_if(wish.hall not in halls, rules.HALL_NOT_POSSIBLE)
        return Choice(mode=rules.PICK_UP, hall=wish.hall, address=_contact(actor))
    address = of_book(party, wish.address)
    check_postage(address, wish.postage)
    return Choice(mode=rules.COURIER, hall=station_of(entry.code), address=address, postage=wish.postage)


def station_of(service: str) -> str:
    """The hall from which results of a service are posted; raises ``no_carrier`` where there is none."""
    halls = {hall.code for hall in catalog.halls(service)}
    found = next((station for station in city_rules().stations if station in halls), None)
    if found is None:
        raise rules.NO_CARRIER()
    return found


def _contact(actor: Actor) -> Address:
    """Who comes to the counter: the person's name, with the phone number (or the ID number's end) that proves it."""
    contact = identity.contact(actor.id)
    return Address(recipient=contact.name, phone=contact.phone or contact.id_number[-4:], division="", detail="")


def of_book(party: str, address_id: str) -> Address:
    """An address of the party's book; raises ``address_unknown``."""
    item = store.address(party, address_id) if address_id else None
    if item is None:
        raise rules.ADDRESS_UNKNOWN()
    return store.address_of(item)


def check_postage(address: Address, postage: str) -> None:
    """Raise ``no_carrier``, or ``cash_on_delivery_not_offered`` by the carrier that goes there."""
    found = carrier_for(address.division)
    refuse_if(postage == "on_delivery" and not found.cash_on_delivery, rules.NOT_ON_DELIVERY)


def prepare(result: Result, party: str, party_kind: str, handler: str, choice: Choice) -> list[tables.Write]:
    """What a decision writes so that its result reaches its recipient; nothing for an electronic one."""
    if choice.mode == rules.ELECTRONIC:
        return []
    item = ResultItem(
        f"RESULT#{result.application_id}",
        application_id=result.application_id,
        service=result.service,
        title=result.title,
        receipt=result.receipt,
        certificate_id=result.certificate_id,
        party=party,
        party_kind=party_kind,
        handler=handler,
        version=1,
    )
    item.choice = store.seal(item, "choice", choice)
    return [tables.Put(worker.wake(item), tables.absent(ResultItem))]


def shipment_of(application_id: str) -> str:
    """The parcel that an application's result is in; empty while it is in none."""
    item = store.result(application_id)
    return (item.shipment or "") if item else ""
