"""The parts of what is kept of a person: each feature says what it has, what of it is open, and how it is erased.

Whatever is kept of a person beyond some days is one of them. Tickets of queues, codes and waiting lists disappear by
themselves, appointments 400 days after their day.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.catalog.definition import Text
from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page


def _never(_: Any) -> bool:
    return False


def _no_day(_: Any) -> date | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a person's data.

    ``copy``: a page of its entries, in clear. ``is_open``: whether an entry is not finished, and ``to_do`` what the
    person can do about that. ``erase`` removes what names the person from an entry; without it, nothing does.
    ``waits_until``: the day on which an entry may be erased that may not be yet. ``is_erased``: whether it is already.
    """

    copy: Callable[[Actor, str | None], Page]
    is_open: Callable[[Any], bool] = _never
    to_do: Text | None = None
    erase: Callable[[Actor, Any], None] | None = None
    waits_until: Callable[[Any], date | None] = _no_day
    is_erased: Callable[[Any], bool] = _never

    @property
    def is_archived(self) -> bool:
        """Whether the city may say how long the archive keeps it: what stays in its place is not archived too."""
        return self.erase is not None

    @property
    def can_be_open(self) -> bool:
        """Whether entries of this part may be unfinished."""
        return self.to_do is not None


@functools.cache
def all_parts() -> dict[str, Part]:
    """The parts by their names, in the order in which they are erased.

    The features are imported here: every request for what is ``/v1/me`` would load all of them otherwise.
    """
    from chalicelib.applications import service as applications
    from chalicelib.appointments import service as appointments
    from chalicelib.certificates import service as certificates
    from chalicelib.delivery import service as delivery
    from chalicelib.notices import service as notices
    from chalicelib.payments import service as payments

    return {
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
            is_erased=certificates.erasure.is_erased,
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
        ),
        "messages": Part(copy=notices.copies.messages, erase=notices.erasure.erase_message),
        "preferences": Part(copy=notices.copies.preferences, erase=notices.erasure.erase_preferences),
        # The last one: relatives, mandates and appointments are found by the person's number, consents by the logins.
        "account": Part(copy=identity.copies.account, erase=identity.closing.erase_account),
    }


def copy(actor: Actor, part: str, cursor: str | None) -> Page:
    """A page of one part, in clear. Always the caller's own, whomever they act for. Raises ``fresh_proof_required``."""
    identity.copies.require_own(actor)
    items: Page = all_parts()[part].copy(actor, cursor)
    return items
