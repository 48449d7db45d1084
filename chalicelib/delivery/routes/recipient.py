"""The recipient's endpoints: the address book, and parcels on their way."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.delivery import rules, service, store
from chalicelib.delivery.routes import views
from chalicelib.delivery.store import Address, ShipmentItem
from chalicelib.identity import rules as identity_rules
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery, Reason
from chalicelib.payments import rules as payment_rules

PERSON = Access(person=Level.PROVEN)


ADDRESS_ERRORS = [rules.ADDRESS_INVALID, errors.MANDATE_DOES_NOT_COVER]


def _book_of(actor: Actor) -> str:
    """Whose address book the caller uses; raises ``mandate_does_not_cover`` for who acts in some services only."""
    if actor.is_narrow_agent:
        raise errors.MANDATE_DOES_NOT_COVER()
    return actor.parties[0]


_CODE_LIMIT = Limit(name="delivery_code", times=10, seconds=3600)
_QUOTE_LIMIT = Limit(name="postage", times=60, seconds=300)


def _receives(actor: Actor, item: ShipmentItem) -> bool:
    return actor.kind == "person" and actor.holds(item.party) and all(map(actor.covers, item.service_codes))


OWN = Access(person=Level.PROVEN, target=store.shipment, related=_receives, relation="recipient")


class AddressInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An address: ``division`` by its six digits, down to the county; ``hint`` helps to find the door."""

    recipient: Annotated[str, Meta(min_length=1, max_length=100)]
    phone: Annotated[str, Meta(min_length=7, max_length=20)]
    division: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    detail: Annotated[str, Meta(min_length=4, max_length=120)]
    hint: Annotated[str, Meta(max_length=60)] = ""

    @property
    def content(self) -> Address:
        return Address(
            recipient=self.recipient, phone=self.phone, division=self.division, detail=self.detail, hint=self.hint
        )


class AddressList(msgspec.Struct, frozen=True):
    """The address book."""

    items: list[views.AddressView]


class Removed(msgspec.Struct, frozen=True):
    """It is gone."""

    done: bool = True


class CollectorInput(msgspec.Struct, forbid_unknown_fields=True):
    """Who may collect the parcel instead of its recipient; both empty: nobody any more."""

    name: Annotated[str, Meta(max_length=60)]
    id_number: Annotated[str, Meta(max_length=24)]


class Destination(msgspec.Struct, forbid_unknown_fields=True):
    """Where a parcel that has not left, or came back, shall go: the hall's counter, or an address."""

    mode: Literal["pick_up", "courier"]
    address: Annotated[str, Meta(max_length=40)] = ""


class DivisionQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A division by its six digits, down to the county."""

    division: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class ParcelTimeline(msgspec.Struct, frozen=True):
    """Everything that happened to a parcel."""

    entries: list[views.ParcelTimelineEntry]


@endpoint("GET", "/v1/shipments/{shipment_id}/screen", OWN, errors=[rules.SHIPMENT_STATE])
def read_screen(target: ShipmentItem) -> service.couriers.ScreenCode:
    """What to show full screen to a courier's scanner, for five minutes; it is never locked, and needs no digits."""
    return service.couriers.screen_code(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/dispute",
    OWN,
    errors=[rules.SHIPMENT_STATE, rules.DISPUTE_OVER, errors.CONFLICT],
)
def dispute_delivery(actor: Actor, target: ShipmentItem, body: Reason) -> views.ParcelView:
    """Say that a parcel which counts as delivered has not come; a supervisor of the hall looks into it."""
    service.contests.dispute(actor, target, body.reason)
    return views.parcel(target)


@endpoint("GET", "/v1/addresses", PERSON, errors=[errors.MANDATE_DOES_NOT_COVER])
def list_addresses(actor: Actor) -> AddressList:
    """The caller's address book, or that of the enterprise acted for."""
    items = store.addresses(_book_of(actor))
    return AddressList([views.address(item.id, store.address_of(item)) for item in items])


@endpoint(
    "POST",
    "/v1/addresses",
    PERSON,
    status=201,
    idempotent=True,
    errors=[*ADDRESS_ERRORS, rules.ADDRESS_BOOK_FULL],
)
def add_address(actor: Actor, body: AddressInput, request: Request) -> views.AddressView:
    """Keep an address."""
    item = service.addresses.add(_book_of(actor), body.content, request.key)
    return views.address(item.id, body.content)


