"""The parts of what is kept of a person: each feature says what it has, what of it is open, and how it is erased.

Whatever is kept of a person beyond some days is one of them. Tickets of queues, codes and waiting lists disappear by
themselves, appointments 400 days after their day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chalicelib.applications import service as applications
from chalicelib.appointments import service as appointments
from chalicelib.catalog.definition import Text
from chalicelib.certificates import service as certificates
from chalicelib.delivery import service as delivery
from chalicelib.identity import service as identity
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page
from chalicelib.notices import service as notices
from chalicelib.payments import service as payments

Entry = Mapping[str, Any]


def _never(_: Any) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a person's data.

    ``copy``: a page of its entries, in clear. ``is_open``: whether an entry is not finished, and ``to_do`` what the
    person can do about that. ``erase`` removes what names the person from an entry; without it, nothing does.
    ``waits_until``: the day on which an entry may be erased that may not be yet (by default: while it is open, each
    day anew). ``after``: parts that have to be erased before.
    """

    copy: Callable[[Actor, str | None], Page]
    is_open: Callable[[Any], bool] = _never
    to_do: Text | None = None
    erase: Callable[[Actor, Any], None] | None = None
    waits_until: Callable[[Any], date | None] | None = None
    after: tuple[str, ...] = ()

    @property
    def is_archived(self) -> bool:
        """Whether the city may say how long the archive keeps it: what stays in its place is not archived too."""
        return self.erase is not None

    def waits(self, entry: Entry) -> date | None:
        """The day on which to come again for an entry that may not be erased yet; None if it may."""
        if self.waits_until is not None:
            return self.waits_until(entry)
        return clock.today() + timedelta(days=1) if self.is_open(entry) else None


PARTS: dict[str, Part] = {
    "relatives": Part(copy=identity.copies.relatives, erase=identity.closing.erase_relative),
    "mandates": Part(copy=identity.copies.mandates, erase=identity.closing.erase_mandate),
    "mandates_held": Part(copy=identity.copies.mandates_held, erase=identity.closing.erase_mandate),
    "readings": Part(copy=identity.copies.readings),
    "applications": Part(
        copy=applications.copies.applications,
        is_open=applications.erasure.is_open,
        to_do=Text("等待办结，或撤回办件", "Wait until it is decided, or withdraw it"),
        erase=applications.erasure.erase,
    ),
    "certificates": Part(
        copy=certificates.copies.certificates,
        erase=certificates.erasure.erase,
        waits_until=certificates.erasure.waits_until,
    ),
    "bills": Part(
        copy=payments.copies.bills,
        is_open=payments.erasure.is_open,
        to_do=Text(
            "缴费，或撤回对应办件；退款中的请等待到账", "Pay it, or withdraw its application; wait for a refund"
        ),
    ),
    "parcels": Part(
        copy=delivery.copies.parcels,
        is_open=delivery.erasure.is_open,
        to_do=Text("签收或到大厅领取；遗失的请联系大厅", "Receive or collect it; ask the hall about a lost one"),
        erase=delivery.erasure.erase_parcel,
    ),
    "addresses": Part(copy=delivery.copies.addresses, erase=delivery.erasure.erase_address),
    "appointments": Part(
        copy=appointments.copies.appointments,
        is_open=appointments.erasure.is_open,
        to_do=Text("按时前往，或取消预约", "Come to it, or cancel it"),
        erase=appointments.erasure.erase,
        waits_until=appointments.erasure.waits_until,
    ),
    "messages": Part(copy=notices.copies.messages, erase=notices.erasure.erase_message),
    "preferences": Part(copy=notices.copies.preferences, erase=notices.erasure.erase_preferences),
    # The last one, and not before the appointments: they are found by the person's number.
    "account": Part(
        copy=identity.copies.account, erase=identity.closing.erase_account, after=("appointments", "preferences")
    ),
}


def copy(actor: Actor, part: str, cursor: str | None) -> Page:
    """A page of one part, in clear. Always the caller's own, whomever they act for. Raises ``fresh_proof_required``."""
    identity.copies.require_own(actor)
    items: Page = PARTS[part].copy(actor, cursor)
    return items
