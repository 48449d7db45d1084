"""Endpoints of payments: the payer's, the platforms' notifications, the window's, and the treasury's desk."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.documents import DocumentLink
from chalicelib.kernel.edge.endpoint import Plain, Request, endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.payments import rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.service.ledger import Report
from chalicelib.payments.store import BillItem, CaseItem, DrawerItem, OrderItem, RefundItem, SuspenseItem
from chalicelib.platforms import payment

BillId = Annotated[str, Meta(pattern=r"^[0-9]{20}$")]
BillIds = Annotated[list[BillId], Meta(min_length=1, max_length=rules.MOST_BILLS)]
Words = Annotated[str, Meta(min_length=2, max_length=200)]
_PAYING_LIMIT = Limit("payment", 60, 300)
_CONFIRM_LIMIT = Limit("payment_confirmation", 6, 60)
_COUNTER_LIMIT = Limit("counter_bill", 60, 300, failures_only=True)


def _owes(actor: Actor, item: BillItem) -> bool:
    return actor.kind == "person" and actor.holds(item.payer) and actor.covers(item.service)


def _pays(actor: Actor, item: OrderItem) -> bool:
    return actor.holds(item.payer) and all(actor.covers(code) for code in str(item.services).split(","))


def _sees_bill(actor: Actor, item: BillItem) -> bool:
    return actor.unit == item.unit if actor.kind == "staff" else _owes(actor, item)


def _collects(actor: Actor, item: BillItem) -> bool:
    return actor.unit == item.unit


def _handles(actor: Actor, item: RefundItem) -> bool:
    return actor.unit == item.unit or "treasurer" in actor.roles


def _anyone_of_role(_actor: Actor, _item: object) -> bool:
    return True


def _any_bill(_item: BillItem) -> bool:
    return True


SEEN_BILL = Access(
    person=Level.REAL_NAME,
    staff=("officer", "supervisor"),
    target=store.bill,
    related=_sees_bill,
    relation="payer, or staff of the collecting unit",
)
OWN_BILL = Access(person=Level.REAL_NAME, target=store.bill, related=_owes, relation="payer")
COLLECTED = Access(staff=("officer",), target=store.bill, related=_collects, relation="officer of the collecting unit")
CANCELLED_BY = Access(
    staff=("officer", "supervisor"), target=store.bill, related=_collects, relation="staff of the collecting unit"
)
OWN_PAYMENT = Access(person=Level.REAL_NAME, target=store.order, related=_pays, relation="payer")
CLERK = Access(staff=("officer",))
REFUND = Access(
    staff=("officer", "supervisor", "treasurer"),
    target=store.refund,
    related=_handles,
    relation="staff of the collecting unit, or a treasurer",
)
TREASURER = Access(staff=("treasurer",))
HELD_MONEY = Access(
    staff=("treasurer",), target=store.suspense, related=_anyone_of_role, relation="any treasurer of the city"
)
DIFFERENCE = Access(
    staff=("treasurer",), target=store.case, related=_anyone_of_role, relation="any treasurer of the city"
)


DRAWER = Access(
    staff=("treasurer",), target=store.drawer_by_id, related=_anyone_of_role, relation="any treasurer of the city"
)


class Money(msgspec.Struct, frozen=True):
    """An amount of fen."""

    amount: int
    currency: str = "CNY"


class LineView(msgspec.Struct, frozen=True):
    """A line of a bill: fee item, name, collecting unit and item code, standard, reductions, what is to be paid."""

    item: str
    name: Text
    unit: Text
    item_code: str
    standard: Money
    reductions: list[str]
    amount: Money
    legal_basis: str


class BillView(msgspec.Struct, frozen=True):
    """A bill. ``status``: open, paying, settled, partly_refunded, refunded, expired, cancelled, replaced.

    ``payment`` is the id of the order that took it in last; ``receipt`` says whether the e-receipt can be had.
    """

    id: str
    status: str
    title: str
    service: str
    unit: Text
    application_id: str
    application_receipt: str
    amount: Money
    refunded: Money
    lines: list[LineView]
    pay_by: str
    payment: str
    replaced_by: str
    receipt: bool


class BillRow(msgspec.Struct, frozen=True):
    """A bill in a list."""

    id: str
    status: str
    title: str
    amount: Money
    pay_by: str


class BillList(msgspec.Struct, frozen=True):
    """A part of the bills, newest first."""

    items: list[BillRow]
    cursor: str | None


class NewPayment(msgspec.Struct, forbid_unknown_fields=True):
    """The bills that are paid together (一键缴费)."""

    bills: BillIds


class UnplacedMoney(msgspec.Struct, frozen=True):
    """Money that could not be taken. ``status``: held, giving_back, given_back, assigned."""

    status: str
    reason: str
    amount: Money
    transaction_id: str


class PaymentView(msgspec.Struct, frozen=True):
    """A payment. ``front_end``: the arguments of wx.requestPayment or my.tradePay while it can be paid.

    ``status``: created, pending, closing, closed, paid, partly_refunded, refunded. Only this tells whether the money
    has arrived; what the front end hears does not. ``unplaced``: money that came for it too late, twice or in another
    amount, and what becomes of it.
    """

    id: str
    channel: str
    status: str
    amount: Money
    bills: list[str]
    expires_at: str
    paid_at: str
    front_end: dict[str, str]
    unplaced: UnplacedMoney | None


class PaymentList(msgspec.Struct, frozen=True):
    """The payments behind a number."""

    items: list[PaymentView]


class RefundInput(msgspec.Struct, forbid_unknown_fields=True):
    """What is given back: fen of each fee item of the bill, and why."""

    parts: Annotated[dict[str, Annotated[int, Meta(ge=1, le=rules.MOST_FEN)]], Meta(min_length=1, max_length=50)]
    reason: Words


class RefundView(msgspec.Struct, frozen=True):
    """A refund. ``status``: requested, approved, sent, done, rejected, failed, abnormal, returned."""

    id: str
    status: str
    channel: str
    amount: Money
    bill: str
    suspense: str
    parts: dict[str, int]
    unit: str
    asked_by: str
    asked_at: str
    done_at: str


class RefundList(msgspec.Struct, frozen=True):
    """A part of the unit's refunds, the oldest first."""

    items: list[RefundView]
    cursor: str | None


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in words that are kept."""

    reason: Words


class CounterPayment(msgspec.Struct, forbid_unknown_fields=True):
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


class DrawerView(msgspec.Struct, frozen=True):
    """A clerk's drawer of a day: what the books say, and what was counted once it is closed.

    ``status``: open, closed, differing, resolved.
    """

    id: str
    clerk: str
    day: str
    status: str
    payments: int
    cash: Money
    card: Money
    counted_cash: Money | None
    counted_card: Money | None


class DrawerList(msgspec.Struct, frozen=True):
    """The clerks' drawers of a day."""

    items: list[DrawerView]
    cursor: str | None


