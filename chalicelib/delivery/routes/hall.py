"""The hall's endpoints: packing, labels, the counter, what came back, what is lost."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.certificates import rules as certificate_rules
from chalicelib.certificates.service import PrintLink
from chalicelib.delivery import rules, service, store
from chalicelib.delivery.routes import views
from chalicelib.delivery.routes.shapes import concerns
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import OWN_ERRORS, Access, Actor
from chalicelib.kernel.edge.documents import DocumentLink
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.payments import rules as payment_rules

COUNTER_LIMIT = Limit(name="pick_up_terminal", times=10, seconds=900, failures_only=True)
Desk = Literal["pack", "unpaid", "ready", "offered", "carrier", "courier", "returned", "lost", "disputed"]
ShipmentIds = Annotated[
    list[Annotated[str, Meta(max_length=40)]], Meta(min_length=1, max_length=rules.MOST_IN_HANDOVER)
]


def _of_hall(actor: Actor, item: ShipmentItem) -> bool:
    hall = catalog.find_hall(item.hall)
    return hall is not None and catalog.works_at(actor, hall)


HALL = Access(
    staff=("officer", "supervisor"), target=catalog.find_hall, related=catalog.works_at, relation="staff of the hall"
)
COUNTER = Access(
    staff=("officer", "kiosk"),
    target=catalog.find_hall,
    related=catalog.works_at,
    relation="counter or kiosk of the hall",
)
HERE = Access(
    staff=("officer",), target=store.shipment, related=_of_hall, relation="clerk of the parcel's hall", own=concerns
)
HEAD = Access(
    staff=("supervisor",),
    target=store.shipment,
    related=_of_hall,
    relation="supervisor of the parcel's hall",
    own=concerns,
)


class DeskQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which desk of the hall (``courier``: what that ``courier`` has), and where the next part of its list begins."""

    desk: Desk
    courier: Annotated[str, Meta(max_length=64)] = ""
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class ResultInput(msgspec.Struct, forbid_unknown_fields=True):
    """Which of the parcel's results."""

    application_id: Annotated[str, Meta(min_length=10, max_length=40)]


class RemovalInput(msgspec.Struct, forbid_unknown_fields=True):
    """Which of the parcel's results cannot be sent, and why."""

    application_id: Annotated[str, Meta(min_length=10, max_length=40)]
    reason: Annotated[str, Meta(min_length=4, max_length=500)]


class LabelsInput(msgspec.Struct, forbid_unknown_fields=True):
    """For which parcels, on which paper: ``label`` (100 x 150 mm) or ``a4`` (four on a sheet)."""

    shipments: ShipmentIds
    paper: Literal["label", "a4"] = "label"