@endpoint(
    "PUT",
    "/v1/addresses/{address_id}",
    PERSON,
    errors=[*ADDRESS_ERRORS, rules.ADDRESS_UNKNOWN],
)
def change_address(actor: Actor, address_id: str, body: AddressInput) -> views.AddressView:
    """Change an address; parcels on their way keep the one that they had."""
    item = service.addresses.change(_book_of(actor), address_id, body.content)
    return views.address(item.id, body.content)


@endpoint("DELETE", "/v1/addresses/{address_id}", PERSON, errors=[errors.MANDATE_DOES_NOT_COVER])
def remove_address(actor: Actor, address_id: str) -> Removed:
    """Remove an address from the book."""
    service.addresses.remove(_book_of(actor), address_id)
    return Removed()


@endpoint("GET", "/v1/postage", PERSON, errors=[rules.NO_CARRIER, errors.PLATFORM_UNAVAILABLE], limit=_QUOTE_LIMIT)
def quote_postage(query: DivisionQuery) -> service.choices.Quote:
    """What posting to a division would cost, before one chooses it."""
    return service.choices.quote(query.division)


@endpoint("GET", "/v1/shipments", PERSON)
def list_shipments(actor: Actor, query: ListQuery) -> views.ParcelList:
    """The caller's parcels, the newest first."""
    page = store.shipments_of(actor.parties[0], query.cursor)
    items = [found for ref in page.items if (found := store.shipment(ref.shipment))]
    return views.ParcelList([views.row(item) for item in items if _receives(actor, item)], page.cursor)


@endpoint("GET", "/v1/shipments/{shipment_id}", OWN)
def read_shipment(target: ShipmentItem) -> views.ParcelView:
    """A parcel: where it is, by when it is promised, and the code that opens it."""
    return views.parcel(target)


@endpoint("GET", "/v1/shipments/{shipment_id}/timeline", OWN)
def read_shipment_timeline(target: ShipmentItem) -> ParcelTimeline:
    """Everything that happened to a parcel."""
    return ParcelTimeline(views.timeline(target))


@endpoint(
    "PUT",
    "/v1/shipments/{shipment_id}/collector",
    OWN,
    errors=[identity_rules.ID_NUMBER_INVALID, rules.TOO_LATE_TO_CHANGE, errors.CONFLICT],
)
def name_collector(actor: Actor, target: ShipmentItem, body: CollectorInput) -> views.ParcelView:
    """Let somebody else collect the parcel with the code; their ID card is checked at the counter."""
    service.counter.name_collector(actor, target, body.name, body.id_number)
    return views.parcel(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/code",
    OWN,
    errors=[rules.TOO_LATE_TO_CHANGE, errors.CONFLICT],
    limit=_CODE_LIMIT,
)
def renew_code(actor: Actor, target: ShipmentItem) -> views.ParcelView:
    """A new code, for example because the old one was locked by wrong tries; the old one is void."""
    service.counter.new_code(actor, target)
    return views.parcel(target)


@endpoint(
    "PUT",
    "/v1/shipments/{shipment_id}/destination",
    OWN,
    errors=[
        rules.TOO_LATE_TO_CHANGE,
        rules.ADDRESS_UNKNOWN,
        rules.NO_CARRIER,
        rules.CARRIER_DIFFERS,
        rules.SHIPMENT_STATE,
        rules.NOT_ALL_PRINTED,
        payment_rules.ALREADY_PAID,
        payment_rules.OTHER_PAYMENT_OPEN,
        errors.CONFLICT,
    ],
)
def change_destination(actor: Actor, target: ShipmentItem, body: Destination) -> views.ParcelView:
    """Send a parcel that has not left, or came back, elsewhere: to the counter or to another address."""
    service.destinations.redirect(actor, target, body.mode, body.address)
    return views.parcel(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/cancel", OWN, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def cancel_collection(actor: Actor, target: ShipmentItem) -> views.ParcelView:
    """Call off the collection of originals while no courier has accepted it."""
    service.originals.cancel(actor, target)
    return views.parcel(target)
