"""What the endpoints of delivery show: the recipient everything, the hall what it packs, the courier the door."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.delivery import rules, service, store
from chalicelib.delivery.store import Address, HandoverItem, ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import Instant, Money, View, given, one_of
from chalicelib.kernel.events import changes, history
from chalicelib.kernel.security import vault

ParcelStatus = Annotated[str, one_of(rules.SHIPMENTS.states)]
HandoverStatus = Annotated[str, one_of(rules.HANDOVERS.states)]
Direction = Annotated[str, one_of((rules.OUT, rules.IN))]
Mode = Annotated[str, one_of((rules.ELECTRONIC, rules.PICK_UP, rules.COURIER))]
HandoverKind = Annotated[str, one_of((rules.DISPATCH, rules.RETURN, rules.COLLECTION))]


class ResultView(View, frozen=True, kw_only=True):
    """A result in a parcel."""

    application_id: str
    title: str
    receipt: str
    printed: bool


class AddressView(View, frozen=True, kw_only=True):
    """An address, the phone number masked; ``place`` is the division in words."""

    recipient: str
    phone: str
    division: str
    place: str
    detail: str
    hint: str
    id: str | None = None


class ScanView(View, frozen=True):
    """A report of the carrier."""

    state: ParcelStatus
    at: Instant
    note: str


class ParcelView(View, frozen=True, kw_only=True):
    """A parcel as its recipient sees it.

    ``code`` opens it at the counter or proves delivery at the door, and ``qr`` says the same to a scanner; both are
    absent while there is nothing to prove. ``handover``: the courier is at the door and wants to scan. ``dispute_by``:
    until when the recipient may say that nothing has come.
    """

    id: str
    direction: Direction
    mode: Mode
    status: ParcelStatus
    status_name: Text
    hall: str
    hall_name: Text
    results: list[ResultView]
    postage: Money
    postage_by: str
    overdue: bool
    scans: list[ScanView]
    warnings: list[Text]
    carrier: Text | None = None
    waybill: str | None = None
    address: AddressView | None = None
    collector: str | None = None
    code: str | None = None
    qr: str | None = None
    handover: str | None = None
    bill: str | None = None
    promised_by: date | None = None
    next_try: date | None = None
    proof: Annotated[str, one_of(service.couriers.PROOFS)] | None = None
    dispute_by: date | None = None
    replaced_by: str | None = None


class ParcelRow(View, frozen=True, kw_only=True):
    """A parcel in the recipient's list."""

    id: str
    direction: Direction
    mode: Mode
    status: ParcelStatus
    status_name: Text
    titles: list[str]
    warnings: list[Text]
    promised_by: date | None = None


class ParcelList(View, frozen=True):
    """A part of a list of parcels."""

    items: list[ParcelRow]
    cursor: str | None = None


class DeskRow(View, frozen=True, kw_only=True):
    """A parcel at a desk of the hall: names and phone numbers are masked."""

    id: str
    direction: Direction
    mode: Mode
    status: ParcelStatus
    status_name: Text
    results: list[ResultView]
    overdue: bool
    warnings: list[Text]
    recipient: str | None = None
    place: str | None = None
    carrier: str | None = None
    courier: str | None = None
    promised_by: date | None = None


class DeskList(View, frozen=True):
    """A part of the parcels at a desk."""

    items: list[DeskRow]
    cursor: str | None = None


class CourierTask(View, frozen=True, kw_only=True):
    """A parcel as a courier sees it before and while carrying it; nothing of what is in it."""

    id: str
    direction: Direction
    status: ParcelStatus
    status_name: Text
    hall: str
    division: str
    place: str
    recipient: str
    phone: str
    collect: Money
    overdue: bool
    tries: int
    warnings: list[Text]
    relay: str | None = None
    promised_by: date | None = None
    next_try: date | None = None


class CourierTaskList(View, frozen=True):
    """A part of a courier's list."""

    items: list[CourierTask]
    cursor: str | None = None


class DoorView(View, frozen=True, kw_only=True):
    """Where the courier has to go: the address in clear, and what helps to find it."""

    task: CourierTask
    address: str
    hint: str
    hall_address: Text


class HandoverView(View, frozen=True, kw_only=True):
    """A hand-over as one side sees it; ``code`` is what this side shows to the other, ``side`` which it is."""

    id: str
    kind: HandoverKind
    hall: str
    status: HandoverStatus
    status_name: Text
    side: Annotated[str, one_of(("giver", "taker"))]
    shipments: list[str]
    until: Instant
    code: str | None = None


class ParcelTimelineEntry(View, frozen=True):
    """One thing that happened to a parcel."""

    type: str
    at: Instant


def state_name(status: str) -> Text:
    return Text(rules.SHIPMENTS.words[status], status.replace("_", " "))


