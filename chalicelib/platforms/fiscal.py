"""The fiscal e-receipt system (财政电子票据): issue, void by a red receipt (冲红), query.

The national documents (财综〔2017〕32号, 〔2018〕72号) fix what a receipt says, not how a province's system is called;
this port has a contract of its own (docs/payments.md), signed as the departments' exchange is: HMAC-SHA256 over
method, path, time, nonce and body, and answers over the nonce. ``serial`` makes a repeat find the first result.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from chalicelib.platforms import http, signed
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "财政电子票据系统 Fiscal receipts"


class ReceiptLine(msgspec.Struct, frozen=True):
    """A line of a receipt: item code, item name, fen."""

    code: str
    name: str
    amount: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says: collecting unit, payer with number, payment notice number, total in fen, lines."""

    serial: str
    unit_code: str
    unit: str
    payer: str
    payer_number: str
    notice_number: str
    amount: int
    lines: list[ReceiptLine]


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """An issued receipt: code (8 digits), number (10 digits), check characters (6), date, total in fen."""

    code: str
    number: str
    check: str
    issued_on: date
    amount: int


def issue(receipt: Receipt) -> Issued:
    """Issue a receipt, or find the one issued under the same serial; raises ``platform_unavailable``."""
    answer = _call("/v1/receipts", msgspec.to_builtins(receipt))
    try:
        return msgspec.convert(answer, Issued)
    except msgspec.ValidationError:
        raise http.unavailable(PLATFORM) from None


def void(serial: str) -> str:
    """Void the receipt of a serial; the number of the red receipt. Raises ``platform_unavailable``."""
    answer = _call("/v1/receipts/void", {"serial": serial})
    if not isinstance(answer.get("red"), str):
        raise http.unavailable(PLATFORM)
    return str(answer["red"])


def query(serial: str) -> str:
    """``valid``, ``voided`` or ``absent``, as the provider knows it; raises ``platform_unavailable``."""
    return str(_call("/v1/receipts/query", {"serial": serial}).get("status", "absent"))


def _call(path: str, content: dict[str, Any]) -> dict[str, Any]:
    service = signed.Service(
        name=PLATFORM, url=settings().fiscal_url, client_id=settings().fiscal_client_id, secret=secrets().fiscal_secret
    )
    return signed.call(service, path, content)
