"""Whether the API answers at all, and the errors that clients may meet."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import endpoint


class Health(msgspec.Struct, frozen=True):
    """The API is up."""

    status: Literal["ok"] = "ok"


@endpoint("GET", "/health", ANYONE)
def read_health() -> Health:
    """Liveness; reads nothing."""
    return Health()