def place(division: str) -> str:
    """A division in words; empty for none."""
    return "".join(catalog.division(division)) if division else ""


def address(address_id: str | None, content: Address) -> AddressView:
    return AddressView(
        id=address_id,
        recipient=content.recipient,
        phone=vault.mask_phone(content.phone),
        division=content.division,
        place=place(content.division),
        detail=content.detail,
        hint=content.hint,
    )


def results(item: ShipmentItem) -> list[ResultView]:
    return [
        ResultView(application_id=one.application_id, title=one.title, receipt=one.receipt, printed=one.printed)
        for one in item.results
    ]


def parcel(item: ShipmentItem) -> ParcelView:
    kept = store.private(item)
    carrier = service.choices.carrier(item.carrier)
    counter = item.status == rules.READY and item.mode == rules.PICK_UP
    proving = counter or item.status in (*rules.ON_THE_WAY, rules.ACCEPTED)
    return ParcelView(
        id=item.id,
        direction=item.direction,
        mode=item.mode,
        status=item.status,
        status_name=state_name(item.status),
        hall=item.hall,
        hall_name=catalog.known_hall(item.hall).name,
        carrier=carrier.name if carrier else None,
        waybill=item.waybill,
        results=results(item),
        address=address(None, kept.address) if kept.address and kept.address.division else None,
        collector=vault.mask_name(kept.collector.name) if kept.collector else None,
        code=service.transitions.code(item) if proving and item.direction == rules.OUT else None,
        qr=service.counter.qr_text(item) if counter else None,
        handover=item.handover,
        postage=Money(item.postage),
        postage_by=item.postage_by,
        bill=item.bill,
        promised_by=item.promised_by,
        overdue=item.overdue,
        next_try=item.next_try,
        proof=item.proof_kind,
        dispute_by=service.contests.last_day(item),
        replaced_by=item.replaced_by,
        scans=[ScanView(scan.state, clock.local(scan.at), scan.note) for scan in item.scans],
        warnings=day_warnings(item),
    )


def day_warnings(item: ShipmentItem) -> list[Text]:
    """What is uncertain about the days of a parcel."""
    return catalog.calendar_warnings(item.promised_by, item.next_try)


def row(item: ShipmentItem) -> ParcelRow:
    return ParcelRow(
        id=item.id,
        direction=item.direction,
        mode=item.mode,
        status=item.status,
        status_name=state_name(item.status),
        titles=[result.title for result in item.results],
        promised_by=item.promised_by,
        warnings=day_warnings(item),
    )


def desk_row(item: ShipmentItem) -> DeskRow:
    kept = store.private(item)
    return DeskRow(
        id=item.id,
        direction=item.direction,
        mode=item.mode,
        status=item.status,
        status_name=state_name(item.status),
        recipient=rules.name_initial(kept.address.recipient) if kept.address else None,
        place=given(place(item.division)),
        carrier=given(item.carrier),
        courier=item.courier,
        results=results(item),
        promised_by=item.promised_by,
        overdue=item.overdue,
        warnings=day_warnings(item),
    )


def task(item: ShipmentItem) -> CourierTask:
    # a parcel of the past has no address any more once its recipient's account was closed
    content = store.private(item).address
    carrier = service.choices.carrier(item.carrier)
    return CourierTask(
        id=item.id,
        direction=item.direction,
        status=item.status,
        status_name=state_name(item.status),
        hall=item.hall,
        division=item.division,
        place=place(item.division),
        recipient=rules.name_initial(content.recipient) if content else "",
        phone=vault.mask_phone(content.phone) if content else "",
        relay=(carrier.relay or None) if carrier else None,
        collect=Money(item.postage if item.postage_by == "on_delivery" else 0),
        promised_by=item.promised_by,
        overdue=item.overdue,
        tries=item.tries,
        next_try=item.next_try,
        warnings=day_warnings(item),
    )


def door(item: ShipmentItem) -> DoorView:
    content = store.private(item).address
    assert content is not None
    return DoorView(
        task=task(item),
        address=place(content.division) + content.detail,
        hint=content.hint,
        hall_address=catalog.known_hall(item.hall).address,
    )


def handover(side: str, item: HandoverItem, code: str) -> HandoverView:
    words = Text(rules.HANDOVERS.words[item.status], item.status)
    return HandoverView(
        id=item.id,
        kind=item.kind,
        hall=item.hall,
        status=item.status,
        status_name=words,
        side=side,
        shipments=item.shipments,
        code=given(code),
        until=clock.local(item.until),
    )


def timeline(item: ShipmentItem) -> list[ParcelTimelineEntry]:
    recorded = history.timeline(item.subject, item.version, changes.decode(item.changes))
    return [ParcelTimelineEntry(change.type, clock.local(change.at)) for change in recorded]