class SuspenseView(msgspec.Struct, frozen=True):
    """Money that fits no bill. ``reason``: late, duplicate, wrong_amount, unknown_order."""

    id: str
    status: str
    reason: str
    channel: str
    amount: Money
    transaction_id: str
    order: str
    paid_at: str
    refund: str


class SuspenseList(msgspec.Struct, frozen=True):
    """A part of the money in suspense, the oldest first."""

    items: list[SuspenseView]
    cursor: str | None


class Assignment(msgspec.Struct, forbid_unknown_fields=True):
    """The bills that money in suspense pays."""

    bills: BillIds


class CaseView(msgspec.Struct, frozen=True):
    """A difference found by reconciliation, and what it suggests to do."""

    id: str
    status: str
    day: str
    channel: str
    kind: str
    reference: str
    ours: Money
    theirs: Money
    detail: str
    suggestion: Text


class CaseList(msgspec.Struct, frozen=True):
    """A part of the open differences, the oldest first."""

    items: list[CaseView]
    cursor: str | None


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part of the list begins."""

    cursor: Annotated[str, Meta(max_length=512)] | None = None


class NumberQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The number that a payer has in hand: the payment's, or the platform's transaction number."""

    number: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{6,64}$")]


class DayQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A day, and where the next part of its list begins."""

    day: date
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class RefundQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where the next part begins; ``desk``: the unit's own refunds, or those of money in suspense (treasurers).

    ``waiting``: those that wait for a person, instead of all others.
    """

    desk: Literal["unit", "suspense"] = "unit"
    waiting: bool = False
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class SpanQuery(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The first and the last day."""

    first: date
    last: date


class ReportRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The first and the last day, and the file's form."""

    first: date
    last: date
    form: Literal["csv", "xlsx"]


PAYING_ERRORS = [
    rules.BILL_NOT_PAYABLE,
    rules.ALREADY_PAID,
    rules.AMOUNT_INVALID,
    rules.NOT_VERIFIED,
    errors.CONFLICT,
    errors.PLATFORM_UNAVAILABLE,
]


@endpoint("GET", "/v1/bills", Access(person=Level.REAL_NAME))
def list_bills(actor: Actor, query: ListQuery) -> BillList:
    """The bills of the caller, or of the enterprise that the caller acts for."""
    page = store.bills_of(actor.parties, query.cursor)
    return BillList([_bill_row(item) for item in page.items if actor.covers(item.service)], page.cursor)


@endpoint("GET", "/v1/bills/{bill_id}", SEEN_BILL)
def read_bill(target: BillItem) -> BillView:
    """One bill with its lines."""
    return _bill_view(target)


@endpoint(
    "POST",
    "/v1/bills/{bill_id}/reissue",
    OWN_BILL,
    errors=[rules.BILL_STATE, rules.ALREADY_PAID, rules.OTHER_PAYMENT_OPEN, errors.CONFLICT],
)
def reissue_bill(actor: Actor, target: BillItem) -> BillView:
    """A new bill in place of one that has expired; a repeat answers with the same one."""
    return _bill_view(service.bills.reissue(actor, target))


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
def cancel_bill(actor: Actor, target: BillItem, body: Reason) -> BillView:
    """Take back a bill that nobody has paid; above the city's limit a supervisor of the unit has to."""
    service.bills.cancel(actor, target, body.reason)
    return _bill_view(target)


@endpoint("POST", "/v1/bills/{bill_id}/receipt_links", OWN_BILL, errors=[rules.NO_RECEIPT])
def link_receipt(target: BillItem) -> DocumentLink:
    """A link to the fiscal e-receipt as PDF, for five minutes."""
    return service.documents.receipt_link(target)


@endpoint(
    "POST",
    "/v1/payments",
    Access(person=Level.REAL_NAME),
    status=201,
    idempotent=True,
    errors=[
        *PAYING_ERRORS,
        rules.SESSION_WITHOUT_CHANNEL,
        rules.PAYMENT_STATE,
        payment.PAYER_MISMATCH,
        payment.PAYMENT_LIMITED,
        payment.CHANNEL_OUT_OF_ORDER,
    ],
    limit=_PAYING_LIMIT,
)
def create_payment(actor: Actor, body: NewPayment, request: Request) -> PaymentView:
    """Pay one or several bills in the mini-program; one's own unfinished payment of them goes on."""
    wanted = _bills(body.bills, lambda item: _owes(actor, item))
    opened = service.orders.open_order(actor, wanted, ids.derived_id("order", request.key))
    return _payment_view(opened.order, opened.front_end)


@endpoint("GET", "/v1/payments/{order_id}", OWN_PAYMENT)
def read_payment(target: OrderItem) -> PaymentView:
    """How a payment stands."""
    return _payment_view(target, {})


@endpoint(
    "POST",
    "/v1/payments/{order_id}/refresh",
    OWN_PAYMENT,
    errors=[errors.CONFLICT, rules.NOT_VERIFIED],
    limit=_CONFIRM_LIMIT,
)
def refresh_payment(target: OrderItem) -> PaymentView:
    """“I have paid”: ask the platform now."""
    return _payment_view(service.orders.check(target, "query"), {})


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
    return _payment_view(service.orders.cancel(actor, target), {})


@endpoint("POST", "/v1/notify/wechat_pay", ANYONE, errors=[rules.NOTICE_REFUSED, errors.CONFLICT])
def notify_wechat_pay(request: Request) -> Plain:
    """A notification of WeChat Pay; an empty answer says that it was taken in."""
    service.notices.take_wechat(request.headers, request.body)
    return Plain("")


@endpoint("POST", "/v1/notify/alipay", ANYONE, errors=[rules.NOTICE_REFUSED, errors.CONFLICT])
def notify_alipay(request: Request) -> Plain:
    """A notification of Alipay; ``success`` says that it was taken in."""
    service.notices.take_alipay(request.body)
    return Plain("success")


# The window


@endpoint("GET", "/v1/counter/bills/{bill_id}", CLERK, limit=_COUNTER_LIMIT)
def read_counter_bill(actor: Actor, bill_id: str) -> BillView:
    """The bill behind a payment notice number that somebody brings to the window; the reading is recorded."""
    item = service.counter.read_bill(actor, bill_id)
    if item is None:
        raise errors.NOT_FOUND()
    return _bill_view(item)


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
    ],
)
def take_counter_payment(actor: Actor, body: CounterPayment, request: Request) -> PaymentView:
    """Take cash or a card for bills at the window."""
    wanted = _bills(body.bills, _any_bill)
    expected = sum(int(item.amount) for item in wanted)
    if body.amount != expected:
        raise rules.AMOUNT_DIFFERS(expected=expected)
    if (body.method == "card") != bool(body.slip):
        raise errors.INVALID_REQUEST(
            fields=[
                errors.FieldError(
                    "/slip", "invalid", "刷卡须填凭证号，现金不填", "Give a slip for a card, none for cash"
                )
            ]
        )
    order_id = ids.derived_id("counter", request.key)
    return _payment_view(service.counter.take(actor, wanted, body.method, body.slip, order_id), {})


