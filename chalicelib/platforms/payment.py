"""What WeChat Pay and Alipay have in common, in our own words; amounts are integer fen.

Each channel's module (``wechat_pay``, ``alipay_pay``) offers the same functions with these shapes, so the payments
feature never sees a platform's spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, Protocol

import msgspec

from chalicelib.kernel import errors

_REPLACEMENT = "□"
_FORBIDDEN = str.maketrans({"/": "／", "=": "＝", "&": "＆"})
_YUAN = re.compile(r"^-?\d{1,12}(\.\d{1,5})?$", re.ASCII)

PAYER_MISMATCH = errors.ErrorCode(
    "payer_account_mismatch",
    422,
    zh="付款账号与登录账号不一致，请重新登录后再支付",
    en="The paying account is not the one that is logged in; log in again, then pay",
)
PAYMENT_LIMITED = errors.ErrorCode(
    "payment_refused_by_platform",
    422,
    zh="{platform} 拒绝了这笔交易（限额或账户限制），请换一种支付方式或到窗口缴费",
    en="{platform} refused (a limit of the account); pay another way or at a window",
)
CHANNEL_OUT_OF_ORDER = errors.ErrorCode(
    "payment_channel_out_of_order",
    503,
    zh="{platform} 收款暂不可用，没有扣款，请换一种支付方式或到窗口缴费",
    en="{platform} cannot be used now and nothing was charged; pay another way or at a window",
)


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the platform tells it; ``absent`` means that the platform knows no such order."""

    state: Literal["unpaid", "paid", "closed", "absent"]
    transaction_id: str = ""
    amount: int = 0
    paid_at: datetime | None = None


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the platform tells it; ``abnormal``: the payer's account could not take the money.

    ``amount`` of a payment of ``total``; 0 where the platform does not say.
    """

    state: Literal["pending", "done", "failed", "abnormal", "absent"]
    refund_id: str = ""
    amount: int = 0
    total: int = 0
    done_at: datetime | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified notification: about a payment, a refund, or something that asks for no deed."""

    kind: Literal["payment", "refund", "other"]
    order_no: str = ""
    refund_no: str = ""
    trade: Trade | None = None
    refund: RefundAnswer | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a platform's daily bill: a payment, or a refund; ``fee`` is the platform's commission."""

    kind: Literal["payment", "refund"]
    order_no: str
    transaction_id: str
    amount: int
    fee: int
    at: datetime
    refund_no: str = ""


class BadRow(msgspec.Struct, frozen=True):
    """A line of a bill that cannot be read: its number and what is wrong with it."""

    line: int
    reason: str


class Forged(Exception):
    """A notification that must not be believed; the message says why."""


class BillNotReady(Exception):
    """The platform has not made the day's bill yet."""


class Refused(Exception):
    """The platform said no. ``kind`` is what that means for us, ``code`` its own word.

    Kinds: ``retry`` (ask again with the same number), ``paid``, ``closed``, ``absent``, ``payer``, ``limit``,
    ``balance`` (the merchant's), ``setup`` (our configuration).
    """

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind = kind
        self.code = code


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform is asked to take: our number, amount, words, the payer's account there, the last moment."""

    no: str
    amount: int
    description: str
    payer: str
    expires_at: datetime


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform is asked to give back: our numbers, the part, the whole, and the reason that the payer reads."""

    no: str
    order_no: str
    amount: int
    total: int
    reason: str


class Channel(Protocol):
    """What each channel's module offers; all raise ``Refused`` and the problem ``platform_unavailable``."""

    PLATFORM: str

    def create(self, order: Order) -> str: ...

    def front_end(self, prepay: str) -> dict[str, str]: ...

    def query(self, order_no: str) -> Trade: ...

    def close(self, order_no: str) -> None: ...

    def refund(self, wanted: Refund) -> RefundAnswer: ...

    def query_refund(self, wanted: Refund) -> RefundAnswer: ...

    def repair_refund(self, wanted: Refund, refund_id: str) -> RefundAnswer: ...

    def bill_rows(self, day: str) -> Iterator[Row | BadRow]: ...


def plain_text(text: str, limit: int) -> str:
    """Words that both platforms take: no control characters, no 4-byte characters (emoji, rare Han), no / = &.

    Each character that cannot be sent becomes □, so that a name never fails an order (WeChat: UTF-8 of at most three
    bytes; Alipay: subject without / = &).
    """
    printable = "".join(character for character in text if character.isprintable())
    replaced = "".join(_REPLACEMENT if ord(character) > 0xFFFF else character for character in printable)
    return replaced.translate(_FORBIDDEN)[:limit]


def to_yuan(fen: int) -> str:
    """1250 as ``12.50``."""
    return f"{fen // 100}.{fen % 100:02d}"


def to_fen(yuan: str) -> int:
    """``12.5`` or ``-12.50`` as integer fen; raises ``ValueError`` for anything that is not an amount of whole fen."""
    fen = _exact_fen(yuan)
    if fen != int(fen):
        raise ValueError("not a whole number of fen")
    return int(fen)


def to_rounded_fen(yuan: str) -> int:
    """A commission such as ``0.00600`` as integer fen, halves up; raises ``ValueError``."""
    return int(_exact_fen(yuan).quantize(Decimal(1), ROUND_HALF_UP))


def _exact_fen(yuan: str) -> Decimal:
    if not _YUAN.match(yuan.strip()):
        raise ValueError("not an amount")
    return Decimal(yuan.strip()) * 100
