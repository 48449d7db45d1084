"""What payments show: bills, payments, refunds, drawers, suspense and cases."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import Instant, Money, View, given, one_of
from chalicelib.payments import differences, rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.store import BillItem, CaseItem, DrawerItem, OrderItem, RefundItem, SuspenseItem

BillStatus = Annotated[str, one_of({*rules.BILLS.states, *rules.SHOWN_BILL_STATES})]
PaymentStatus = Annotated[str, one_of(rules.ORDERS.states)]
RefundStatus = Annotated[str, one_of(rules.REFUNDS.states)]
CertificateOutcome = Annotated[str, one_of(rules.CERTIFICATE_OUTCOMES)]
SuspenseStatus = Annotated[str, one_of(rules.SUSPENSE.states)]
SuspenseReason = Annotated[str, one_of(rules.SUSPENSE_REASONS)]
DrawerStatus = Annotated[str, one_of(rules.DRAWERS.states)]
CaseStatus = Annotated[str, one_of(rules.CASES.states)]
CaseKind = Annotated[str, one_of(differences.SUGGESTIONS)]
Channel = Annotated[str, one_of(service.channels.ALL)]


class LineView(View, frozen=True, kw_only=True):
    """A line of a bill: fee item, name, collecting unit and item code, standard, reductions, what is due."""

    item: str
    name: Text
    unit: Text
    item_code: str
    standard: Money
    reductions: list[str]
    amount: Money
    legal_basis: str


class BillView(View, frozen=True, kw_only=True):
    """A bill.

    ``owed_for`` is the id of what it is for: an application, or a parcel, as ``purpose`` says.
    ``payment`` is the id of the order that took it in last; ``receipt`` says whether the e-receipt can be had.
    """

    id: str
    status: BillStatus
    title: str
    service: str
    unit: Text
    purpose: str
    owed_for: str
    application_receipt: str
    amount: Money
    refunded: Money
    lines: list[LineView]
    pay_by: date
    receipt: bool
    payment: str | None = None
    replaced_by: str | None = None


class BillRow(View, frozen=True, kw_only=True):
    """A bill in a list."""

    id: str
    status: BillStatus
    title: str
    amount: Money
    pay_by: date


class BillList(View, frozen=True):
    """A part of the bills, newest first."""

    items: list[BillRow]
    cursor: str | None = None


class UnplacedMoney(View, frozen=True, kw_only=True):
    """Money that could not be taken."""

    status: SuspenseStatus
    reason: SuspenseReason
    amount: Money
    transaction_id: str


class PaymentView(View, frozen=True, kw_only=True):
    """A payment. ``front_end``: the arguments of wx.requestPayment or my.tradePay while it can be paid.

    Only ``status`` tells whether the money
    has arrived; what the front end hears does not. ``unplaced``: money that came for it too late, twice or in another
    amount, and what becomes of it.
    """

    id: str
    channel: Channel
    status: PaymentStatus
    amount: Money
    bills: list[str]
    expires_at: Instant
    front_end: dict[str, str]
    paid_at: Instant | None = None
    unplaced: UnplacedMoney | None = None


class PaymentList(View, frozen=True):
    """The payments behind a number."""

    items: list[PaymentView]


class RefundView(View, frozen=True, kw_only=True):
    """A refund of a bill, or of money in suspense.

    ``certificate``: what becomes of the bill's certificate once the money has gone back.
    """

    id: str
    status: RefundStatus
    certificate: CertificateOutcome
    channel: Channel
    amount: Money
    parts: dict[str, int]
    unit: str
    asked_by: str
    asked_at: Instant
    bill: str | None = None
    suspense: str | None = None
    done_at: Instant | None = None


class RefundList(View, frozen=True):
    """A part of the unit's refunds, the oldest first."""

    items: list[RefundView]
    cursor: str | None = None


class DrawerView(View, frozen=True, kw_only=True):
    """A clerk's drawer of a day: what the books say, and what was counted once it is closed."""

    id: str
    clerk: str
    day: date
    status: DrawerStatus
    payments: int
    cash: Money
    card: Money
    counted_cash: Money | None = None
    counted_card: Money | None = None


class DrawerList(View, frozen=True):
    """The clerks' drawers of a day."""

    items: list[DrawerView]
    cursor: str | None = None


class SuspenseView(View, frozen=True, kw_only=True):
    """Money that fits no bill, and why; ``refund`` gives it back, ``proposed_bills`` are what it may be for."""

    id: str
    status: SuspenseStatus
    reason: SuspenseReason
    channel: Channel
    amount: Money
    transaction_id: str
    order: str
    paid_at: Instant
    refund: str | None = None
    proposed_bills: list[str] | None = None
    proposer: str | None = None