@endpoint("GET", "/v1/counter/payments", Access(staff=("officer", "treasurer")), limit=_COUNTER_LIMIT)
def find_payments(query: NumberQuery) -> PaymentList:
    """What became of a payment that somebody has proof of; of the payer nothing is shown."""
    return PaymentList([_payment_view(item, {}) for item in service.counter.find(query.number)])


@endpoint("GET", "/v1/counter/drawer", CLERK)
def read_drawer(actor: Actor) -> DrawerView:
    """The clerk's own drawer of today."""
    return _drawer_view(store.drawer(actor.id, actor.unit, clock.today()))


@endpoint("POST", "/v1/counter/drawer/close", CLERK, idempotent=True, errors=[rules.DRAWER_CLOSED, errors.CONFLICT])
def close_drawer(actor: Actor, body: Counted) -> DrawerView:
    """End of the day: what was counted beside what the books say."""
    return _drawer_view(service.counter.close_drawer(actor, body.cash, body.card, body.day or clock.today()))


# Refunds


@endpoint(
    "POST",
    "/v1/bills/{bill_id}/refunds",
    COLLECTED,
    status=201,
    idempotent=True,
    errors=[rules.BILL_STATE, rules.REFUND_TOO_MUCH, rules.AMOUNT_INVALID, errors.CONFLICT],
)
def request_refund(actor: Actor, target: BillItem, body: RefundInput, request: Request) -> RefundView:
    """Give back parts of a paid bill; above the city's limit a second person has to approve."""
    refund_id = ids.derived_id("refund", request.key)
    return _refund_view(service.refunds.ask(actor, target, body.parts, body.reason, refund_id))


