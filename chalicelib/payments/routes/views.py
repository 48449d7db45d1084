"""What payments show: bills, payments, refunds, drawers, suspense and cases."""

from __future__ import annotations

import msgspec

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import Money
from chalicelib.payments import rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.store import BillItem, CaseItem, DrawerItem, OrderItem, RefundItem, SuspenseItem


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


def bill_row(item: BillItem) -> BillRow:
    status = service.bills.status_of(item, service.bills.last_order(item) if item.status == rules.OPEN else None)
    return BillRow(item.id, status, item.title, Money(item.amount), str(item.pay_by))


def bill_view(item: BillItem) -> BillView:
    order = service.bills.last_order(item)
    return BillView(
        item.id,
        service.bills.status_of(item, order),
        item.title,
        item.service,
        catalog.unit_name(item.unit),
        item.purpose,
        item.owed_for,
        item.receipt,
        Money(item.amount),
        Money(item.refunded),
        [_line_view(charge) for charge in item.charges],
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


def payment_view(item: OrderItem, front_end: dict[str, str]) -> PaymentView:
    return PaymentView(
        item.id,
        item.channel,
        item.status,
        Money(item.amount),
        item.bills,
        clock.local_text(item.ends_at),
        clock.local_text(item.paid_at),
        front_end,
        _unplaced(item),
    )


def _unplaced(item: OrderItem) -> UnplacedMoney | None:
    held = store.suspense(item.suspense) if item.suspense else None
    if held is None:
        return None
    return UnplacedMoney(str(held.status), str(held.reason), Money(int(held.amount)), str(held.transaction_id))


def refund_view(item: RefundItem) -> RefundView:
    return RefundView(
        item.id,
        item.status,
        item.channel,
        Money(item.amount),
        item.bill or "",
        item.suspense or "",
        item.parts,
        item.unit,
        item.asked_by,
        clock.local_text(item.asked_at),
        clock.local_text(item.done_at),
    )


def drawer_view(item: DrawerItem) -> DrawerView:
    closed = item.counted_cash is not None
    return DrawerView(
        item.id,
        str(item.clerk),
        str(item.day),
        item.status,
        item.payments,
        Money(item.cash),
        Money(item.card),
        Money(int(item.counted_cash or 0)) if closed else None,
        Money(int(item.counted_card or 0)) if closed else None,
    )


def suspense_view(item: SuspenseItem) -> SuspenseView:
    return SuspenseView(
        item.id,
        item.status,
        item.reason,
        item.channel,
        Money(item.amount),
        str(item.transaction_id),
        str(item.order),
        clock.local_text(item.paid_at),
        item.refund or "",
    )


def case_view(item: CaseItem) -> CaseView:
    zh, en = rules.SUGGESTIONS[item.kind]
    return CaseView(
        item.id,
        item.status,
        str(item.day),
        item.channel,
        item.kind,
        item.reference,
        Money(item.ours),
        Money(item.theirs),
        item.detail,
        Text(zh, en),
    )
