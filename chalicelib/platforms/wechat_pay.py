"""WeChat Pay APIv3 for mini-programs: a thin client on ``cryptography`` (docs/decisions/wechat-pay.md).

Contract: WeChat Pay's merchant documents for direct merchants (request signature, verification, JSAPI orders,
refunds, bills). Every answer is verified over its raw bytes before it is believed.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.kernel import clock, log
from chalicelib.kernel import settings as deployment
from chalicelib.platforms import http, payment
from chalicelib.platforms.payment import BadRow, Forged, Notice, Order, Refund, RefundAnswer, Refused, Row, Trade
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "微信支付 WeChat Pay"
TOLERANCE_SECONDS = 300
_DESCRIPTION = 127
_REASON = 80
_MEANINGS = {
    "SYSTEM_ERROR": "retry", "BANK_ERROR": "retry", "FREQUENCY_LIMITED": "retry", "RATELIMIT_EXCEEDED": "retry",
    "USER_PAYING": "retry",
    "ORDER_PAID": "paid", "ORDERPAID": "paid",
    "ORDER_CLOSED": "closed", "OUT_TRADE_NO_USED": "closed",
    "ORDER_NOT_EXIST": "absent", "ORDERNOTEXIST": "absent", "RESOURCE_NOT_EXISTS": "absent",
    "OPENID_MISMATCH": "payer", "RULE_LIMIT": "limit", "TRADE_ERROR": "limit", "NOT_ENOUGH": "balance",
}  # fmt: skip
_REFUND_STATES = {"SUCCESS": "done", "PROCESSING": "pending", "CLOSED": "failed", "ABNORMAL": "abnormal"}
_TRADE_STATES = {"SUCCESS": "paid", "REFUND": "paid", "CLOSED": "closed", "REVOKED": "closed"}
_COLUMNS = (
    "交易时间",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "退款状态",
    "订单金额",
    "商户退款单号",
    "申请退款金额",
    "手续费",
)


def create(order: Order) -> str:
    """POST /v3/pay/transactions/jsapi; the prepay id. The same order again gives an id for the same order."""
    answer = _post(
        "/v3/pay/transactions/jsapi",
        {
            "appid": settings().wechat_app_id,
            "mchid": settings().wechat_pay_merchant_id,
            "description": payment.plain_text(order.description, _DESCRIPTION),
            "out_trade_no": order.no,
            "time_expire": clock.local(order.expires_at).isoformat(),
            "notify_url": f"{deployment.settings().public_url}/v1/notify/wechat_pay",
            "amount": {"total": order.amount, "currency": "CNY"},
            "payer": {"openid": order.payer},
        },
    )
    return str(answer["prepay_id"])


def front_end(prepay: str) -> dict[str, str]:
    """The arguments of wx.requestPayment, signed now."""
    timestamp = str(clock.seconds(clock.now()))
    nonce = token_hex(16)
    package = f"prepay_id={prepay}"
    text = f"{settings().wechat_app_id}\n{timestamp}\n{nonce}\n{package}\n"
    return {
        "timeStamp": timestamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": sign(text),
    }


def query(order_no: str) -> Trade:
    """The order as WeChat Pay knows it; ``absent`` if it knows none."""
    path = f"/v3/pay/transactions/out-trade-no/{order_no}?mchid={settings().wechat_pay_merchant_id}"
    try:
        answer = _get(path)
        if answer["out_trade_no"] != order_no or answer["appid"] != settings().wechat_app_id:
            raise http.unavailable(PLATFORM)
        return _trade(answer)
    except Refused as refusal:
        if refusal.kind == "absent":
            return Trade(state="absent")
        raise
    except (Forged, KeyError, TypeError, ValueError):
        raise http.unavailable(PLATFORM) from None


def close(order_no: str) -> None:
    """Close an unpaid order; raises ``Refused`` with ``paid`` when it is paid."""
    path = f"/v3/pay/transactions/out-trade-no/{order_no}/close"
    try:
        _post(path, {"mchid": settings().wechat_pay_merchant_id})
    except Refused as refusal:
        if refusal.kind not in ("absent", "closed"):
            raise


def refund(wanted: Refund) -> RefundAnswer:
    """Ask for a refund; an answer means accepted, not done. A repeat keeps its number and moves no second time."""
    answer = _post(
        "/v3/refund/domestic/refunds",
        {
            "out_trade_no": wanted.order_no,
            "out_refund_no": wanted.no,
            "reason": payment.plain_text(wanted.reason, _REASON),
            "notify_url": f"{deployment.settings().public_url}/v1/notify/wechat_pay",
            "amount": {"refund": wanted.amount, "total": wanted.total, "currency": "CNY"},
        },
    )
    return _refund_answer(answer, "status")


def query_refund(wanted: Refund) -> RefundAnswer:
    """The refund as WeChat Pay knows it."""
    try:
        return _refund_answer(_get(f"/v3/refund/domestic/refunds/{wanted.no}"), "status")
    except Refused as refusal:
        if refusal.kind == "absent":
            return RefundAnswer(state="absent")
        raise


def repair_refund(wanted: Refund, refund_id: str) -> RefundAnswer:
    """An abnormal refund goes back to the merchant's own account, to be paid out by hand."""
    path = f"/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"
    return _refund_answer(_post(path, {"out_refund_no": wanted.no, "type": "MERCHANT_BANK_CARD"}), "status")