@endpoint("GET", "/v1/refunds", Access(staff=("officer", "supervisor", "treasurer")))
def list_refunds(actor: Actor, query: RefundQuery) -> RefundList:
    """The unit's refunds, or for treasurers those of money in suspense."""
    if query.desk == "suspense" and "treasurer" not in actor.roles:
        raise errors.FORBIDDEN()
    name = "UNIT#treasury" if query.desk == "suspense" else f"UNIT#{actor.unit}"
    page = store.listed(RefundItem, name + (store.WAITING if query.waiting else ""), query.cursor)
    return RefundList([_refund_view(item) for item in page.items], page.cursor)


@endpoint("GET", "/v1/refunds/{refund_id}", REFUND)
def read_refund(target: RefundItem) -> RefundView:
    """One refund."""
    return _refund_view(target)


REFUND_ERRORS = [rules.REFUND_STATE, rules.TWO_PERSONS, errors.CONFLICT]


@endpoint("POST", "/v1/refunds/{refund_id}/approve", REFUND, idempotent=True, errors=REFUND_ERRORS)
def approve_refund(actor: Actor, target: RefundItem) -> RefundView:
    """The second person's yes."""
    service.refunds.approve(actor, target)
    return _refund_view(target)


@endpoint("POST", "/v1/refunds/{refund_id}/reject", REFUND, idempotent=True, errors=REFUND_ERRORS)
def reject_refund(actor: Actor, target: RefundItem, body: Reason) -> RefundView:
    """The second person's no."""
    service.refunds.reject(actor, target, body.reason)
    return _refund_view(target)


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
    return _refund_view(target)


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
    return _refund_view(target)


