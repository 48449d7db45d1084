"""Endpoints of payments: refunds, asked for, decided and repaired."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import service as identity
from chalicelib.kernel import errors, ids
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.payments import rules, service, store
from chalicelib.payments.routes.shapes import COLLECTED, PaymentReason, Words, concerns
from chalicelib.payments.routes.views import RefundList, RefundView, refund_view
from chalicelib.payments.store import BillItem, RefundItem


def _handles(actor: Actor, item: RefundItem) -> bool:
    return actor.unit == item.unit or "treasurer" in actor.roles


def _concerns(actor: Actor, item: RefundItem) -> bool:
    bill = store.bill(item.bill) if item.bill else None
    if bill is not None:
        return concerns(actor, bill)
    order = store.order(item.order)
    return identity.own_matters.is_own(actor, order.payer if order is not None else "")


REFUND = Access(
    staff=("officer", "supervisor", "treasurer"),
    target=store.refund,
    related=_handles,
    relation="staff of the collecting unit, or a treasurer",
    own=_concerns,
)


class RefundInput(msgspec.Struct, forbid_unknown_fields=True):
    """What is given back: fen of each fee item of the bill, and why.

    ``certificate``: what becomes of the certificate that the bill was paid for, once the money has gone back.
    """

    parts: Annotated[dict[str, Annotated[int, Meta(ge=1, le=rules.MOST_FEN)]], Meta(min_length=1, max_length=50)]
    reason: Words
    certificate: Literal["stays", "suspended", "revoked"]


class RefundQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part begins; ``desk``: the unit's own refunds, or those of money in suspense (treasurers).

    ``waiting``: those that wait for a person, instead of all others.
    """

    desk: Literal["unit", "suspense"] = "unit"
    waiting: bool = False
    cursor: Annotated[str, Meta(max_length=512)] | None = None


@endpoint(
    "POST",
    "/v1/bills/{bill_id}/refunds",
    COLLECTED,
    status=201,
    idempotent=True,
    errors=[rules.BILL_STATE, rules.REFUND_TOO_MUCH, rules.AMOUNT_INVALID, errors.CONFLICT],
)
def request_refund(actor: Actor, target: BillItem, body: RefundInput, request: Request) -> RefundView:
    """Give back parts of a paid bill; above the city's limit, or if a certificate ends, a second person approves."""
    refund_id = ids.derived_id("refund", request.key)
    wanted = service.refunds.RefundRequest(parts=body.parts, reason=body.reason, certificate=body.certificate)
    return refund_view(service.refunds.ask(actor, target, wanted, refund_id))


@endpoint("GET", "/v1/refunds", Access(staff=("officer", "supervisor", "treasurer")))
def list_refunds(actor: Actor, query: RefundQuery) -> RefundList:
    """The unit's refunds, or for treasurers those of money in suspense."""
    if query.desk == "suspense" and "treasurer" not in actor.roles:
        raise errors.FORBIDDEN()
    desk = store.TREASURY if query.desk == "suspense" else actor.unit
    page = store.listed(RefundItem, store.refund_list(desk, query.waiting), query.cursor)
    return RefundList([refund_view(item) for item in page.items], page.cursor)


@endpoint("GET", "/v1/refunds/{refund_id}", REFUND)
def read_refund(target: RefundItem) -> RefundView:
    """One refund."""
    return refund_view(target)


REFUND_ERRORS = [rules.REFUND_STATE, rules.TWO_PERSONS, errors.CONFLICT]


@endpoint("POST", "/v1/refunds/{refund_id}/approve", REFUND, idempotent=True, errors=REFUND_ERRORS)
def approve_refund(actor: Actor, target: RefundItem) -> RefundView:
    """The second person's yes."""
    service.refunds.approve(actor, target)
    return refund_view(target)


@endpoint("POST", "/v1/refunds/{refund_id}/reject", REFUND, idempotent=True, errors=REFUND_ERRORS)
def reject_refund(actor: Actor, target: RefundItem, body: PaymentReason) -> RefundView:
    """The second person's no."""
    service.refunds.reject(actor, target, body.reason)
    return refund_view(target)


@endpoint(
    "POST",
    "/v1/refunds/{refund_id}/repair",
    REFUND,
    idempotent=True,
    errors=[rules.REFUND_STATE, errors.CONFLICT, errors.PLATFORM_UNAVAILABLE],
)
def repair_refund(actor: Actor, target: RefundItem) -> RefundView:
    """Send an abnormal refund to the merchant's own account, to be paid out by hand."""
    service.refunds.repair(actor, target)
    return refund_view(target)


@endpoint(
    "POST",
    "/v1/refunds/{refund_id}/abandon",
    REFUND,
    idempotent=True,
    errors=[rules.REFUND_STATE, errors.CONFLICT, errors.PLATFORM_UNAVAILABLE],
)
def abandon_refund(actor: Actor, target: RefundItem) -> RefundView:
    """Give up a sent refund that the platform knows nothing of; the money is free again."""
    service.refunds.abandon(actor, target)
    return refund_view(target)


@endpoint(
    "POST",
    "/v1/refunds/{refund_id}/pay_out",
    Access(
        staff=("officer",),
        target=store.refund,
        related=_handles,
        relation="officer of the collecting unit",
        own=_concerns,
    ),
    idempotent=True,
    errors=[rules.REFUND_STATE, rules.TWO_PERSONS, rules.DRAWER_CLOSED, errors.CONFLICT],
)
def pay_out_refund(actor: Actor, target: RefundItem) -> RefundView:
    """Pay a refund of a window payment out of the clerk's drawer, or note that a repaired one was paid out by hand."""
    service.counter.pay_out(actor, target)
    return refund_view(target)
