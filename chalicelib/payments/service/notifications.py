"""Notifications of the platforms: verified, believed as far as they go, answered; a repeat costs a read."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.kernel import log
from chalicelib.payments import rules, store
from chalicelib.payments.service import refunds, settlement
from chalicelib.payments.service.channels import ALIPAY, WECHAT
from chalicelib.platforms import alipay_pay, wechat_pay
from chalicelib.platforms.payment import Forged, Notice, RefundAnswer, Trade


def take_wechat(headers: dict[str, str], body: bytes) -> None:
    """Take in a notification of WeChat Pay; raises ``notification_refused``, or what makes it come again."""
    _take(WECHAT, lambda: wechat_pay.read_notice(headers, body))


def take_alipay(body: bytes) -> None:
    """Take in a notification of Alipay; raises as ``take_wechat``."""
    _take(ALIPAY, lambda: alipay_pay.read_notice(body))


def _take(channel: str, read: Callable[[], Notice]) -> None:
    try:
        notice = read()
        _check_amount(channel, notice)
    except Forged as forged:
        log.write("notification_refused", level="error", platform=channel, reason=str(forged))
        log.count("forged_notifications")
        raise rules.NOTICE_REFUSED() from None
    if notice.kind == "payment" and notice.trade is not None:
        _take_payment(channel, notice.order_no, notice.trade)
    elif notice.kind == "refund" and not _take_refund(notice):
        log.write("refund_unknown", level="warning", platform=channel)
        log.count("payment_differences")


def _check_amount(channel: str, notice: Notice) -> None:
    """A notification with another amount than ours is not believed; the query and the bill will tell."""
    if notice.kind == "payment" and notice.trade is not None:
        _check_payment_amount(channel, notice.order_no, notice.trade)
    if notice.kind == "refund" and notice.refund is not None:
        _check_refund_amount(notice.refund_no, notice.refund)


def _check_payment_amount(channel: str, order_no: str, trade: Trade) -> None:
    if trade.state != "paid":
        return
    order = store.order(order_no)
    if order is None or order.channel != channel:
        return
    if trade.amount != order.amount:
        raise Forged("amount")


def _check_refund_amount(refund_no: str, told: RefundAnswer) -> None:
    refund = store.refund(refund_no)
    if refund is None:
        return
    # A platform may leave the amount out of a refusal: it says 0 then.
    says_amount = told.amount != 0
    if told.total != refund.total or (says_amount and told.amount != refund.amount):
        raise Forged("amount")


def _take_refund(notice: Notice) -> bool:
    """A refund's end, or, where the platform only says that something happened, a reason to ask at once."""
    told = notice.refund
    return refunds.apply_notice(notice.refund_no, told if told is not None and told.state != "pending" else None)


def _take_payment(channel: str, order_no: str, trade: Trade) -> None:
    if trade.state == "paid":
        settlement.settle(channel, order_no, trade, "notification")
        return
    order = store.order(order_no)
    if trade.state == "closed" and order is not None and order.status in rules.LIVE:
        settlement.close(order)