@endpoint(
    "POST",
    "/v1/refunds/{refund_id}/pay_out",
    Access(staff=("officer",), target=store.refund, related=_handles, relation="officer of the collecting unit"),
    idempotent=True,
    errors=[rules.REFUND_STATE, rules.DRAWER_CLOSED, errors.CONFLICT],
)
def pay_out_refund(actor: Actor, target: RefundItem) -> RefundView:
    """Pay a refund of a window payment out of the clerk's drawer, or note that a repaired one was paid out by hand."""
    service.counter.pay_out(actor, target)
    return _refund_view(target)


# The treasury's desk


@endpoint("GET", "/v1/suspense", TREASURER)
def list_suspense(query: ListQuery) -> SuspenseList:
    """Money that fits no bill and waits for a decision."""
    page = store.listed(SuspenseItem, "SUSPENSE#held", query.cursor)
    return SuspenseList([_suspense_view(item) for item in page.items], page.cursor)


@endpoint(
    "POST",
    "/v1/suspense/{suspense_id}/give_back",
    HELD_MONEY,
    status=201,
    idempotent=True,
    errors=[rules.SUSPENSE_STATE, errors.CONFLICT],
)
def give_back_suspense(actor: Actor, target: SuspenseItem, body: Reason) -> RefundView:
    """Give money in suspense back to its payer; above the city's limit a second person has to approve."""
    return _refund_view(service.refunds.give_back(actor, target, body.reason))


@endpoint(
    "POST",
    "/v1/suspense/{suspense_id}/assign",
    HELD_MONEY,
    status=201,
    idempotent=True,
    errors=[*PAYING_ERRORS, rules.SUSPENSE_STATE, rules.AMOUNT_DIFFERS, rules.OTHER_PAYMENT_OPEN],
)
def assign_suspense(actor: Actor, target: SuspenseItem, body: Assignment, request: Request) -> PaymentView:
    """Money in suspense turned out to be for these bills."""
    wanted = _bills(body.bills, _any_bill)
    order_id = ids.derived_id("assignment", request.key)
    return _payment_view(service.counter.assign(actor, target.id, wanted, order_id), {})


@endpoint("GET", "/v1/payment_cases", TREASURER)
def list_payment_cases(query: ListQuery) -> CaseList:
    """Differences between the platforms' bills and the ledger that wait for a person."""
    page = store.listed(CaseItem, "CASES#open", query.cursor)
    return CaseList([_case_view(item) for item in page.items], page.cursor)


@endpoint("POST", "/v1/payment_cases/{case_id}/resolve", DIFFERENCE, errors=[errors.CONFLICT])
def resolve_payment_case(actor: Actor, target: CaseItem, body: Reason) -> CaseView:
    """Note that a difference has been dealt with, and how."""
    service.reconciling.resolve(actor, target, body.reason)
    return _case_view(target)


@endpoint("GET", "/v1/drawers", TREASURER)
def list_drawers(query: DayQuery) -> DrawerList:
    """The drawers of a day: who has not closed, whose count differs."""
    page = store.listed(DrawerItem, f"DRAWERS#{query.day}", query.cursor)
    return DrawerList([_drawer_view(item) for item in page.items], page.cursor)


@endpoint("POST", "/v1/drawers/{drawer_id}/resolve", DRAWER, errors=[errors.CONFLICT])
def resolve_drawer(actor: Actor, target: DrawerItem, body: Reason) -> DrawerView:
    """Note that a difference has been dealt with, and how."""
    service.counter.resolve_drawer(actor, target, body.reason)
    return _drawer_view(target)


