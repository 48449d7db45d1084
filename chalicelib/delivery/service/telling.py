"""What recipients hear about their parcels; the code that opens one is never sent, only shown in the mini-program."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.delivery import store
from chalicelib.delivery.service import choosing
from chalicelib.kernel.events import telling
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.telling import Samples, Telling

_REASONS = {
    "absent": ("收件人不在", "nobody was there"),
    "refused": ("收件人拒收", "it was refused"),
    "address_wrong": ("地址有误", "the address is wrong"),
    "unreachable": ("电话无法接通", "the phone was not answered"),
    "other": ("其他原因", "another reason"),
}
_PLACES: Samples = {
    "id": telling.same("01K7M29QXA4TB3000000000000"),
    "titles": telling.same("不动产转移登记"),
    "hall": ("玄武区政务服务中心", "Xuanwu District Service Centre"),
    "carrier": ("同城速递", "City Couriers"),
    "promised_by": telling.day("2026-11-05"),
    "next_try": telling.day("2026-11-04"),
    "reason": _REASONS["absent"],
    "postage": telling.money(800),
    "at": telling.moment_sample(),
}
_TOLD = (
    "postage_due",
    "shipment_ready",
    "shipment_accepted",
    "shipment_handed_over",
    "shipment_departed",
    "shipment_attempt_failed",
    "shipment_returned",
    "shipment_kept_at_hall",
    "shipment_delivered",
    "shipment_collected",
    "shipment_at_the_door",
    "shipment_lost",
    "shipment_found",
    "shipment_replaced",
    "shipment_overdue",
)
EVENTS: dict[str, Samples] = dict.fromkeys(_TOLD, _PLACES)


def tell(key: str, change: Change) -> Telling | None:
    """Whom a change of a parcel concerns; what only matters to the hall (a counter's parcel is not posted) does not."""
    item = store.shipment(key)
    if item is None:
        return None
    # As it was when it happened: meanwhile the parcel may have come back, and waits at a counter.
    mode = str(change.data.get("mode", item.mode))
    if change.type == "shipment_ready" and mode != "pick_up":
        return None
    hall = catalog.known_hall(item.hall).name
    carrier = choosing.carrier(str(change.data.get("carrier", item.carrier)))
    reason = _REASONS.get(str(change.data.get("reason", "")), _REASONS["other"])
    titles = "、".join(dict.fromkeys(result.title for result in item.result_list()))
    values = {
        "id": telling.same(item.id),
        "titles": telling.same(titles),
        "hall": (hall.zh, hall.en),
        "carrier": (carrier.name.zh, carrier.name.en) if carrier else telling.NOTHING,
        "promised_by": telling.day(item.promised_by) if item.promised_by else telling.NOTHING,
        "next_try": telling.day(item.next_try) if item.next_try else ("待定", "not set yet"),
        "reason": reason,
        "postage": telling.money(int(item.postage)),
        "at": telling.moment(change.at),
    }
    days = tuple(day for day in (item.promised_by, item.next_try) if day)
    return Telling(party=str(item.party), handler=str(item.handler), values=values, days=days)
