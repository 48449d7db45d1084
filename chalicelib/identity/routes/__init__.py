"""Endpoints of identity: logging in, who one is, the enterprises and relatives that one acts for."""

from chalicelib.identity.routes import disputes, enterprises, login, person, relatives, sessions, window

__all__ = ["disputes", "enterprises", "login", "person", "relatives", "sessions", "window"]
