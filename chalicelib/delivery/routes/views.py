"""What the endpoints of delivery show: the recipient everything, the hall what it packs, the courier the door."""

from __future__ import annotations

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.delivery import rules, service, store
from chalicelib.delivery.store import Address, HandoverItem, ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import Money
from chalicelib.kernel.events import changes, history
from chalicelib.kernel.security import vault


class ResultView(msgspec.Struct, frozen=True, kw_only=True):
    """A result in a parcel."""

    application_id: str
    title: str
    receipt: str
    printed: bool


class AddressView(msgspec.Struct, frozen=True, kw_only=True):
    """An address, the phone number masked; ``place`` is the division in words."""

    id: str
    recipient: str
    phone: str
    division: str
    place: str
    detail: str
    hint: str


class ScanView(msgspec.Struct, frozen=True):
    """A report of the carrier."""

    state: str
    at: str
    note: str


class ParcelView(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as its recipient sees it.

    ``code`` opens it at the counter or proves delivery at the door, and ``qr`` says the same to a scanner; both are
    empty while there is nothing to prove. ``handover``: the courier is at the door and wants to scan.
    """

    id: str
    direction: str
    mode: str
    status: str
    status_name: Text
    hall: str
    hall_name: Text
    carrier: Text | None
    waybill: str
    results: list[ResultView]
    address: AddressView | None
    collector: str
    code: str
    qr: str
    handover: str
    postage: Money
    postage_by: str
    bill: str
    promised_by: str
    overdue: bool
    next_try: str
    proof: str
    replaced_by: str
    scans: list[ScanView]
    warnings: list[Text]


class ParcelRow(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel in the recipient's list."""

    id: str
    direction: str
    mode: str
    status: str
    status_name: Text
    titles: list[str]
    promised_by: str
    warnings: list[Text]


class ParcelList(msgspec.Struct, frozen=True):
    """A part of a list of parcels."""

    items: list[ParcelRow]
    cursor: str | None


class DeskRow(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel at a desk of the hall: names and phone numbers are masked."""

    id: str
    direction: str
    mode: str
    status: str
    status_name: Text
    recipient: str
    place: str
    carrier: str
    courier: str
    results: list[ResultView]
    promised_by: str
    overdue: bool
    warnings: list[Text]


class DeskList(msgspec.Struct, frozen=True):
    """A part of the parcels at a desk."""

    items: list[DeskRow]
    cursor: str | None


class CourierTask(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as a courier sees it before and while carrying it; nothing of what is in it."""

    id: str
    direction: str
    status: str
    status_name: Text
    hall: str
    division: str
    place: str
    recipient: str
    phone: str
    relay: str
    collect: Money
    promised_by: str
    overdue: bool
    tries: int
    next_try: str
    warnings: list[Text]


class CourierTaskList(msgspec.Struct, frozen=True):
    """A part of a courier's list."""

    items: list[CourierTask]
    cursor: str | None


class DoorView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the courier has to go: the address in clear, and what helps to find it."""

    task: CourierTask
    address: str
    hint: str
    hall_address: Text


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over as one side sees it; ``code`` is what this side shows to the other, ``side`` which it is."""

    id: str
    kind: str
    hall: str
    status: str
    status_name: Text
    side: str
    shipments: list[str]
    code: str
    until: str


class ParcelTimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened to a parcel."""

    type: str
    at: str


def state_name(status: str) -> Text:
    return Text(rules.SHIPMENTS.words[status], status.replace("_", " "))


def place(division: str) -> str:
    """A division in words; empty for none."""
    return "".join(catalog.division(division)) if division else ""


def address(address_id: str, content: Address) -> AddressView:
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
        waybill=item.waybill or "",
        results=results(item),
        address=address("", kept.address) if kept.address and kept.address.division else None,
        collector=vault.mask_name(kept.collector.name) if kept.collector else "",
        code=service.transitions.code(item) if proving and item.direction == rules.OUT else "",
        qr=service.counter.qr_text(item) if counter else "",
        handover=item.handover or "",
        postage=Money(item.postage),
        postage_by=item.postage_by,
        bill=item.bill or "",
        promised_by=str(item.promised_by or ""),
        overdue=bool(item.overdue),
        next_try=str(item.next_try or ""),
        proof=item.proof_kind or "",
        replaced_by=item.replaced_by or "",
        scans=[ScanView(scan.state, clock.local(scan.at).isoformat(), scan.note) for scan in item.scans],
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
        promised_by=str(item.promised_by or ""),
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
        recipient=rules.name_initial(kept.address.recipient) if kept.address else "",
        place=place(item.division),
        carrier=item.carrier,
        courier=item.courier or "",
        results=results(item),
        promised_by=str(item.promised_by or ""),
        overdue=bool(item.overdue),
        warnings=day_warnings(item),
    )


def task(item: ShipmentItem) -> CourierTask:
    content = store.private(item).address
    carrier = service.choices.carrier(item.carrier)
    assert content is not None
    return CourierTask(
        id=item.id,
        direction=item.direction,
        status=item.status,
        status_name=state_name(item.status),
        hall=item.hall,
        division=item.division,
        place=place(item.division),
        recipient=rules.name_initial(content.recipient),
        phone=vault.mask_phone(content.phone),
        relay=carrier.relay if carrier else "",
        collect=Money(item.postage if item.postage_by == "on_delivery" else 0),
        promised_by=str(item.promised_by or ""),
        overdue=bool(item.overdue),
        tries=item.tries,
        next_try=str(item.next_try or ""),
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
        code=code,
        until=clock.local_text(item.until),
    )


def timeline(item: ShipmentItem) -> list[ParcelTimelineEntry]:
    recorded = history.timeline(item.subject, item.version, changes.decode(item.changes))
    return [ParcelTimelineEntry(change.type, clock.local(change.at).isoformat()) for change in recorded]