def read_notice(headers: Mapping[str, str], body: bytes) -> Notice:
    """What a notification says, if it is genuine, fresh and about our merchant; raises ``Forged``."""
    verify(headers, body)
    try:
        envelope = json.loads(body)
        resource = envelope["resource"]
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise Forged("algorithm")
        plain = json.loads(decrypt(resource["nonce"], resource.get("associated_data") or "", resource["ciphertext"]))
        return _notice(str(envelope["event_type"]), plain)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidTag):
        raise Forged("content") from None


def _notice(event: str, plain: dict[str, Any]) -> Notice:
    if plain["mchid"] != settings().wechat_pay_merchant_id:
        raise Forged("other merchant")
    if event == "TRANSACTION.SUCCESS":
        if plain["appid"] != settings().wechat_app_id:
            raise Forged("other app")
        return Notice(kind="payment", order_no=str(plain["out_trade_no"]), trade=_trade(plain))
    if event.startswith("REFUND."):
        if plain["amount"].get("currency", "CNY") != "CNY":
            raise Forged("currency")
        answer = _refund_answer(plain, "refund_status")
        return Notice(
            kind="refund", order_no=str(plain["out_trade_no"]), refund_no=str(plain["out_refund_no"]), refund=answer
        )
    return Notice(kind="other")


def decrypt(nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """AEAD_AES_256_GCM with the APIv3 key; raises ``InvalidTag`` or ``ValueError``."""
    key = secrets().wechat_pay_api_v3_key.encode()
    data = base64.b64decode(ciphertext, validate=True)
    return AESGCM(key).decrypt(nonce.encode(), data, associated_data.encode())


def verify(headers: Mapping[str, str], body: bytes) -> None:
    """Check that WeChat Pay signed ``body`` lately, with a key that we know; raises ``Forged``.

    ``headers`` with lower-case names. The serial is looked up before anything else is done, and never fetched.
    """
    serial = headers.get("wechatpay-serial", "")
    key = settings().wechat_pay_platform_keys.get(serial)
    if key is None:
        raise Forged("unknown serial")
    timestamp = headers.get("wechatpay-timestamp", "")
    nonce = headers.get("wechatpay-nonce", "")
    signature = headers.get("wechatpay-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit()) or not nonce or not signature:
        raise Forged("headers")
    if abs(clock.seconds(clock.now()) - int(timestamp)) > TOLERANCE_SECONDS:
        raise Forged("timestamp")
    if headers.get("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048") != "WECHATPAY2-SHA256-RSA2048":
        raise Forged("signature type")
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    try:
        _public_key(key).verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        raise Forged("signature") from None


def sign(text: str) -> str:
    """The merchant's signature of ``text``: SHA256 with RSA, base64."""
    key = _private_key(secrets().wechat_pay_private_key)
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()


def authorization(method: str, path: str, body: bytes) -> str:
    """The Authorization header of one request; ``path`` with its query."""
    timestamp = str(clock.seconds(clock.now()))
    nonce = token_hex(16)
    signature = sign(f"{method}\n{path}\n{timestamp}\n{nonce}\n{body.decode()}\n")
    pairs = {
        "mchid": settings().wechat_pay_merchant_id,
        "nonce_str": nonce,
        "signature": signature,
        "timestamp": timestamp,
        "serial_no": settings().wechat_pay_merchant_serial,
    }
    return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in pairs.items())


def _get(path: str) -> dict[str, Any]:
    return _call("GET", path, b"")


def _post(path: str, content: dict[str, Any]) -> dict[str, Any]:
    return _call("POST", path, msgspec.json.encode(content))


def _call(method: str, path: str, body: bytes) -> dict[str, Any]:
    url = settings().wechat_pay_url + path
    # asking changes nothing, and may be done twice
    is_question = method == "GET"
    headers = _headers(method, path, body)
    answer = http.call(
        PLATFORM, method, url, body=body or None, headers=headers, explained=True, repeatable=is_question
    )
    try:
        verify({name.lower(): value for name, value in answer.headers.items()}, answer.data)
    except Forged as forged:
        log.write("platform_failed", level="error", platform="wechat_pay", status=answer.status, reason=str(forged))
        raise http.unavailable(PLATFORM) from None
    content = http.parse_object(PLATFORM, answer.data) if answer.data else {}
    if answer.status in (200, 204):
        return content
    code = str(content.get("code", ""))
    log.write("platform_refused", level="warning", platform="wechat_pay", code=code, status=answer.status)
    raise Refused(_meaning(answer.status, code), code)


def _meaning(status: int, code: str) -> str:
    """What a refusal asks of us: a code that nobody documented is temporary on 5xx, and our mistake otherwise."""
    return _MEANINGS.get(code, "retry" if status >= 500 or status in (202, 429) else "setup")


def _headers(method: str, path: str, body: bytes) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "banshi",
        "Wechatpay-Serial": next(iter(settings().wechat_pay_platform_keys)),
        "Authorization": authorization(method, path, body),
    }


