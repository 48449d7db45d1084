"""How well a carrier does: what became of the parcels that came to their end on a day."""

from __future__ import annotations

from datetime import date

from chalicelib.delivery import rules, store
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import View


class CarrierDay(View, frozen=True, kw_only=True):
    """Parcels of one carrier that ended on one day. ``first_try``: delivered at the first attempt; ``on_time``: by the
    promised day; ``replaced``: lost and made again; ``left``: left with somebody else.
    """

    carrier: str
    day: date
    ended: int
    delivered: int
    first_try: int
    on_time: int
    left: int
    replaced: int
    cancelled: int


def of_day(carrier: str, day: date) -> CarrierDay:
    """Counted from the parcels themselves; costs as much as the day had parcels."""
    items: list[ShipmentItem] = []
    cursor = None
    while True:
        page = store.desk(f"ENDED#{carrier}#{day}", cursor, limit=200)
        items += page.items
        cursor = page.cursor
        if cursor is None:
            break
    delivered = [item for item in items if item.status == rules.DELIVERED]
    return CarrierDay(
        carrier=carrier,
        day=day,
        ended=len(items),
        delivered=len(delivered),
        first_try=sum(item.rounds <= 1 and not item.tries for item in delivered),
        on_time=sum(_was_in_time(item) for item in delivered),
        left=sum(item.proof_kind == "left_with" for item in delivered),
        replaced=sum(item.status == rules.REPLACED for item in items),
        cancelled=sum(item.status == rules.CANCELLED for item in items),
    )


def _was_in_time(item: ShipmentItem) -> bool:
    assert item.ended_at is not None
    return item.promised_by is None or clock.local(item.ended_at).date() <= item.promised_by
