"""What recipients hear about their parcels; the code that opens one is never sent, only shown in the mini-program."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.delivery import events, store
from chalicelib.delivery.service import choices, contests
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel.event_types import Words
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def _dispute_by(item: ShipmentItem) -> Words:
    last = contests.last_day(item)
    return announcements.day(last) if last else announcements.NOTHING


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of a parcel concerns; what only matters to the hall (a counter's parcel is not posted) does not."""
    item = store.shipment(key)
    if item is None:
        return None
    # As it was when it happened: meanwhile the parcel may have come back, and waits at a counter.
    mode = str(change.data.get("mode", item.mode))
    if change.type == events.SHIPMENT_READY.name and mode != "pick_up":
        return None
    hall = catalog.known_hall(item.hall).name
    carrier = choices.carrier(str(change.data.get("carrier", item.carrier)))
    reason = events.REASONS.get(str(change.data.get("reason", "")), events.REASONS["other"])
    titles = "、".join(dict.fromkeys(result.title for result in item.results))
    values = {
        "id": announcements.same(item.id),
        "titles": announcements.same(titles),
        "hall": (hall.zh, hall.en),
        "carrier": (carrier.name.zh, carrier.name.en) if carrier else announcements.NOTHING,
        "promised_by": announcements.day(item.promised_by) if item.promised_by else announcements.NOTHING,
        "next_try": announcements.day(item.next_try) if item.next_try else ("待定", "not set yet"),
        "reason": reason,
        "postage": announcements.money(item.postage),
        "at": announcements.moment(change.at),
        "with": events.WITH.get(str(change.data.get("with", "")), announcements.NOTHING),
        "dispute_by": _dispute_by(item),
    }
    days = tuple(day for day in (item.promised_by, item.next_try) if day)
    return Announcement(party=item.party, handler=item.handler, values=values, days=days)
