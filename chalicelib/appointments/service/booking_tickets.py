"""Booking tickets: no ticket, no booking, where a hall wants it so (against programs that are faster than people).

A ticket is given out from ten minutes before the release on, for one visitor, and is good for one hold. From
which second after the release on it may be used is drawn from the visitor and the released day, the same however
often it is fetched, so that being first with a program gains nothing. It needs no write.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from chalicelib.appointments import rules
from chalicelib.appointments.service.plans import Plan
from chalicelib.kernel import clock, ids
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.security import sealed, vault

GOOD_SECONDS = 900
EARLY = timedelta(minutes=10)
_PURPOSE = "booking_ticket"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a booking ticket says; times in epoch seconds."""

    number: str
    hall: str
    group: str
    day: date
    usable_from: float
    until: int


class BookingTicket(View, frozen=True, kw_only=True):
    """A booking ticket and when it may be used; ``wait_seconds`` from now."""

    ticket: str
    usable_from: Instant
    wait_seconds: float
    expires_at: Instant


def issue(plan: Plan, visitor: str, day: date) -> BookingTicket:
    """A ticket for one visitor and the places of a day; raises ``slot_not_released`` before tickets are given."""
    refuse_if(not plan.starts_on(day), rules.SLOT_UNKNOWN)
    released = plan.released_at(day)
    now = clock.now()
    if now < released - EARLY:
        raise rules.not_released(now, released - EARLY, released)
    drawn = int(vault.blind_index("turn", f"{visitor}/{plan.hall.code}/{plan.group.code}/{day}")[:8], 16) / 2**32
    usable = max(now, released + timedelta(seconds=plan.rules.spread_seconds * drawn))
    until = clock.seconds(usable) + GOOD_SECONDS
    ticket = Ticket(
        number=ids.new_id(),
        hall=plan.hall.code,
        group=plan.group.code,
        day=day,
        usable_from=usable.timestamp(),
        until=until,
    )
    wait_seconds = round(max(0.0, (usable - now).total_seconds()), 3)
    return BookingTicket(
        ticket=sealed.seal(_PURPOSE, visitor, ticket),
        usable_from=clock.local(usable),
        wait_seconds=wait_seconds,
        expires_at=clock.local(usable + timedelta(seconds=GOOD_SECONDS)),
    )


def check(plan: Plan, visitor: str, text: str, day: date) -> str:
    """The number of a ticket that may be used now, empty where none is wanted.

    Raises ``booking_ticket_required``, ``booking_ticket_invalid`` or ``booking_ticket_early``.
    """
    if not plan.rules.ticket_required:
        return ""
    if not text:
        raise rules.TICKET_REQUIRED()
    try:
        ticket = sealed.open_sealed(_PURPOSE, visitor, text, Ticket)
    except sealed.NotGenuine:
        raise rules.TICKET_INVALID() from None
    now = clock.now().timestamp()
    if (ticket.hall, ticket.group, ticket.day) != (plan.hall.code, plan.group.code, day) or now > ticket.until:
        raise rules.TICKET_INVALID()
    if now < ticket.usable_from:
        wait = int(ticket.usable_from - now) + 1
        raise rules.TICKET_EARLY(retry_after=wait, seconds=wait)
    return ticket.number
