"""What several of the endpoints of identity take."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import mandate_rules, rules, service
from chalicelib.identity.service.identities import Name, Number, ShownDocument
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON
from chalicelib.kernel import errors
from chalicelib.kernel.edge.rates import Slowdown
from chalicelib.kernel.edge.shapes import View, one_of
from chalicelib.platforms import http, wechat

Username = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+$")]
PLATFORM_ERRORS = [http.CODE_INVALID, wechat.USER_BLOCKED, wechat.PLATFORM_QUOTA, errors.PLATFORM_UNAVAILABLE]
"""What every request answers that gives a platform a code of the person's."""
DOCUMENT_ERRORS = [rules.ID_NUMBER_INVALID, rules.DOCUMENT_INCOMPLETE]
Device = Annotated[str, Meta(min_length=16, max_length=128)]
"""A random number that the client made up when it was installed, and keeps: the same device is known by it."""
STAFF_LOGIN_SLOWDOWN = Slowdown(name="staff_login", times=100, seconds=900)


class RealName(msgspec.Struct, forbid_unknown_fields=True):
    """Name and a number of 18 digits, as the ID card says them."""

    name: Name
    id_number: Number


class SessionList(View, frozen=True):
    """Open sessions, the newest first."""

    items: list[service.sessions.SessionView]


ScopeEntry = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-z0-9_]{1,63})$")]
"""A service's code, or ``*`` for all."""
Scope = Annotated[list[ScopeEntry], Meta(min_length=1, max_length=50)]


class Appointment(ShownDocument, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom to let act: who, for which services (``*``: all), until which day."""

    scope: Scope
    until: date


class MandateView(View, frozen=True, kw_only=True):
    """A mandate: for whom (an enterprise, or a person's account), in which role, which services, until when."""

    id: str
    principal_kind: Annotated[str, one_of((ORGANIZATION, PERSON))]
    principal_id: str
    principal_name: str
    holder: str
    role: Annotated[str, one_of(mandate_rules.ROLES)]
    scope: list[str]
    until: date
    status: Annotated[str, one_of(mandate_rules.MANDATES.states)]
    valid: bool


class MandateList(View, frozen=True):
    """A part of a list of mandates."""

    items: list[MandateView]
    cursor: str | None = None
