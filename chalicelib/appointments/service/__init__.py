"""Use cases of appointments: see what is free, book, move, cancel, wait, come. The door for other features."""

from chalicelib.appointments.pages import Slip, slip
from chalicelib.appointments.rules import (
    CHECKED_IN,
    CONFIRMED,
    MOST_PLACES,
    NO_SHOW,
    SERVED,
    SLOT_BUSY,
    WRONG_HALL,
    age,
    places_needed,
)
from chalicelib.appointments.service import (
    booking_tickets,
    bookings,
    copies,
    credit,
    day,
    erasure,
    holds,
    plans,
    relations,
    waiting_list,
)
from chalicelib.appointments.service.credit import miss_write, remember
from chalicelib.appointments.service.day import (
    check_arrival,
    check_in_write,
    end_of_day,
    of_visitor,
    release_write,
    serve_write,
)
from chalicelib.appointments.service.holds import check_mandate, visitor_of
from chalicelib.appointments.service.plans import plan
from chalicelib.appointments.service.relations import is_visitor
from chalicelib.appointments.store import AppointmentItem, appointment, name_of
from chalicelib.identity.service import Visitor

__all__ = [
    "CHECKED_IN",
    "CONFIRMED",
    "MOST_PLACES",
    "NO_SHOW",
    "SERVED",
    "SLOT_BUSY",
    "WRONG_HALL",
    "AppointmentItem",
    "Slip",
    "Visitor",
    "age",
    "appointment",
    "booking_tickets",
    "bookings",
    "check_arrival",
    "check_in_write",
    "check_mandate",
    "copies",
    "credit",
    "day",
    "end_of_day",
    "erasure",
    "holds",
    "is_visitor",
    "miss_write",
    "name_of",
    "of_visitor",
    "places_needed",
    "plan",
    "plans",
    "relations",
    "release_write",
    "remember",
    "serve_write",
    "slip",
    "visitor_of",
    "waiting_list",
]
