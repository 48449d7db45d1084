"""No-shows (爽约): noted at the end of the day, appealed against, forgiven."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.appointments import events, rules, store
from chalicelib.appointments.service import claims
from chalicelib.appointments.store import AppointmentItem, Book
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables

_REMEMBERED_DAYS = 730


def miss_write(actor: Actor, item: AppointmentItem) -> tables.Put:
    """The write that makes the appointment a no-show; ``remember`` notes it with the visitor afterwards."""
    missed = rules.APPOINTMENTS.move(item, "miss", "hall")
    return changes.record(item, Event(missed, actor))


def remember(actor: Actor, item: AppointmentItem) -> None:
    """Note a no-show in the visitor's book; noting it again changes nothing."""
    oldest = clock.today() - timedelta(_REMEMBERED_DAYS)

    def alter(book: Book) -> None:
        entry = (item.id, item.day)
        if entry not in book.no_shows:
            book.no_shows = [*(one for one in book.no_shows if one[1] >= oldest), entry]

    claims.change(item.visitor, alter, Event(events.NO_SHOW_NOTED, actor, data={"appointment": item.id}))


def appeal(actor: Actor, item: AppointmentItem, reason: str) -> None:
    """Ask staff to look at a no-show again; raises ``appointment_wrong_state``."""
    appealed = rules.APPOINTMENTS.move(item, "appeal", "visitor")
    item.appeal = vault.seal(reason.encode(), store.slots.TABLE, item.pk, "appeal")
    store.open_appeal(item)
    tables.write_or_conflict(changes.record(item, Event(appealed, actor, note=reason)))


def appeal_text(item: AppointmentItem) -> str:
    if not item.appeal:
        return ""
    return vault.unseal(item.appeal, store.slots.TABLE, item.pk, "appeal").decode()


def decide_appeal(actor: Actor, item: AppointmentItem, granted: bool, opinion: str) -> None:
    """Forgive a no-show or leave it; raises ``appeal_decided``."""
    if not item.appeal_is_open:
        if granted and item.status == rules.EXCUSED:
            _forget(actor, item)  # what an interrupted decision may have left
            return
        raise rules.APPEAL_DECIDED()
    store.close_appeal(item)
    if granted:
        _excuse(actor, item, "grant_appeal", opinion)
    else:
        refused = rules.APPOINTMENTS.move(item, "refuse_appeal", "supervisor")
        tables.write_or_conflict(changes.record(item, Event(refused, actor, note=opinion)))


def forgive(actor: Actor, item: AppointmentItem, reason: str) -> None:
    """Forgive a no-show without an appeal (amnesty); raises ``appointment_wrong_state``."""
    if item.status == rules.EXCUSED:
        _forget(actor, item)
        return
    store.close_appeal(item)
    _excuse(actor, item, "forgive", reason)


def _excuse(actor: Actor, item: AppointmentItem, action: str, note: str) -> None:
    excused = rules.APPOINTMENTS.move(item, action, "supervisor")
    tables.write_or_conflict(changes.record(item, Event(excused, actor, note=note)))
    _forget(actor, item)


def _forget(actor: Actor, item: AppointmentItem) -> None:
    def alter(book: Book) -> None:
        book.no_shows = [one for one in book.no_shows if one[0] != item.id]

    claims.change(item.visitor, alter, Event(events.NO_SHOW_STRUCK, actor, data={"appointment": item.id}))
