"""Parcels of a company behind an API: booking, and its reports, however late, often and disordered they come."""

from __future__ import annotations

from datetime import datetime

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.delivery import rules, store
from chalicelib.delivery.rules import Scan
from chalicelib.delivery.service import carrying, choosing, losing, moving
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import errors, log
from chalicelib.kernel.access import system
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.platforms import carrier
from chalicelib.platforms.carrier import Forged, Track

COMPANY = system("carrier")
_TRIES = 4


def order_no(item: ShipmentItem) -> str:
    """Our number at the company; another one each time the parcel goes out."""
    return f"{item.id}-{int(item.rounds)}"


def book(item: ShipmentItem) -> None:
    """Order the collection; raises ``platform_unavailable`` or ``changed_meanwhile``, a repeat is safe."""
    hall, address = catalog.known_hall(item.hall), store.private(item).address
    assert address is not None
    booked = carrier.book(
        carrier.Order(
            order_no(item),
            hall.name.zh,
            hall.phone,
            hall.address.zh,
            address.recipient,
            address.phone,
            address.division,
            "".join([*catalog.division(address.division), address.detail]),
            choosing.grams(len(item.result_list())),
            int(item.postage) if item.postage_by == "on_delivery" else 0,
        )
    )
    event = moving.step(item, "accept", "carrier", COMPANY, data={"waybill": booked.waybill, "fee": booked.fee})
    item.waybill, item.routing = booked.waybill, booked.routing
    tables.write_or_conflict(moving.write_of(item, event))


def ask(item: ShipmentItem) -> None:
    """Ask the company how the parcel stands: pushes get lost."""
    scans = [_scan(track) for track in carrier.tracks(order_no(item)) if _at(track) is not None]
    if not _taken_in(item, scans):
        tables.write_or_conflict(moving.rescheduled(item))


def take_push(headers: dict[str, str], body: bytes) -> None:
    """Take in a push; raises ``carrier_push_refused``, ``parcel_unknown`` or ``changed_meanwhile``."""
    try:
        track = carrier.read_push(headers, body)
        if _at(track) is None:
            raise Forged("moment")
    except Forged as forged:
        log.write("push_refused", level="error", platform="carrier", reason=str(forged))
        log.count("forged_notifications")
        raise rules.PUSH_REFUSED() from None
    for _ in range(_TRIES):
        item = store.shipment(track.order.rpartition("-")[0])
        if item is None or not moving.is_api(item):
            log.write("push_unknown", level="warning", platform="carrier")
            raise rules.PARCEL_UNKNOWN()
        if track.order != order_no(item):
            return  # of a round that is over
        try:
            _taken_in(item, [_scan(track)])
            return
        except tables.ConditionFailed:
            continue
    raise errors.CONFLICT()


def _at(track: Track) -> datetime | None:
    try:
        moment = datetime.fromisoformat(track.at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _scan(track: Track) -> Scan:
    return Scan(track.id, track.state, datetime.fromisoformat(track.at), track.note)


def _taken_in(item: ShipmentItem, new: list[Scan]) -> bool:
    """Keep what is new and move the parcel to where the newest report says; whether anything was new."""
    if item.status == rules.OFFERED:
        raise tables.ConditionFailed  # the order is not written yet; the company reports again
    known = item.scan_list()
    scans = rules.merged_scans(known, new)
    if scans == known:
        return False
    item.scans = msgspec.json.encode(scans).decode()
    wanted = rules.newest_report(scans)
    way = rules.carrier_path(item.status, wanted)
    events: list[Event] = []
    others: list[tables.Write] = []
    for action in way:
        if action == "lose":
            others += losing.voiding(COMPANY, item)
        if action == "fail":
            item.tries = int(item.tries) + 1
        data: moving.Data = {"waybill": item.waybill or ""}
        events.append(moving.step(item, action, "carrier", COMPANY, data=data, at=scans[-1].at))
    if item.status == rules.DELIVERED and not item.proof:
        carrying.keep_proof(item, "carrier", COMPANY)
    if not events:
        events = [Event("shipment_scanned", COMPANY, data={"state": new[-1].state})]
    tables.write(moving.write_of(item, *events), *others)
    return True