class PickUp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Either the scanned QR, or the typed code with the last four characters of the phone number.

    ``id_number``: of the person who is here, where the recipient named somebody to collect it.
    """

    qr: Annotated[str, Meta(max_length=80)] = ""
    code: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""
    phone_last4: Annotated[str, Meta(pattern=r"^([0-9]{3}[0-9Xx])?$")] = ""
    id_number: Annotated[str, Meta(max_length=24)] = ""


class LossInput(msgspec.Struct, forbid_unknown_fields=True):
    """What happened; kept in the event log."""

    reason: Annotated[str, Meta(min_length=4, max_length=500)]


class Handed(msgspec.Struct, frozen=True):
    """What to hand out."""

    parcel: views.DeskRow


@endpoint("GET", "/v1/halls/{hall}/parcels", HALL)
def list_parcels(target: Hall, query: DeskQuery) -> views.DeskList:
    """The parcels at one desk of the hall, the longest waiting first."""
    place = query.courier if query.desk == "courier" else target.code
    page = store.desk(f"{query.desk.upper()}#{place}", query.cursor)
    return views.DeskList([views.desk_row(item) for item in page.items if item.hall == target.code], page.cursor)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/prints",
    HERE,
    errors=[
        rules.SHIPMENT_STATE,
        rules.NOT_IN_PARCEL,
        certificate_rules.NOT_PRINTABLE,
        certificate_rules.PRINTS_USED_UP,
        errors.CONFLICT,
    ],
)
def print_result(actor: Actor, target: ShipmentItem, body: ResultInput) -> PrintLink:
    """Print a result for its parcel."""
    return service.parcels.print_result(actor, target, body.application_id)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/pack",
    HERE,
    errors=[
        rules.SHIPMENT_STATE,
        rules.NOT_ALL_PRINTED,
        rules.POSTAGE_UNPAID,
        rules.PARCEL_STOPPED,
        errors.CONFLICT,
    ],
)
def pack_parcel(actor: Actor, target: ShipmentItem) -> views.DeskRow:
    """The parcel is closed: it waits at the counter, or is offered to couriers."""
    service.parcels.pack(actor, target)
    return views.desk_row(target)


@endpoint(
    "POST",
    "/v1/shipments/{shipment_id}/remove",
    HERE,
    errors=[rules.SHIPMENT_STATE, rules.NOT_IN_PARCEL, payment_rules.OTHER_PAYMENT_OPEN, errors.CONFLICT],
)
def remove_result(actor: Actor, target: ShipmentItem, body: RemovalInput) -> views.DeskRow:
    """Take a result out that cannot be sent, for example because its certificate was revoked."""
    service.parcels.take_out(actor, target, body.application_id, body.reason)
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/recall", HERE, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def recall_parcel(actor: Actor, target: ShipmentItem, body: LossInput) -> views.DeskRow:
    """Take a parcel back to the desk that nobody took, whose courier does not come, or that was stopped."""
    service.parcels.recall(actor, target, body.reason)
    return views.desk_row(target)


@endpoint("POST", "/v1/halls/{hall}/labels", HALL, errors=[rules.PARCEL_GONE])
def link_labels(actor: Actor, target: Hall, body: LabelsInput) -> DocumentLink:
    """A link to labels; seeing the addresses on them is recorded first."""
    return service.parcels.labels_link(actor, target.code, body.shipments, body.paper)


@endpoint(
    "POST",
    "/v1/halls/{hall}/pick_ups",
    COUNTER,
    errors=[
        rules.CODE_WRONG,
        rules.CODE_USED,
        rules.CODE_LOCKED,
        rules.WRONG_STATION,
        rules.SHIPMENT_STATE,
        rules.COLLECTOR_NEEDED,
        rules.COLLECTOR_MISMATCH,
        rules.PARCEL_STOPPED,
        errors.CONFLICT,
        *OWN_ERRORS,
    ],
    limit=COUNTER_LIMIT,
)
def pick_up(actor: Actor, target: Hall, body: PickUp) -> Handed:
    """Hand a parcel out against its code; after ten wrong ones the terminal is locked for a while."""
    found = (
        service.counter.find_scanned(target.code, body.qr)
        if body.qr
        else service.counter.find(target.code, body.code, body.phone_last4)
    )
    return Handed(views.desk_row(service.counter.collect(actor, found, body.id_number)))


BACK_ERRORS = [rules.SHIPMENT_STATE, rules.NOT_ALL_PRINTED, errors.CONFLICT]


@endpoint("POST", "/v1/shipments/{shipment_id}/offer", HERE, errors=BACK_ERRORS)
def offer_again(actor: Actor, target: ShipmentItem) -> views.DeskRow:
    """Send a parcel out again that came back."""
    service.parcels.offer_again(actor, target)
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/keep", HERE, errors=BACK_ERRORS)
def keep_at_counter(actor: Actor, target: ShipmentItem) -> views.DeskRow:
    """Let a parcel that came back wait at the counter; its recipient gets a code."""
    service.counter.keep_here(actor, target, "clerk")
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/uphold", HEAD, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def uphold_delivery(actor: Actor, target: ShipmentItem, body: LossInput) -> views.DeskRow:
    """A disputed delivery was looked into: it had reached the recipient."""
    service.contests.uphold(actor, target, body.reason)
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/lose", HEAD, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def lose_parcel(actor: Actor, target: ShipmentItem, body: LossInput) -> views.DeskRow:
    """A parcel is lost: what was printed for it is void from now on."""
    service.losses.lose(actor, target, body.reason)
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/find", HEAD, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def find_parcel(actor: Actor, target: ShipmentItem) -> views.DeskRow:
    """A lost parcel has turned up."""
    service.losses.find(actor, target)
    return views.desk_row(target)


@endpoint("POST", "/v1/shipments/{shipment_id}/replace", HEAD, errors=[rules.SHIPMENT_STATE, errors.CONFLICT])
def replace_parcel(actor: Actor, target: ShipmentItem) -> views.DeskRow:
    """Make the results of a lost parcel again, in a new one, free of postage."""
    return views.desk_row(service.losses.replace(actor, target))


@endpoint("GET", "/v1/shipments/{shipment_id}/proof", HEAD, errors=[rules.SHIPMENT_STATE])
def read_proof(actor: Actor, target: ShipmentItem) -> service.couriers.Proof:
    """How delivery was proven, with the signature; the reading is recorded first."""
    store.record_readings([target], actor)
    found = service.couriers.proof_of(target)
    if found is None:
        raise rules.SHIPMENTS.refusal(target.status)
    return found
