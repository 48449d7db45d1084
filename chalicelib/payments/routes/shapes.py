"""What several of the endpoints of payments take: bills by number, reasons, pages of lists."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.kernel import errors
from chalicelib.payments import rules, service, store
from chalicelib.payments.store import BillItem

BillId = Annotated[str, Meta(pattern=r"^[0-9]{20}$")]


BillIds = Annotated[list[BillId], Meta(min_length=1, max_length=rules.MOST_BILLS)]


Words = Annotated[str, Meta(min_length=2, max_length=200)]


def any_bill(_item: BillItem) -> bool:
    return True


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in words that are kept."""

    reason: Words


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of the list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


def named_bills(wanted: list[str], allowed: service.bills.Allowed) -> list[BillItem]:
    """The bills of a request, each once; raises ``not_found`` if one is absent or none of the caller's business."""
    found = []
    for bill_id in dict.fromkeys(wanted):
        item = store.bill(bill_id)
        if item is None or not allowed(item):
            raise errors.NOT_FOUND()
        found.append(item)
    return found
