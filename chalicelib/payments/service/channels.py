"""The channels that money comes through, and what their refusals mean for the people who wait."""

from __future__ import annotations

from typing import cast

from chalicelib.kernel import errors, log
from chalicelib.platforms import alipay_pay, http, payment, wechat_pay
from chalicelib.platforms.payment import Channel, Refused

WECHAT = "wechat_pay"
ALIPAY = "alipay"
CASH = "cash"
CARD = "card"
ONLINE = (WECHAT, ALIPAY)
COUNTER = (CASH, CARD)
ALL = (*ONLINE, *COUNTER)
OF_PLATFORM = {"wechat": WECHAT, "alipay": ALIPAY}


def channel(name: str) -> Channel:
    """The client of an online channel."""
    return cast(Channel, {WECHAT: wechat_pay, ALIPAY: alipay_pay}[name])


def problem_of(name: str, refusal: Refused) -> errors.Problem:
    """What somebody who wants to pay is told about a refusal; our own mistakes also reach the alarm."""
    platform = channel(name).PLATFORM
    if refusal.kind in ("retry", "absent", "closed", "paid"):
        return http.unavailable(platform)
    if refusal.kind == "payer":
        return payment.PAYER_MISMATCH()
    if refusal.kind == "limit":
        return payment.PAYMENT_LIMITED(platform=platform)
    log.count("payment_channel_refusals")
    return payment.CHANNEL_OUT_OF_ORDER(platform=platform)
