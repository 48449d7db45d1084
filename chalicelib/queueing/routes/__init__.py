"""Endpoints of the day in a hall: arriving, tickets, windows, the hall as a whole."""

from chalicelib.queueing.routes import arriving, halls, tickets, windows

__all__ = ["arriving", "halls", "tickets", "windows"]
