"""Endpoints of payments: the window's bills, its payments and its drawer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import rules as identity_rules
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import OWN_ERRORS, Access, Actor
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.payments import rules, service, store
from chalicelib.payments.routes.shapes import (
    PAYING_ERRORS,
    BillIds,
    PaymentReason,
    any_bill,
    collects,
    concerns,
    named_bills,
)
from chalicelib.payments.routes.views import (
    BillView,
    DrawerView,
    PaymentList,
    PaymentView,
    bill_view,
    drawer_view,
    payment_view,
)
from chalicelib.payments.store import BillItem

COUNTER_LIMIT = Limit(name="counter_bill", times=20, seconds=3600, failures_only=True)


CANCELLED_BY = Access(
    staff=("officer", "supervisor"),
    target=store.bill,
    related=collects,
    relation="staff of the collecting unit",
    own=concerns,
)


CLERK = Access(staff=("officer",))


class CounterPayment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was taken at the window: ``cash``, or a ``card`` with its slip number."""

    bills: BillIds
    method: Literal["cash", "card"]
    amount: Annotated[int, Meta(ge=1, le=rules.MOST_FEN)]
    slip: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{0,32}$")] = ""


class Counted(msgspec.Struct, forbid_unknown_fields=True):
    """What the clerk counted at the end of the day, in fen; ``day`` for a day that was not closed in time."""

    cash: Annotated[int, Meta(ge=-rules.MOST_FEN, le=rules.MOST_FEN)]
    card: Annotated[int, Meta(ge=-rules.MOST_FEN, le=rules.MOST_FEN)]
    day: date | None = None


class PresenceQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The code that the payer shows on the phone."""

    presence: Annotated[str, Meta(pattern=r"^([0-9]{8})?$")] = ""


class PaymentNumberQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The number that a payer has in hand: the payment's, or the platform's transaction number."""

    number: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{6,64}$")]


@endpoint(
    "POST",
    "/v1/bills/{bill_id}/cancel",
    CANCELLED_BY,
    errors=[
        rules.BILL_STATE,
        rules.ALREADY_PAID,
        rules.OTHER_PAYMENT_OPEN,
        rules.SUPERVISOR_NEEDED,
        errors.CONFLICT,
    ],
)
def cancel_bill(actor: Actor, target: BillItem, body: PaymentReason) -> BillView:
    """Take back a bill that nobody has paid; above the city's limit a supervisor of the unit has to."""
    service.bills.cancel(actor, target, body.reason)
    return bill_view(target)


@endpoint(
    "GET",
    "/v1/counter/bills/{bill_id}",
    CLERK,
    errors=[errors.NOT_FOUND, identity_rules.PROOF_CODE_INVALID, *OWN_ERRORS],
    limit=COUNTER_LIMIT,
)
def read_counter_bill(actor: Actor, bill_id: str, query: PresenceQuery) -> BillView:
    """The bill behind a payment notice number that somebody brings to the window; the reading is recorded.

    A bill of another unit takes ``presence``: the payer's code of ``POST /v1/me/proof/code``.
    """
    item = service.counter.read_bill(actor, bill_id, query.presence)
    if item is None:
        raise errors.NOT_FOUND()
    return bill_view(item)


@endpoint(
    "POST",
    "/v1/counter/payments",
    CLERK,
    status=201,
    idempotent=True,
    errors=[
        *PAYING_ERRORS,
        rules.AMOUNT_DIFFERS,
        rules.DRAWER_CLOSED,
        rules.CARD_SLIP_USED,
        errors.NOT_FOUND,
        *OWN_ERRORS,
    ],
    limit=COUNTER_LIMIT,
)
def take_counter_payment(actor: Actor, body: CounterPayment, request: Request) -> PaymentView:
    """Take cash or a card for bills at the window."""
    wanted = named_bills(body.bills, any_bill)
    expected = sum(item.amount for item in wanted)
    if body.amount != expected:
        raise rules.AMOUNT_DIFFERS()
    if (body.method == "card") != bool(body.slip):
        raise errors.INVALID_REQUEST(
            fields=[
                errors.FieldError(
                    "/slip", "invalid", zh="刷卡须填凭证号，现金不填", en="Give a slip for a card, none for cash"
                )
            ]
        )
    order_id = ids.derived_id("counter", request.key)
    return payment_view(service.counter.take(actor, wanted, body.method, body.slip, order_id), {})


@endpoint(
    "GET",
    "/v1/counter/payments",
    Access(staff=("officer", "treasurer")),
    errors=[errors.NOT_FOUND],
    limit=COUNTER_LIMIT,
)
def find_payments(query: PaymentNumberQuery) -> PaymentList:
    """What became of a payment that somebody has proof of; of the payer nothing is shown. A wrong number is counted."""
    found = service.counter.find(query.number)
    if not found:
        raise errors.NOT_FOUND()
    return PaymentList([payment_view(item, {}) for item in found])


@endpoint("GET", "/v1/counter/drawer", CLERK)
def read_drawer(actor: Actor) -> DrawerView:
    """The clerk's own drawer of today."""
    return drawer_view(store.drawer(actor.id, actor.unit, clock.today()))


@endpoint("POST", "/v1/counter/drawer/close", CLERK, idempotent=True, errors=[rules.DRAWER_CLOSED, errors.CONFLICT])
def close_drawer(actor: Actor, body: Counted) -> DrawerView:
    """End of the day: what was counted beside what the books say."""
    return drawer_view(service.counter.close_drawer(actor, body.cash, body.card, body.day or clock.today()))
