"""Hand-overs: opened by one side, confirmed by both."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.delivery import rules, service, store
from chalicelib.delivery.routes import views
from chalicelib.delivery.routes.shapes import CARRIED
from chalicelib.delivery.store import HandoverItem, ShipmentItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit

_SCAN_LIMIT = Limit(name="handover_code", times=30, seconds=900, failures_only=True)
CLERK = Access(staff=("officer",), target=catalog.find_hall, related=catalog.works_at, relation="clerk of the hall")
SIDE = Access(
    person=Level.PROVEN,
    staff=("officer", "courier"),
    target=store.handover,
    related=service.handovers.is_side,
    relation="giver or taker of the hand-over",
)


class HandoverInput(msgspec.Struct, forbid_unknown_fields=True):
    """``dispatch``: the hall gives to the courier; ``return``: it takes back. No ``shipments``: all."""

    kind: Literal["dispatch", "return"]
    courier: Annotated[str, Meta(min_length=1, max_length=64)]
    shipments: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=rules.MOST_IN_HANDOVER)] = []


class ScanInput(msgspec.Struct, forbid_unknown_fields=True):
    """What was scanned from the other side's screen."""

    code: Annotated[str, Meta(min_length=1, max_length=600)]


def _view(actor: Actor, item: HandoverItem) -> views.HandoverView:
    live = item.status not in (rules.DONE, rules.CANCELLED)
    return views.handover(
        service.handovers.side_of(actor, item), item, service.handovers.show(actor, item) if live else ""
    )


@endpoint(
    "POST",
    "/v1/halls/{hall}/handovers",
    CLERK,
    status=201,
    idempotent=True,
    errors=[rules.PARCEL_GONE, rules.PARCEL_STOPPED],
)
def open_handover(actor: Actor, target: Hall, body: HandoverInput, request: Request) -> views.HandoverView:
    """Begin to hand over to a courier, or to take back; the answer holds the code for the clerk's screen."""
    opening = service.handovers.dispatch if body.kind == rules.DISPATCH else service.handovers.take_back
    return _view(actor, opening(actor, target.code, body.courier, body.shipments, request.key))


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/handovers",
    CARRIED,
    status=201,
    idempotent=True,
    errors=[rules.SHIPMENT_STATE, errors.CONFLICT],
)
def open_collection(actor: Actor, target: ShipmentItem, request: Request) -> views.HandoverView:
    """The courier is at the citizen's door to collect originals."""
    return _view(actor, service.handovers.collect(actor, target, request.key))


@endpoint("GET", "/v1/handovers/{handover_id}", SIDE)
def read_handover(actor: Actor, target: HandoverItem) -> views.HandoverView:
    """The hand-over, with the code that the caller's side shows to the other; a fresh one each time."""
    return _view(actor, target)


@endpoint(
    "POST",
    "/v1/handovers/{handover_id}/confirm",
    SIDE,
    errors=[rules.HANDOVER_CODE_WRONG, rules.HANDOVER_STATE, rules.PARCEL_GONE, errors.CONFLICT],
    limit=_SCAN_LIMIT,
)
def confirm_handover(actor: Actor, target: HandoverItem, body: ScanInput) -> views.HandoverView:
    """The caller has scanned the other side's code; when both have, the parcels change hands."""
    return _view(actor, service.handovers.confirm(actor, target, body.code))


@endpoint("POST", "/v1/handovers/{handover_id}/cancel", SIDE, errors=[rules.HANDOVER_STATE, errors.CONFLICT])
def cancel_handover(actor: Actor, target: HandoverItem) -> views.HandoverView:
    """Give a hand-over up that is not done."""
    return _view(actor, service.handovers.cancel(actor, target))
