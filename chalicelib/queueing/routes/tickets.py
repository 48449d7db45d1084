"""Tickets: where their holders are in the queue, on the phone, on a page and on paper."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE, Actor
from chalicelib.kernel.edge.endpoint import HtmlPage, endpoint
from chalicelib.queueing import rules, service, store
from chalicelib.queueing.routes.shapes import HOLDER_OR_DESK
from chalicelib.queueing.store import TicketItem


class LeaveReason(msgspec.Struct, forbid_unknown_fields=True):
    """Why the ticket is given back, for example that it could not be printed."""

    reason: Annotated[str, Meta(max_length=200)] = ""


@endpoint("GET", "/v1/tickets/{ticket_id}", ANYONE, errors=[errors.NOT_FOUND])
def read_ticket(ticket_id: str) -> service.TicketView:
    """Where a ticket's holder is in the queue; whoever has the ticket's id may ask, it names nobody."""
    return service.ticket(_known(ticket_id))


def _known(ticket_id: str, *, fresh: bool = False) -> TicketItem:
    found = store.ticket(ticket_id, consistent=fresh)
    if found is None:
        raise errors.NOT_FOUND()
    return found


@endpoint("GET", "/t/{ticket_id}", ANYONE, errors=[errors.NOT_FOUND])
def show_ticket(ticket_id: str) -> HtmlPage:
    """The page behind a printed ticket's QR code."""
    from chalicelib.queueing import pages

    return HtmlPage(pages.ticket(service.ticket(_known(ticket_id))))


@endpoint("GET", "/v1/tickets/{ticket_id}/slip", HOLDER_OR_DESK)
def show_ticket_slip(target: TicketItem) -> HtmlPage:
    """The ticket for the printer of the kiosk, with the QR code of its page."""
    from chalicelib.queueing import pages

    names = {summary.code: summary.name.zh for summary in catalog.release().services}
    services = "、".join(names.get(code, code) for code in target.services)
    return HtmlPage(pages.slip(service.ticket(target, fresh=True), services, str(target.day)))


@endpoint("POST", "/v1/tickets/{ticket_id}/leave", HOLDER_OR_DESK, errors=[rules.TICKET_OVER])
def leave_queue(actor: Actor, target: TicketItem, body: LeaveReason) -> service.TicketView:
    """Give a ticket back: its holder goes, or it could not be printed."""
    service.leave(actor, catalog.hall(target.hall), target, body.reason)
    return service.ticket(_known(target.id, fresh=True), fresh=True)
