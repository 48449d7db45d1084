"""The courier's endpoints: what may be taken, what is in the bag, the door, the day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.delivery import rules, service, store
from chalicelib.delivery.routes import views
from chalicelib.delivery.routes.shapes import CARRIED, concerns
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery, Money, View

COURIER = Access(staff=("courier",))
DOOR_LIMIT = Limit(name="delivery_door", times=20, seconds=900, failures_only=True)


def _may_take(actor: Actor, item: ShipmentItem) -> bool:
    """A parcel of the courier's company that is offered, or was a moment ago, or that the courier carries."""
    return actor.unit == item.carrier and (
        item.status == rules.OFFERED or item.courier == actor.id or item.status == rules.ACCEPTED
    )


def _carries_now(actor: Actor, item: ShipmentItem) -> bool:
    return item.courier == actor.id and item.status in rules.WITH_CARRIER


OFFERED = Access(
    staff=("courier",),
    target=store.shipment,
    related=_may_take,
    relation="courier of the parcel's carrier",
    own=concerns,
)
ON_THE_WAY = Access(
    staff=("courier",),
    target=store.shipment,
    related=_carries_now,
    relation="courier who carries it now",
    own=concerns,
)


class OfferQuery(msgspec.Struct, forbid_unknown_fields=True):
    """At which hall; ``route`` begins the division code of the addresses (for example a district)."""

    hall: Annotated[str, Meta(min_length=3, max_length=40)]
    route: Annotated[str, Meta(pattern=r"^[0-9]{0,6}$")] = ""
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class EndedQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day; today without one."""

    day: date | None = None
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class SignatureInput(msgspec.Struct, forbid_unknown_fields=True):
    """Who signed, and the drawn lines: points of 0 to 1000 each way."""

    signer: Literal["recipient", "family", "reception"]
    strokes: Annotated[
        list[Annotated[list[Annotated[list[int], Meta(min_length=2, max_length=2)]], Meta(max_length=400)]],
        Meta(min_length=1, max_length=40),
    ]


class LeftWith(msgspec.Struct, forbid_unknown_fields=True):
    """With whom or where the parcel was left, and the name or the place in words."""

    who: Literal["family", "neighbour", "reception", "locker"]
    name: Annotated[str, Meta(min_length=1, max_length=60)]


class DeliveryInput(msgspec.Struct, forbid_unknown_fields=True):
    """One of: the recipient's ``code``, what the recipient's ``screen`` shows, the ``id_number`` of their document at
    the door, or with whom it was ``left_with``. ``signature`` is an addition; ``collected``: fen taken at the door.
    """

    code: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""
    screen: Annotated[str, Meta(max_length=400)] = ""
    id_number: Annotated[str, Meta(max_length=24)] = ""
    left_with: LeftWith | None = None
    signature: SignatureInput | None = None
    collected: Annotated[int, Meta(ge=0, le=1_000_000)] = 0

    def read(self) -> service.couriers.DoorProof:
        signature = self.signature
        return service.couriers.DoorProof(
            code=self.code,
            screen=self.screen,
            id_number=self.id_number,
            left_with=self.left_with.who if self.left_with else "",
            left_name=self.left_with.name if self.left_with else "",
            signature=service.couriers.Signature(signature.signer, signature.strokes) if signature else None,
            collected=self.collected,
        )


class FailureInput(msgspec.Struct, forbid_unknown_fields=True):
    """Why it did not work, and when the next attempt is (None: it goes back to the hall)."""

    reason: Literal["absent", "refused", "address_wrong", "unreachable", "other"]
    next_try: date | None = None


class Departed(msgspec.Struct, frozen=True):
    """How many parcels are in transit from now on."""

    parcels: int


class DayList(View, frozen=True, kw_only=True):
    """What the courier brought to its end on a day, and fen taken at doors (of this part of the list)."""

    day: date
    items: list[views.CourierTask]
    collected: Money
    cursor: str | None = None


@endpoint("GET", "/v1/courier/offers", COURIER)
def list_offers(actor: Actor, query: OfferQuery) -> views.CourierTaskList:
    """Parcels of the courier's company to be taken at a hall, in the order of their divisions."""
    page = service.couriers.offered(query.hall, query.route, query.cursor)
    mine = [views.task(item) for item in page.items if item.carrier == actor.unit]
    return views.CourierTaskList(mine, page.cursor)


