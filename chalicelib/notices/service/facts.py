"""Who tells what about which subject: one door for each feature that people hear from."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.applications import service as applications
from chalicelib.appointments import service as appointments
from chalicelib.delivery import service as delivery
from chalicelib.kernel.changes import Change
from chalicelib.kernel.telling import Samples, Telling
from chalicelib.payments import service as payments

DIGEST_EVENT = "digest"
EVENTS: dict[str, Samples] = {
    **applications.telling.EVENTS,
    **payments.telling.EVENTS,
    **appointments.telling.EVENTS,
    **delivery.telling.EVENTS,
    DIGEST_EVENT: {"count": ("5", "5")},
}
_TELLERS: dict[str, Callable[[str, Change], Telling | None]] = {
    "APPLICATION": applications.telling.tell,
    "ORDER": payments.telling.tell,
    "REFUND": payments.telling.tell,
    "APPOINTMENT": appointments.telling.tell,
    "WAITER": appointments.telling.tell,
    "SHIPMENT": delivery.telling.tell,
}


def about(subject: str, change: Change) -> Telling | None:
    """What there is to tell about an event; None for one that concerns nobody outside."""
    kind, _, key = subject.partition("#")
    teller = _TELLERS.get(kind)
    return teller(key, change) if teller else None
