"""Parcels of a company behind an API: booking, and its reports, however late, often and disordered they come."""

from __future__ import annotations

from datetime import datetime

from chalicelib.catalog import service as catalog
from chalicelib.delivery import events, rules, store
from chalicelib.delivery.rules import Scan
from chalicelib.delivery.service import choices, couriers, losses, transitions
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import log
from chalicelib.kernel.access import system
from chalicelib.kernel.events.changes import Data, Event
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import carrier
from chalicelib.platforms.carrier import ForgedPush, Track

COMPANY = system("carrier")


def order_no(item: ShipmentItem) -> str:
    """Our number at the company; another one each time the parcel goes out."""
    return f"{item.id}-{item.rounds}"


def book(item: ShipmentItem) -> None:
    """Order the collection; raises ``platform_unavailable`` or ``changed_meanwhile``, a repeat is safe."""
    hall = catalog.known_hall(item.hall)
    address = store.private(item).address
    assert address is not None
    booked = carrier.book(
        carrier.CarrierOrder(
            order=order_no(item),
            sender=hall.name.zh,
            sender_phone=hall.phone,
            sender_address=hall.address.zh,
            recipient=address.recipient,
            phone=address.phone,
            division=address.division,
            address="".join([*catalog.division(address.division), address.detail]),
            grams=choices.grams(len(item.results)),
            collect=item.postage if item.postage_by == "on_delivery" else 0,
        )
    )
    event = transitions.move(item, "accept", "carrier", COMPANY, data={"waybill": booked.waybill, "fee": booked.fee})
    item.waybill = booked.waybill
    item.routing = booked.routing
    tables.write_or_conflict(transitions.record(item, event))


def ask(item: ShipmentItem) -> None:
    """Ask the company how the parcel stands: pushes get lost."""
    scans = [_scan(track) for track in carrier.tracks(order_no(item)) if _at(track) is not None]
    if not _taken_in(item, scans):
        tables.write_or_conflict(transitions.save_schedule(item))


def take_push(headers: dict[str, str], body: bytes) -> None:
    """Take in a push; raises ``carrier_push_refused``, ``parcel_unknown`` or ``changed_meanwhile``."""
    try:
        track = carrier.read_push(headers, body)
        if _at(track) is None:
            raise ForgedPush("moment")
    except ForgedPush as forged:
        log.write("push_refused", level="error", platform="carrier", reason=str(forged))
        log.count("forged_notifications")
        raise rules.PUSH_REFUSED() from None
    optimistic.repeat(lambda: _take_track(track))


def _take_track(track: Track) -> None:
    item = store.shipment(track.order.rpartition("-")[0])
    if item is None or not transitions.is_api(item):
        log.write("push_unknown", level="warning", platform="carrier")
        raise rules.PARCEL_UNKNOWN()
    if track.order == order_no(item):  # another one is of a round that is over
        _taken_in(item, [_scan(track)])


def _at(track: Track) -> datetime | None:
    try:
        moment = datetime.fromisoformat(track.at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _scan(track: Track) -> Scan:
    return Scan(id=track.id, state=track.state, at=datetime.fromisoformat(track.at), note=track.note)


def _taken_in(item: ShipmentItem, new: list[Scan]) -> bool:
    """Keep what is new and move the parcel to where the newest report says; whether anything was new."""
    if item.status == rules.OFFERED:
        raise tables.ConditionFailed  # the order is not written yet; the company reports again
    known = item.scans
    scans = rules.merged_scans(known, new)
    if scans == known:
        return False
    item.scans = scans
    wanted = rules.newest_report(scans)
    # A delivery that the company takes back is a case for the hall's supervisor.
    is_taken_back = item.status == rules.DELIVERED and wanted in (rules.RETURNED, rules.LOST)
    way = ["take_back"] if is_taken_back else rules.carrier_path(item.status, wanted)
    happened: list[Event] = []
    others: list[tables.Write] = []
    for action in way:
        if action == "lose":
            others += losses.void_writes(COMPANY, item)
        if action == "fail":
            item.tries = item.tries + 1
        data: Data = {"waybill": item.waybill or ""}
        happened.append(transitions.move(item, action, "carrier", COMPANY, data=data, at=scans[-1].at))
    if item.status == rules.DELIVERED and not item.proof:
        couriers.keep_proof(item, "carrier", COMPANY)
    if not happened:
        happened = [Event(events.SHIPMENT_SCANNED, COMPANY, data={"state": new[-1].state})]
    tables.write(transitions.record(item, *happened), *others)
    return True