@endpoint("GET", "/v1/courier/parcels", COURIER)
def list_carried(actor: Actor, query: ListQuery) -> views.CourierTaskList:
    """What the courier has accepted and not brought to its end."""
    page = service.couriers.in_hand(actor, query.cursor)
    return views.CourierTaskList([views.task(item) for item in page.items], page.cursor)


@endpoint("GET", "/v1/courier/day", COURIER)
def read_courier_day(actor: Actor, query: EndedQuery) -> DayList:
    """What the courier brought to its end on a day."""
    day = query.day or clock.today()
    page = service.couriers.ended_on(actor, day, query.cursor)
    taken = sum(
        item.postage
        for item in page.items
        if item.postage_by == "on_delivery" and item.proof_kind in service.couriers.AT_THE_DOOR
    )
    return DayList(day=day, items=[views.task(item) for item in page.items], collected=Money(taken), cursor=page.cursor)


@endpoint("POST", "/v1/courier/depart", COURIER, errors=[errors.CONFLICT])
def depart(actor: Actor) -> Departed:
    """Leave the hall with everything that was handed over."""
    return Departed(service.couriers.depart(actor))


@endpoint("GET", "/v1/shipments/{shipment_id}/door", ON_THE_WAY)
def read_door(actor: Actor, target: ShipmentItem) -> views.DoorView:
    """The address in clear; that it was looked at is recorded first."""
    store.record_readings([target], actor)
    return views.door(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/accept",
    OFFERED,
    errors=[rules.SHIPMENT_TAKEN, rules.PARCEL_STOPPED, rules.SHIPMENT_STATE],
)
def accept_parcel(actor: Actor, target: ShipmentItem) -> views.CourierTask:
    """Take a parcel on; only one courier can."""
    service.couriers.accept(actor, target)
    return views.task(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/release", CARRIED, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def release_parcel(actor: Actor, target: ShipmentItem) -> views.CourierTask:
    """Give a parcel back that was not handed over yet."""
    service.couriers.release(actor, target)
    return views.task(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/deliver",
    CARRIED,
    errors=[
        rules.SHIPMENT_STATE,
        rules.PROOF_NEEDED,
        rules.CODE_WRONG,
        rules.CODE_LOCKED,
        rules.SCREEN_INVALID,
        rules.CARD_DIFFERS,
        rules.LEAVING_REFUSED,
        rules.PARCEL_STOPPED,
        rules.POSTAGE_DIFFERS,
        errors.CONFLICT,
    ],
    limit=DOOR_LIMIT,
)
def deliver_parcel(actor: Actor, target: ShipmentItem, body: DeliveryInput) -> views.CourierTask:
    """Hand the parcel to its recipient, who proves that it is they; or leave it with somebody."""
    service.couriers.deliver(actor, target, body.read())
    return views.task(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/fail",
    CARRIED,
    errors=[rules.SHIPMENT_STATE, rules.NO_MORE_TRIES, errors.CONFLICT],
)
def fail_delivery(actor: Actor, target: ShipmentItem, body: FailureInput) -> views.CourierTask:
    """The recipient did not get the parcel: why, and when it is tried again."""
    service.couriers.fail(actor, target, body.reason, body.next_try)
    return views.task(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/retry",
    CARRIED,
    errors=[rules.SHIPMENT_STATE, rules.NO_MORE_TRIES, errors.CONFLICT],
)
def retry_delivery(actor: Actor, target: ShipmentItem) -> views.CourierTask:
    """On the way to the recipient again."""
    service.couriers.retry(actor, target)
    return views.task(target)
