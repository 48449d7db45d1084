"""Who has to do with a hall or an appointment."""

from __future__ import annotations

from chalicelib.appointments.store import AppointmentItem, WaiterItem
from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor


def is_visitor(actor: Actor, item: AppointmentItem) -> bool:
    """Whether the appointment is the caller's: as visitor, as who booked it, or for the enterprise acted for."""
    if actor.kind != "person":
        return False
    ours = actor.holds(item.party) or (not actor.organization and item.visitor_account in actor.parties)
    return ours and all(map(actor.covers, item.services))


def is_of_hall(actor: Actor, item: AppointmentItem) -> bool:
    """Whether the caller works at the appointment's hall."""
    hall = catalog.find_hall(item.hall)
    return hall is not None and catalog.works_at(actor, hall)


def is_own_matter(actor: Actor, item: AppointmentItem) -> bool:
    """Whether an appointment is a staff member's own matter: they come to it, or have booked it."""
    if identity.own_matters.is_own_identity(actor, identity.relatives.proven_key(item.visitor)):
        return True
    return identity.own_matters.is_own(actor, item.party, item.visitor_account)


def concerns(actor: Actor, item: AppointmentItem) -> bool:
    """Whether the appointment is the caller's, or at the caller's hall."""
    return is_visitor(actor, item) or is_of_hall(actor, item)


def waits(actor: Actor, item: WaiterItem) -> bool:
    """Whether the caller put the entry on the waiting list."""
    return actor.kind == "person" and actor.holds(item.party) and all(map(actor.covers, item.services))
