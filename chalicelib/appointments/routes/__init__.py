"""Endpoints of appointments, by who calls them: anybody, the visitor, who waits, the hall's supervisor."""

from chalicelib.appointments.routes import slots, supervisor, visitor, waiting

__all__ = ["slots", "supervisor", "visitor", "waiting"]
