"""The day of the appointments: who comes, checking in, reminders, and what is left in the evening."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from chalicelib.appointments import events, rules, store
from chalicelib.appointments.service import bookings, credit, plans
from chalicelib.appointments.store import AppointmentItem
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.identity.service import Visitor
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import batch, tables
from chalicelib.kernel.storage.tables import Put


def of_day(hall: Hall, day: date) -> Iterator[AppointmentItem]:
    """The appointments of a hall's day, as they are now."""
    for group in catalog.group_codes(hall.code):
        for _, taken in sorted(store.slots.day_occupancy(hall.code, group, day).items()):
            for seat in (*taken.kept, *taken.held):
                item = store.appointment(seat.appointment)
                if item is not None:
                    yield item


def of_visitor(visitor: Visitor, hall: str, day: date) -> AppointmentItem | None:
    """The visitor's next open appointment at a hall on a day; where there is none, one that is over."""
    claims = bookings.book_of(visitor).claims
    ours = sorted((claim for claim in claims if (claim.hall, claim.day) == (hall, day)), key=lambda one: one.start)
    items = [item for claim in ours if (item := store.appointment(claim.appointment)) is not None]
    return next((item for item in items if item.status == rules.CONFIRMED), items[-1] if items else None)


def check_arrival(item: AppointmentItem, hall: str) -> None:
    """Raise unless the visitor may check in at the hall now."""
    limits = plans.rules_of(item.hall, item.group)
    rules.check_arrival(item.slot, hall, clock.now(), limits.early_minutes, limits.late_minutes)


def check_in_write(actor: Actor, item: AppointmentItem, ticket: str) -> Put:
    """The write that the visitor has come and has a ticket in the queue; raises ``appointment_wrong_state``."""
    checked = rules.APPOINTMENTS.move(item, "check_in", "hall")
    return changes.record(item, Event(checked, actor, data={"ticket": ticket}))


def serve_write(actor: Actor, item: AppointmentItem) -> Put:
    """The write that the visit is over."""
    was_served = rules.APPOINTMENTS.move(item, "serve", "hall")
    return changes.record(item, Event(was_served, actor))


def release_write(actor: Actor, item: AppointmentItem) -> Put:
    """The write that the visitor came and was not served before the hall closed."""
    was_not_served = rules.APPOINTMENTS.move(item, "release", "hall")
    return changes.record(item, Event(was_not_served, actor))


def end_of_day(hall: Hall, day: date) -> int:
    """Count who did not come (again and again with the same result); how many no-shows there are."""
    actor = system("close_halls")
    missed = 0
    for item in of_day(hall, day):
        if item.status == rules.CONFIRMED:
            try:
                tables.write(credit.miss_write(actor, item))
            except tables.ConditionFailed:
                item = store.appointment(item.id) or item
        if item.status == rules.NO_SHOW:
            credit.remember(actor, item)
            missed += 1
    return missed


def remind_of_tomorrow() -> int:
    """Note that the appointments of tomorrow are to be reminded of, each once; how many."""
    day = clock.today() + timedelta(days=1)
    return batch.total(lambda code: _remind_at(code, day), [summary.code for summary in catalog.release().halls])


def _remind_at(code: str, day: date) -> int:
    actor = system("remind_visitors")
    reminded = 0
    for item in of_day(catalog.hall(code), day):
        if item.status == rules.CONFIRMED and not item.reminded:
            item.reminded = True
            event = Event(events.APPOINTMENT_REMINDER_DUE, actor, data={"start": item.start, "hall": item.hall})
            with suppress(tables.ConditionFailed):
                tables.write(changes.record(item, event))
                reminded += 1
    return reminded


def forgive_day(actor: Actor, hall: Hall, day: date, reason: str) -> int:
    """Forgive all no-shows of a day (amnesty); how many there are. Repeating it finishes what was left."""
    missed = [item for item in of_day(hall, day) if item.status in (rules.NO_SHOW, rules.EXCUSED)]
    for item in missed:
        credit.forgive(actor, item, reason)
    return len(missed)
