"""What several of the endpoints of payments take: bills by number, reasons, pages of lists."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor
from chalicelib.payments import rules, service, store
from chalicelib.payments.store import BillItem

BillId = Annotated[str, Meta(pattern=r"^[0-9]{20}$")]


BillIds = Annotated[list[BillId], Meta(min_length=1, max_length=rules.MOST_BILLS)]


Words = Annotated[str, Meta(min_length=2, max_length=200)]


def any_bill(_item: BillItem) -> bool:
    return True


class PaymentReason(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in words that are kept."""

    reason: Words


def named_bills(wanted: list[str], allowed: service.bills.Allowed) -> list[BillItem]:
    """The bills of a request, each once; raises ``not_found`` if one is absent or none of the caller's business."""
    found = []
    for bill_id in dict.fromkeys(wanted):
        item = store.bill(bill_id)
        if item is None or not allowed(item):
            raise errors.NOT_FOUND()
        found.append(item)
    return found


def collects(actor: Actor, item: BillItem) -> bool:
    return actor.unit == item.unit


def concerns(actor: Actor, item: BillItem) -> bool:
    """Whether a bill is a staff member's own matter."""
    return identity.own_matters.is_own(actor, item.payer, item.handler)


COLLECTED = Access(
    staff=("officer",),
    target=store.bill,
    related=collects,
    relation="officer of the collecting unit",
    own=concerns,
)


PAYING_ERRORS = [
    rules.BILL_NOT_PAYABLE,
    rules.ALREADY_PAID,
    rules.AMOUNT_INVALID,
    rules.NOT_VERIFIED,
    errors.CONFLICT,
    errors.PLATFORM_UNAVAILABLE,
]