class SuspenseList(View, frozen=True):
    """A part of the money in suspense, the oldest first."""

    items: list[SuspenseView]
    cursor: str | None = None


class CaseView(View, frozen=True, kw_only=True):
    """A difference found by reconciliation, and what it suggests to do."""

    id: str
    status: CaseStatus
    day: date
    channel: Channel
    kind: CaseKind
    reference: str
    ours: Money
    theirs: Money
    suggestion: Text
    detail: str | None = None


class CaseList(View, frozen=True):
    """A part of the open differences, the oldest first."""

    items: list[CaseView]
    cursor: str | None = None


def bill_row(item: BillItem) -> BillRow:
    status = service.bills.status_of(item, service.bills.last_order(item) if item.status == rules.OPEN else None)
    return BillRow(id=item.id, status=status, title=item.title, amount=Money(item.amount), pay_by=item.pay_by)


def bill_view(item: BillItem) -> BillView:
    order = service.bills.last_order(item)
    return BillView(
        id=item.id,
        status=service.bills.status_of(item, order),
        title=item.title,
        service=item.service,
        unit=catalog.unit_name(item.unit),
        purpose=item.purpose,
        owed_for=item.owed_for,
        application_receipt=item.receipt,
        amount=Money(item.amount),
        refunded=Money(item.refunded),
        lines=[_line_view(charge) for charge in item.charges],
        pay_by=item.pay_by,
        payment=item.order,
        replaced_by=item.replaced_by,
        receipt=service.receipts.is_there(item),
    )


def _line_view(charge: Charge) -> LineView:
    return LineView(
        item=charge.item,
        name=Text(charge.name_zh, charge.name_en),
        unit=catalog.unit_name(charge.unit),
        item_code=charge.item_code,
        standard=Money(charge.standard),
        reductions=list(charge.reductions),
        amount=Money(charge.amount),
        legal_basis=charge.legal_basis,
    )


def payment_view(item: OrderItem, front_end: dict[str, str]) -> PaymentView:
    return PaymentView(
        id=item.id,
        channel=item.channel,
        status=item.status,
        amount=Money(item.amount),
        bills=item.bills,
        expires_at=clock.local(item.ends_at),
        paid_at=clock.local_or_none(item.paid_at),
        front_end=front_end,
        unplaced=_unplaced(item),
    )


def _unplaced(item: OrderItem) -> UnplacedMoney | None:
    held = store.suspense(item.suspense) if item.suspense else None
    if held is None:
        return None
    return UnplacedMoney(
        status=held.status,
        reason=held.reason,
        amount=Money(held.amount),
        transaction_id=held.transaction_id,
    )


def refund_view(item: RefundItem) -> RefundView:
    return RefundView(
        id=item.id,
        status=item.status,
        certificate=item.certificate,
        channel=item.channel,
        amount=Money(item.amount),
        bill=item.bill,
        suspense=item.suspense,
        parts=item.parts,
        unit=item.unit,
        asked_by=item.asked_by,
        asked_at=clock.local(item.asked_at),
        done_at=clock.local_or_none(item.done_at),
    )


def drawer_view(item: DrawerItem) -> DrawerView:
    return DrawerView(
        id=item.id,
        clerk=item.clerk,
        day=item.day,
        status=item.status,
        payments=item.payments,
        cash=Money(item.cash),
        card=Money(item.card),
        counted_cash=_counted(item.counted_cash),
        counted_card=_counted(item.counted_card),
    )


def _counted(fen: int | None) -> Money | None:
    """What was counted, once the drawer is closed."""
    return Money(fen) if fen is not None else None


def suspense_view(item: SuspenseItem) -> SuspenseView:
    return SuspenseView(
        id=item.id,
        status=item.status,
        reason=item.reason,
        channel=item.channel,
        amount=Money(item.amount),
        transaction_id=item.transaction_id,
        order=item.order,
        paid_at=clock.local(item.paid_at),
        refund=item.refund,
        proposed_bills=given(list(item.proposed_bills)),
        proposer=given(item.proposer),
    )


def case_view(item: CaseItem) -> CaseView:
    zh, en = differences.SUGGESTIONS[item.kind]
    return CaseView(
        id=item.id,
        status=item.status,
        day=item.day,
        channel=item.channel,
        kind=item.kind,
        reference=item.reference,
        ours=Money(item.ours),
        theirs=Money(item.theirs),
        detail=given(item.detail),
        suggestion=Text(zh, en),
    )
