"""What several of the endpoints of queueing take, and who may call them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.queueing import store
from chalicelib.queueing.store import TicketItem

Code = Annotated[str, Meta(min_length=3, max_length=40)]
Services = Annotated[list[Code], Meta(min_length=1, max_length=5)]
Materials = Annotated[list[Annotated[int, Meta(ge=0, le=200)]], Meta(max_length=50)]


def _holds(actor: Actor, ticket: TicketItem) -> bool:
    if actor.kind == "person":
        return actor.holds(str(ticket.holder)) and all(map(actor.covers, ticket.services))
    hall = catalog.find_hall(ticket.hall)
    return hall is not None and catalog.works_at(actor, hall)


DESK = Access(
    staff=("officer", "kiosk"),
    target=catalog.find_hall,
    related=catalog.works_at,
    relation="desk or kiosk of the hall",
)
HALL_STAFF = Access(
    staff=("officer", "supervisor"),
    target=catalog.find_hall,
    related=catalog.works_at,
    relation="staff of the hall",
)
HOLDER_OR_DESK = Access(
    person=Level.CLAIMED,
    staff=("officer", "kiosk"),
    target=store.ticket,
    related=_holds,
    relation="holder, desk or kiosk",
)