def _trade(plain: dict[str, Any]) -> Trade:
    state = _TRADE_STATES.get(str(plain.get("trade_state")), "unpaid")
    if state != "paid":
        return Trade(state="closed" if state == "closed" else "unpaid")
    amount = plain["amount"]
    if plain["mchid"] != settings().wechat_pay_merchant_id or amount.get("currency", "CNY") != "CNY":
        raise Forged("other merchant or currency")
    if type(amount["total"]) is not int:
        raise Forged("amount")
    return Trade(
        state="paid",
        transaction_id=str(plain["transaction_id"]),
        amount=amount["total"],
        paid_at=datetime.fromisoformat(plain["success_time"]),
    )


def _refund_answer(plain: dict[str, Any], field: str) -> RefundAnswer:
    state = _REFUND_STATES.get(str(plain.get(field)), "pending")
    amount = plain.get("amount") or {}
    done = plain.get("success_time")
    return RefundAnswer(
        state=state,  # type: ignore[arg-type]
        refund_id=str(plain.get("refund_id", "")),
        amount=int(amount.get("refund", 0)),
        total=int(amount.get("total", 0)),
        done_at=datetime.fromisoformat(done) if state == "done" and done else None,
    )


def bill_rows(day: str) -> Iterator[Row | BadRow]:
    """The lines of the trade bill (ALL) of a day, ``2026-11-21``; nothing for a day without trades.

    The file is checked against its SHA-1 before the first line is handed out. Raises ``BillNotReady``.
    """
    try:
        told = _get(f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL")
    except Refused as refusal:
        if refusal.code == "NO_STATEMENT_EXIST":
            return
        if refusal.code == "STATEMENT_CREATING":
            raise payment.BillNotReady from None
        raise
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bill.csv")
        url = str(told["download_url"])
        path = "/" + url.split("/", 3)[3]
        http.download(PLATFORM, settings().wechat_pay_url + path, file, _headers("GET", path, b""))
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha1").hexdigest() != str(told["hash_value"]).lower():
                raise http.unavailable(PLATFORM)
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield from read_bill(lines)


def read_bill(lines: Iterable[str]) -> Iterator[Row | BadRow]:
    """The rows of a bill's text; a bad one is handed out as such and the others go on.

    Each value begins with a backtick and nothing is quoted, so a line never reaches into the next one.
    """
    header: list[str] | None = None
    for number, line in enumerate(lines, 1):
        cells = line.strip("\r\n").split("," if header is None else ",`")
        if header is None:
            header = [cell.strip() for cell in cells]
            if missing := [name for name in _COLUMNS if name not in header]:
                yield BadRow(number, f"no column {', '.join(missing)}")
                return
            continue
        if cells and cells[0].startswith("总交易单数"):
            return
        try:
            row = _row(dict(zip(header, (cell.removeprefix("`").strip() for cell in cells), strict=True)))
            if row is not None:
                yield row
        except ValueError as error:
            yield BadRow(number, str(error))


def _row(cells: dict[str, str]) -> Row | None:
    """A payment, or a refund that is done; a refund on its way moves nothing yet."""
    at = datetime.strptime(cells["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
    fee = payment.to_rounded_fen(cells["手续费"])
    no = cells["商户订单号"]
    transaction = cells["微信订单号"]
    if cells["交易状态"] == "SUCCESS":
        return Row(
            kind="payment",
            order_no=no,
            transaction_id=transaction,
            amount=payment.to_fen(cells["订单金额"]),
            fee=fee,
            at=at,
        )
    if cells["交易状态"] == "REFUND" and cells["退款状态"] != "SUCCESS":
        return None
    if cells["交易状态"] in ("REFUND", "REVOKED"):
        return Row(
            kind="refund",
            order_no=no,
            transaction_id=transaction,
            amount=payment.to_fen(cells["申请退款金额"]),
            fee=fee,
            at=at,
            refund_no=cells["商户退款单号"],
        )
    raise ValueError(f"unknown state {cells['交易状态']}")


@functools.lru_cache(maxsize=2)
def _private_key(encoded: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(encoded), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@functools.lru_cache(maxsize=8)
def _public_key(encoded: str) -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(base64.b64decode(encoded))
    assert isinstance(key, rsa.RSAPublicKey)
    return key
