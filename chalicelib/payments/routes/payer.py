"""Endpoints of payments: the payer's bills and payments."""

from __future__ import annotations

import msgspec

from chalicelib.identity import service as identity
from chalicelib.kernel import errors, ids
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.documents import DocumentLink
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import ListQuery
from chalicelib.payments import rules, service, store
from chalicelib.payments.routes.shapes import PAYING_ERRORS, BillIds, concerns, named_bills
from chalicelib.payments.routes.views import BillList, BillView, PaymentView, bill_row, bill_view, payment_view
from chalicelib.payments.store import BillItem, OrderItem
from chalicelib.platforms import payment

_PAYING_LIMIT = Limit(name="payment", times=60, seconds=300)


_CONFIRM_LIMIT = Limit(name="payment_confirmation", times=6, seconds=60)


def _owes(actor: Actor, item: BillItem) -> bool:
    return actor.kind == "person" and actor.holds(item.payer) and actor.covers(item.service)


def _pays(actor: Actor, item: OrderItem) -> bool:
    return actor.holds(item.payer) and all(actor.covers(code) for code in item.services)


def _sees_bill(actor: Actor, item: BillItem) -> bool:
    return actor.unit == item.unit if actor.kind == "staff" else _owes(actor, item)


SEEN_BILL = Access(
    person=Level.PROVEN,
    staff=("officer", "supervisor"),
    target=store.bill,
    related=_sees_bill,
    relation="payer, or staff of the collecting unit",
    own=concerns,
)


OWN_BILL = Access(person=Level.PROVEN, target=store.bill, related=_owes, relation="payer")


OWN_PAYMENT = Access(person=Level.PROVEN, target=store.order, related=_pays, relation="payer")


class NewPayment(msgspec.Struct, forbid_unknown_fields=True):
    """The bills that are paid together (一键缴费)."""

    bills: BillIds


@endpoint("GET", "/v1/bills", Access(person=Level.PROVEN))
def list_bills(actor: Actor, query: ListQuery) -> BillList:
    """The bills of the caller, or of the enterprise that the caller acts for."""
    page = store.bills_of(actor.parties, query.cursor)
    return BillList([bill_row(item) for item in page.items if actor.covers(item.service)], page.cursor)


@endpoint("GET", "/v1/bills/{bill_id}", SEEN_BILL)
def read_bill(target: BillItem) -> BillView:
    """One bill with its lines."""
    return bill_view(target)


@endpoint(
    "POST",
    "/v1/bills/{bill_id}/reissue",
    OWN_BILL,
    errors=[rules.BILL_STATE, rules.ALREADY_PAID, rules.OTHER_PAYMENT_OPEN, errors.CONFLICT],
)
def reissue_bill(actor: Actor, target: BillItem) -> BillView:
    """A new bill in place of one that has expired; a repeat answers with the same one."""
    return bill_view(service.bills.reissue(actor, target))


@endpoint("POST", "/v1/bills/{bill_id}/receipt_links", OWN_BILL, errors=[rules.NO_RECEIPT])
def link_receipt(target: BillItem) -> DocumentLink:
    """A link to the fiscal e-receipt as PDF, for five minutes."""
    return service.documents.receipt_link(target)


@endpoint(
    "POST",
    "/v1/payments",
    Access(person=Level.PROVEN),
    status=201,
    idempotent=True,
    errors=[
        *PAYING_ERRORS,
        rules.SESSION_WITHOUT_CHANNEL,
        rules.PAYMENT_STATE,
        payment.PAYER_MISMATCH,
        payment.PAYMENT_LIMITED,
        payment.CHANNEL_OUT_OF_ORDER,
        *identity.representation.ERRORS,
        errors.NOT_FOUND,
    ],
    limit=_PAYING_LIMIT,
)
def create_payment(actor: Actor, body: NewPayment, request: Request) -> PaymentView:
    """Pay one or several bills in the mini-program; one's own unfinished payment of them goes on."""
    wanted = named_bills(body.bills, lambda item: _owes(actor, item))
    opened = service.orders.open_order(actor, wanted, ids.derived_id("order", request.key))
    return payment_view(opened.order, opened.front_end)


@endpoint("GET", "/v1/payments/{order_id}", OWN_PAYMENT)
def read_payment(target: OrderItem) -> PaymentView:
    """How a payment stands."""
    return payment_view(target, {})


@endpoint(
    "POST",
    "/v1/payments/{order_id}/refresh",
    OWN_PAYMENT,
    errors=[errors.CONFLICT, rules.NOT_VERIFIED],
    limit=_CONFIRM_LIMIT,
)
def refresh_payment(target: OrderItem) -> PaymentView:
    """“I have paid”: ask the platform now."""
    return payment_view(service.orders.check(target, "query"), {})


@endpoint(
    "POST",
    "/v1/payments/{order_id}/close",
    OWN_PAYMENT,
    errors=[
        rules.ALREADY_PAID,
        rules.PAYMENT_STATE,
        errors.CONFLICT,
        rules.NOT_VERIFIED,
    ],
)
def close_payment(actor: Actor, target: OrderItem) -> PaymentView:
    """Give up an unfinished payment; its bills can be paid anew."""
    return payment_view(service.orders.cancel(actor, target), {})
