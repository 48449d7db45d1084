"""Endpoints of identity: logging in, who one is, the enterprises and relatives that one acts for."""

from chalicelib.identity.routes import (
    browser,
    disputes,
    enterprises,
    factors,
    login,
    mandates,
    person,
    readings,
    relatives,
    sessions,
    staff,
    window,
)

__all__ = [
    "browser",
    "disputes",
    "enterprises",
    "factors",
    "login",
    "mandates",
    "person",
    "readings",
    "relatives",
    "sessions",
    "staff",
    "window",
]
