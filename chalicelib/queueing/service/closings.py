"""The end of the day: tickets that were not served, no-shows, statistics."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

from chalicelib.appointments import service as appointments
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import batch, tables
from chalicelib.queueing import events, rules, store
from chalicelib.queueing.service.arrivals import end_write
from chalicelib.queueing.service.feeds import loads
from chalicelib.queueing.statistics import DayStatistics

_ACTOR = system("close_halls")
_DAYS = 3


def close_past_days() -> int:
    """Close the last three days, so that a missed run is caught up; how many no-shows there are in them."""
    no_shows = 0
    for past in range(_DAYS, 0, -1):
        no_shows += close_day(clock.today() - timedelta(days=past))
    return no_shows


def close_day(day: date) -> int:
    """Close a day that is over in every hall, each once; closing again finishes what was left. How many no-shows."""
    return batch.total(lambda code: _close(catalog.hall(code), day), [one.code for one in catalog.release().halls])


def _close(hall: Hall, day: date) -> int:
    known = statistics(hall, day)
    if known is not None:
        return known.no_shows
    item = store.queue(hall.code, day, consistent=True)
    # The tickets first, the queue last: until it is closed, it is the list of what is left to do.
    if item is not None:
        for number in item.unpacked().everybody():
            _end_ticket(hall, day, number)
    no_shows = appointments.end_of_day(hall, day)
    if item is not None or no_shows:
        with suppress(tables.ConditionFailed):  # another run has closed the day
            _close_queue(hall, day, no_shows)
    return no_shows


def _end_ticket(hall: Hall, day: date, number: str) -> None:
    known = store.number(hall.code, day, number)
    ticket = store.ticket(known.ticket) if known is not None else None
    if ticket is None or ticket.status != rules.OPEN:
        return
    writes = [end_write(_ACTOR, ticket, "close", "大厅已闭馆，未能办理")]
    item = appointments.appointment(ticket.appointment) if ticket.appointment else None
    if item is not None and item.status == appointments.CHECKED_IN:
        writes.append(appointments.release_write(_ACTOR, item))
    tables.write(*writes)


def _close_queue(hall: Hall, day: date, no_shows: int) -> None:
    item = store.queue(hall.code, day, consistent=True) or store.new_queue(hall.code, day)
    queue = item.unpacked()
    left = rules.close_day(queue)
    item.pack(queue)
    content = DayStatistics(hall=hall.code, date=day, unserved=left, no_shows=no_shows, groups=loads(hall, queue))
    event = Event(events.DAY_CLOSED, _ACTOR, data={"unserved": left, "no_shows": no_shows})
    tables.write(tables.replace(item), changes.record(store.new_statistics(hall.code, day, content), event))


def statistics(hall: Hall, day: date) -> DayStatistics | None:
    """A closed day's statistics."""
    item = store.statistics(hall.code, day)
    return item.content if item else None
