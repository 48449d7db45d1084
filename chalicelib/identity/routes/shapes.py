"""What several of the endpoints of identity take."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import service
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import View

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Username = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+$")]
Number = Annotated[str, Meta(min_length=15, max_length=24)]

Device = Annotated[str, Meta(min_length=16, max_length=128)]
"""A random number that the client made up when it was installed, and keeps: the same device is known by it."""
STAFF_LOGIN_LIMIT = Limit(name="staff_login", times=100, seconds=900, failures_only=True)


class RealName(msgspec.Struct, forbid_unknown_fields=True):
    """Name and resident's ID number."""

    name: Name
    id_number: Number


class SessionList(View, frozen=True):
    """Open sessions, the newest first."""

    items: list[service.sessions.SessionView]
