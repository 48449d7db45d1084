"""What payments show: bills, payments, refunds, drawers, suspense and cases."""

from __future__ import annotations

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import Money
from chalicelib.payments import differences, rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.store import BillItem, CaseItem, DrawerItem, OrderItem, RefundItem, SuspenseItem


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bill: fee item, name, collecting unit and item code, standard, reductions, what is to be paid."""

    item: str
    name: Text
    unit: Text
    item_code: str
    standard: Money
    reductions: list[str]
    amount: Money
    legal_basis: str


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill. ``status``: open, paying, settled, partly_refunded, refunded, expired, cancelled, replaced.

    ``owed_for`` is the id of the application, or of the parcel if ``purpose`` says so.
    ``payment`` is the id of the order that took it in last; ``receipt`` says whether the e-receipt can be had.
    """

    id: str
    status: str
    title: str
    service: str
    unit: Text
    purpose: str
    owed_for: str
    application_receipt: str
    amount: Money
    refunded: Money
    lines: list[LineView]
    pay_by: str
    payment: str
    replaced_by: str
    receipt: bool


class BillRow(msgspec.Struct, frozen=True, kw_only=True):
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


class UnplacedMoney(msgspec.Struct, frozen=True, kw_only=True):
    """Money that could not be taken. ``status``: held, giving_back, given_back, assigned."""

    status: str
    reason: str
    amount: Money
    transaction_id: str


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
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


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
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


class DrawerView(msgspec.Struct, frozen=True, kw_only=True):
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


class SuspenseView(msgspec.Struct, frozen=True, kw_only=True):
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


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
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


def bill_row(item: BillItem) -> BillRow:
    status = service.bills.status_of(item, service.bills.last_order(item) if item.status == rules.OPEN else None)
    return BillRow(id=item.id, status=status, title=item.title, amount=Money(item.amount), pay_by=str(item.pay_by))


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
        pay_by=str(item.pay_by),
        payment=item.order or "",
        replaced_by=item.replaced_by or "",
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
        expires_at=clock.local_text(item.ends_at),
        paid_at=clock.local_text(item.paid_at),
        front_end=front_end,
        unplaced=_unplaced(item),
    )


def _unplaced(item: OrderItem) -> UnplacedMoney | None:
    held = store.suspense(item.suspense) if item.suspense else None
    if held is None:
        return None
    return UnplacedMoney(
        status=str(held.status),
        reason=str(held.reason),
        amount=Money(int(held.amount)),
        transaction_id=str(held.transaction_id),
    )


def refund_view(item: RefundItem) -> RefundView:
    return RefundView(
        id=item.id,
        status=item.status,
        channel=item.channel,
        amount=Money(item.amount),
        bill=item.bill or "",
        suspense=item.suspense or "",
        parts=item.parts,
        unit=item.unit,
        asked_by=item.asked_by,
        asked_at=clock.local_text(item.asked_at),
        done_at=clock.local_text(item.done_at),
    )


def drawer_view(item: DrawerItem) -> DrawerView:
    closed = item.counted_cash is not None
    return DrawerView(
        id=item.id,
        clerk=str(item.clerk),
        day=str(item.day),
        status=item.status,
        payments=item.payments,
        cash=Money(item.cash),
        card=Money(item.card),
        counted_cash=Money(int(item.counted_cash or 0)) if closed else None,
        counted_card=Money(int(item.counted_card or 0)) if closed else None,
    )


def suspense_view(item: SuspenseItem) -> SuspenseView:
    return SuspenseView(
        id=item.id,
        status=item.status,
        reason=item.reason,
        channel=item.channel,
        amount=Money(item.amount),
        transaction_id=str(item.transaction_id),
        order=str(item.order),
        paid_at=clock.local_text(item.paid_at),
        refund=item.refund or "",
    )


def case_view(item: CaseItem) -> CaseView:
    zh, en = differences.SUGGESTIONS[item.kind]
    return CaseView(
        id=item.id,
        status=item.status,
        day=str(item.day),
        channel=item.channel,
        kind=item.kind,
        reference=item.reference,
        ours=Money(item.ours),
        theirs=Money(item.theirs),
        detail=item.detail,
        suggestion=Text(zh, en),
    )
