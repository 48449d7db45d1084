"""What visitors hear about their appointments and their places on waiting lists."""

from __future__ import annotations

from datetime import date

from chalicelib.appointments import store
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.event_types import Words
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of an appointment, or of an entry of a waiting list, concerns."""
    item = store.appointment(key)
    if item is not None:
        values = _values(item.hall, item.day, item.start, item.id)
        return Announcement(party=item.party, handler=item.visitor_account, values=values, days=(item.day,))
    waiter = store.waiter(key)
    if waiter is None:
        return None
    start = change.data.get("start", waiter.earliest)
    until = change.data.get("until")
    values = _values(waiter.hall, waiter.day, str(start), waiter.id)
    values["until"] = announcements.moment(clock.from_seconds(int(str(until)))) if until else announcements.NOTHING
    return Announcement(party=waiter.party, handler=waiter.visitor_account, values=values, days=(waiter.day,))


def _values(hall: str, day: date, start: str, number: str) -> dict[str, Words]:
    place = catalog.known_hall(hall)
    (zh, en) = announcements.day(day)
    return {
        "id": announcements.same(number),
        "hall": (place.name.zh, place.name.en),
        "address": (place.address.zh, place.address.en),
        "start": (f"{zh} {start}", f"{en} {start}"),
        "number": announcements.same("-".join(number[at : at + 4] for at in range(0, 12, 4))),
    }