@endpoint("GET", "/v1/treasury", TREASURER, errors=[rules.SPAN_TOO_LONG])
def read_treasury(query: SpanQuery) -> Report:
    """What each unit's items brought, day by day; sums to the ledger."""
    return service.ledger.report(query.first, query.last)


@endpoint("POST", "/v1/treasury/links", TREASURER, errors=[rules.SPAN_TOO_LONG])
def link_treasury(body: ReportRequest) -> DocumentLink:
    """A link to the report as CSV or Excel, for five minutes."""
    return service.documents.report_link(body.first, body.last, body.form)


def _bills(wanted: list[str], allowed: service.bills.Allowed) -> list[BillItem]:
    """The bills of a request, each once; raises ``not_found`` if one is absent or none of the caller's business."""
    found = []
    for bill_id in dict.fromkeys(wanted):
        item = store.bill(bill_id)
        if item is None or not allowed(item):
            raise errors.NOT_FOUND()
        found.append(item)
    return found


def _bill_row(item: BillItem) -> BillRow:
    status = service.bills.status_of(item, service.bills.last_order(item) if item.status == rules.OPEN else None)
    return BillRow(item.id, status, str(item.title), Money(int(item.amount)), str(item.pay_by))


def _bill_view(item: BillItem) -> BillView:
    order = service.bills.last_order(item)
    return BillView(
        item.id,
        service.bills.status_of(item, order),
        str(item.title),
        str(item.service),
        catalog.unit_name(item.unit),
        str(item.application_id),
        str(item.receipt),
        Money(int(item.amount)),
        Money(int(item.refunded)),
        [_line_view(charge) for charge in item.lines()],
        str(item.pay_by),
        item.order or "",
        item.replaced_by or "",
        service.receipts.is_there(item),
    )


def _line_view(charge: Charge) -> LineView:
    return LineView(
        charge.item,
        Text(charge.name_zh, charge.name_en),
        catalog.unit_name(charge.unit),
        charge.item_code,
        Money(charge.standard),
        list(charge.reductions),
        Money(charge.amount),
        charge.legal_basis,
    )


def _payment_view(item: OrderItem, front_end: dict[str, str]) -> PaymentView:
    return PaymentView(
        item.id,
        str(item.channel),
        str(item.status),
        Money(int(item.amount)),
        item.bill_ids(),
        clock.local(service.settling.moment(item.ends_at)).isoformat(),
        item.paid_at or "",
        front_end,
        _unplaced(item),
    )


def _unplaced(item: OrderItem) -> UnplacedMoney | None:
    held = store.suspense(item.suspense) if item.suspense else None
    if held is None:
        return None
    return UnplacedMoney(str(held.status), str(held.reason), Money(int(held.amount)), str(held.transaction_id))


def _refund_view(item: RefundItem) -> RefundView:
    return RefundView(
        item.id,
        str(item.status),
        str(item.channel),
        Money(int(item.amount)),
        item.bill or "",
        item.suspense or "",
        item.shares(),
        str(item.unit),
        str(item.asked_by),
        clock.local(service.settling.moment(item.asked_at)).isoformat(),
        item.done_at or "",
    )


def _drawer_view(item: DrawerItem) -> DrawerView:
    closed = item.counted_cash is not None
    return DrawerView(
        item.id,
        str(item.clerk),
        str(item.day),
        str(item.status),
        int(item.payments),
        Money(int(item.cash)),
        Money(int(item.card)),
        Money(int(item.counted_cash or 0)) if closed else None,
        Money(int(item.counted_card or 0)) if closed else None,
    )


def _suspense_view(item: SuspenseItem) -> SuspenseView:
    return SuspenseView(
        item.id,
        str(item.status),
        str(item.reason),
        str(item.channel),
        Money(int(item.amount)),
        str(item.transaction_id),
        str(item.order),
        str(item.paid_at),
        item.refund or "",
    )


def _case_view(item: CaseItem) -> CaseView:
    zh, en = rules.SUGGESTIONS[item.kind]
    return CaseView(
        item.id,
        str(item.status),
        str(item.day),
        str(item.channel),
        str(item.kind),
        str(item.reference),
        Money(int(item.ours)),
        Money(int(item.theirs)),
        str(item.detail),
        Text(zh, en),
    )
