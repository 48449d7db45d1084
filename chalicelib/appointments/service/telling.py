"""What visitors hear about their appointments and their places on waiting lists."""

from __future__ import annotations

from datetime import date

from chalicelib.appointments import store
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.events import telling
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.telling import Samples, Telling, Words

_PLACES: Samples = {
    "id": telling.same("K7M29QXA4TB3"),
    "hall": ("玄武区政务服务中心", "Xuanwu District Service Centre"),
    "address": ("玄武区示例路 1 号", "1 Demo Road, Xuanwu"),
    "start": telling.moment_sample(),
    "number": telling.same("K7M2-9QXA-4TB3"),
}
_TOLD = (
    "appointment_confirmed",
    "appointment_moved",
    "appointment_cancelled",
    "appointment_cancelled_by_hall",
    "appointment_reminder_due",
    "no_show",
)
EVENTS: dict[str, Samples] = dict.fromkeys(_TOLD, _PLACES) | dict.fromkeys(
    ("place_offered", "waiting_lapsed"), _PLACES | {"until": telling.moment_sample()}
)


def tell(key: str, change: Change) -> Telling | None:
    """Whom a change of an appointment, or of an entry of a waiting list, concerns."""
    item = store.appointment(key)
    if item is not None:
        values = _values(str(item.hall), str(item.day), str(item.start), item.id)
        return Telling(party=str(item.party), handler=str(item.visitor_account), values=values, days=(str(item.day),))
    waiter = store.waiter(key)
    if waiter is None:
        return None
    start, until = change.data.get("start", waiter.earliest), change.data.get("until")
    values = _values(str(waiter.hall), str(waiter.day), str(start), waiter.id)
    values["until"] = telling.moment(clock.from_seconds(int(str(until)))) if until else telling.NOTHING
    return Telling(party=str(waiter.party), handler=str(waiter.visitor_account), values=values, days=(str(waiter.day),))


def _values(hall: str, day: str, start: str, number: str) -> dict[str, Words]:
    place, (zh, en) = catalog.known_hall(hall), telling.day(date.fromisoformat(day))
    return {
        "id": telling.same(number),
        "hall": (place.name.zh, place.name.en),
        "address": (place.address.zh, place.address.en),
        "start": (f"{zh} {start}", f"{en} {start}"),
        "number": telling.same("-".join(number[at : at + 4] for at in range(0, 12, 4))),
    }
