"""What those who wait in a hall hear: that their turn is near."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change
from chalicelib.queueing import rules, store
from chalicelib.queueing.service.windows import NEAR


def tell(_: str, change: Change) -> Announcement | None:
    """Whom a change of a ticket concerns: not its holder, who was called, but who is some places behind (``ticket``).

    Nobody, if that person has no account, or has left meanwhile.
    """
    ticket = store.ticket(str(change.data.get("ticket", "")))
    if ticket is None or ticket.status != rules.OPEN or not ticket.holder:
        return None
    hall = catalog.known_hall(ticket.hall)
    values = {
        "hall": (hall.name.zh, hall.name.en),
        "number": announcements.same(ticket.number),
        "ahead": announcements.same(str(NEAR - 1)),
        "id": announcements.same(ticket.id),
    }
    return Announcement(party=ticket.holder, handler=ticket.handler or "", values=values)
