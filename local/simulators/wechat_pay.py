"""WeChat Pay APIv3: JSAPI orders, queries, closing, refunds, bills, notifications; every answer is signed.

Contract: platforms B.1 to B.9. Platform keys: a public key (``PUB_KEY_ID_...``) and a platform certificate's key side
by side; a share of the answers and notifications is signed with the certificate's (``certificate_share``).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.kernel import clock
from local.gateway import HttpAnswer
from local.simulators.cashier import Cashier, Notification, Refund, Trade

CLOCK_SECONDS = 300
_ORDER_FIELDS = {
    "appid", "mchid", "description", "out_trade_no", "time_expire", "attach", "notify_url", "goods_tag", "limit_pay",
    "support_fapiao", "amount", "payer", "detail", "scene_info", "settle_info",
}  # fmt: skip
_REFUND_FIELDS = {
    "transaction_id", "out_trade_no", "out_refund_no", "reason", "notify_url", "funds_account", "amount", "goods_detail"
}  # fmt: skip
_BILL_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)


class Refusal(Exception):
    """An error answer: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.content = status, {"code": code, "message": message}


class WeChatPay(Cashier):
    """One merchant with its API certificate, its APIv3 key, and the platform's two keys."""

    retries = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
    forgeries = (
        "signature",
        "signtest",
        "serial",
        "timestamp",
        "merchant",
        "app",
        "amount",
        "less",
        "currency",
        "body",
    )

    def __init__(
        self,
        app_id: str,
        merchant: tuple[str, str, str],
        api_v3_key: str,
        platform_keys: dict[str, str],
        url: str,
    ) -> None:
        super().__init__()
        self._app_id, self._url = app_id, url
        self._merchant_id, self._merchant_serial, public = merchant
        self._api_v3_key = api_v3_key.encode()
        merchant_key = serialization.load_der_public_key(base64.b64decode(public))
        assert isinstance(merchant_key, rsa.RSAPublicKey)
        self._merchant_key = merchant_key
        self._platform_keys = {serial: _private(key) for serial, key in platform_keys.items()}
        self._nonces: set[str] = set()
        self._bills: dict[str, bytes] = {}
        self.certificate_share = 0.0
        self.scripted_errors: list[tuple[int, str]] = []
        self.spoiled_rows: list[str] = []
        self.forged_replies: list[str] = []
        self.controls |= {
            "forged_replies": self._forge_replies,
            "errors": self._script_error,
            "certificate_share": self._set_share,
            "spoil_bill": self._spoil_bill,
        }

    def reset(self) -> dict[str, Any]:
        self.scripted_errors.clear()
        self.spoiled_rows.clear()
        self.forged_replies.clear()
        self.certificate_share = 0.0
        return super().reset()

    def _forge_replies(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"kinds": ["signtest", "serial", "timestamp", "signature"]}``: how the next answers are signed wrongly."""
        self.forged_replies += wanted["kinds"]
        return wanted

    def _script_error(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"status": 403, "code": "RULE_LIMIT"}``: what the next call is answered."""
        self.scripted_errors.append((int(wanted["status"]), wanted["code"]))
        return wanted

    def _set_share(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"share": 0.5}``: how much is signed with the platform certificate's key."""
        self.certificate_share = float(wanted["share"])
        return wanted

    def _spoil_bill(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"row": "`garbage"}``: a row that the next bills hold besides."""
        self.spoiled_rows.append(wanted["row"])
        return wanted

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        target = path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
        try:
            with self.lock:
                self._authorize(method, target, headers, body)
                if path.startswith("/v3/billdownload/"):
                    return HttpAnswer(200, {"Content-Type": "text/plain"}, self._bills[query["token"]])
                status, content = self._execute(method, path, query, body)
        except Refusal as refusal:
            status, content = refusal.status, refusal.content
        data = b"" if status == 204 else json.dumps(content, ensure_ascii=False).encode()
        forged = self.forged_replies.pop(0) if self.forged_replies else ""
        return HttpAnswer(status, {"Content-Type": "application/json", **self._signed_headers(data, forged)}, data)

    def _authorize(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        if not headers.get("user-agent") or not headers.get("accept"):
            raise Refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', headers.get("authorization", "")))
        timestamp, nonce = pairs.get("timestamp", "0"), pairs.get("nonce_str", "")
        text = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(pairs.get("signature", ""), validate=True)
            self._merchant_key.verify(signature, text, PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise Refusal(401, "SIGN_ERROR", "签名错误") from None
        known = pairs.get("mchid") == self._merchant_id and pairs.get("serial_no") == self._merchant_serial
        if not known or abs(_now() - int(timestamp)) > CLOCK_SECONDS or nonce in self._nonces:
            raise Refusal(401, "SIGN_ERROR", "签名错误")
        self._nonces.add(nonce)

    def _execute(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        if self.scripted_errors:
            status, code = self.scripted_errors.pop(0)
            raise Refusal(status, code, "scripted")
        wanted = _checked_body(body) if body else {}
        parts = path.strip("/").split("/")
        if (method, path) == ("POST", "/v3/pay/transactions/jsapi"):
            return 200, {"prepay_id": self._order(wanted).prepay}
        if method == "GET" and path.startswith("/v3/pay/transactions/out-trade-no/"):
            self._check_merchant(query.get("mchid"))
            return 200, self._transaction(self._trade(parts[-1]))
        if method == "POST" and path.startswith("/v3/pay/transactions/out-trade-no/") and parts[-1] == "close":
            self._check_merchant(wanted.get("mchid"))
            self._close(parts[-2])
            return 204, None
        if (method, path) == ("POST", "/v3/refund/domestic/refunds"):
            return 200, self._refund_view(*self._refund(wanted))
        if method == "GET" and path.startswith("/v3/refund/domestic/refunds/"):
            return 200, self._refund_view(*self._find_refund(parts[-1]))
        if method == "POST" and parts[-1] == "apply-abnormal-refund":
            return 200, self._refund_view(*self._repair(wanted["out_refund_no"]))
        if (method, path) == ("GET", "/v3/bill/tradebill"):
            return 200, self._bill(query["bill_date"])
        raise Refusal(404, "RESOURCE_NOT_EXISTS", path)

    def _check_merchant(self, merchant_id: str | None) -> None:
        if merchant_id != self._merchant_id:
            raise Refusal(400, "MCH_NOT_EXISTS", "商户号不存在")

    def _order(self, wanted: dict[str, Any]) -> Trade:
        _only(wanted, _ORDER_FIELDS)
        if wanted.get("appid") != self._app_id or wanted.get("mchid") != self._merchant_id:
            raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
        no, amount = wanted.get("out_trade_no", ""), wanted.get("amount", {})
        if not re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", no) or not 1 <= len(wanted.get("description", "")) <= 127:
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        if type(amount.get("total")) is not int or amount["total"] < 1 or amount.get("currency") != "CNY":
            raise Refusal(400, "PARAM_ERROR", "金额错误")
        payer = wanted.get("payer", {}).get("openid", "")
        if not payer.startswith("o"):
            raise Refusal(500, "OPENID_MISMATCH", "openid和appid不匹配")
        known = self.trades.get(no)
        if known is not None:
            return self._ordered_again(known, wanted)
        latest = clock.local(clock.now() + timedelta(days=7)).isoformat()
        expires = datetime.fromisoformat(wanted.get("time_expire", latest))
        trade = Trade(
            no=no,
            amount=amount["total"],
            payer=payer,
            wanted=wanted,
            expires_at=expires,
            notify_url=wanted["notify_url"],
        )
        trade.prepay = "wx" + secrets.token_hex(17)
        self.trades[no] = trade
        return trade

    def _ordered_again(self, known: Trade, wanted: dict[str, Any]) -> Trade:
        if known.paid_at:
            raise Refusal(400, "ORDER_PAID", "订单已支付")
        if known.state == "CLOSED":
            raise Refusal(400, "ORDER_CLOSED", "订单已关闭")
        if known.wanted != wanted:
            raise Refusal(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        return known

    def _trade(self, no: str) -> Trade:
        if no not in self.trades:
            raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在")
        trade = self.trades[no]
        if trade.state == "NOTPAY" and clock.now() > trade.expires_at + timedelta(minutes=5):
            trade.state = "CLOSED"
        return trade

    def _close(self, no: str) -> None:
        trade = self._trade(no)
        if trade.paid_at:
            raise Refusal(400, "ORDER_PAID", "订单已支付")
        trade.state = "CLOSED"

    def _transaction(self, trade: Trade) -> dict[str, Any]:
        shared = {
            "appid": self._app_id,
            "mchid": self._merchant_id,
            "out_trade_no": trade.no,
            "trade_state": "REFUND" if trade.refunds else trade.state,
            "trade_state_desc": "",
            "payer": {"openid": trade.payer},
        }
        if not trade.paid_at:
            return shared
        amount = {"total": trade.paid, "payer_total": trade.paid, "currency": "CNY", "payer_currency": "CNY"}
        return shared | {
            "transaction_id": trade.transaction_id,
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "success_time": trade.paid_at.isoformat(),
            "amount": amount,
        }

    def _refund(self, wanted: dict[str, Any]) -> tuple[Trade, Refund]:
        _only(wanted, _REFUND_FIELDS)
        trade = self._trade(wanted["out_trade_no"])
        amount, no = wanted["amount"], wanted["out_refund_no"]
        if no in trade.refunds:
            if trade.refunds[no].amount != amount["refund"]:
                raise Refusal(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
            return trade, trade.refunds[no]
        if not trade.paid_at or amount["total"] != trade.paid or trade.refunded + amount["refund"] > trade.paid:
            raise Refusal(403, "TRADE_ERROR", "订单金额或状态不符")
        refund = self.start_refund(trade, no, amount["refund"], _refund_id())
        if refund.state != "PROCESSING":
            self.notify(trade, refund)
        return trade, Refund(
            no=refund.no, id=refund.id, amount=refund.amount, state="PROCESSING", asked_at=refund.asked_at
        )

    def _find_refund(self, no: str) -> tuple[Trade, Refund]:
        for trade in self.trades.values():
            if no in trade.refunds:
                return trade, trade.refunds[no]
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")

    def _repair(self, no: str) -> tuple[Trade, Refund]:
        trade, refund = self._find_refund(no)
        if refund.state == "ABNORMAL":
            self.end_refund(trade, refund, "SUCCESS")
            self.notify(trade, refund)
        return trade, refund

    def _refund_view(self, trade: Trade, refund: Refund) -> dict[str, Any]:
        view: dict[str, Any] = {
            "refund_id": refund.id,
            "out_refund_no": refund.no,
            "transaction_id": trade.transaction_id,
            "out_trade_no": trade.no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": refund.asked_at.isoformat(),
            "status": refund.state,
            "amount": {"total": trade.paid, "refund": refund.amount, "payer_total": trade.paid, "currency": "CNY"},
        }
        return view | ({"success_time": refund.done_at.isoformat()} if refund.done_at else {})

    def _bill(self, day: str) -> dict[str, Any]:
        if not self.is_bill_ready(day):
            raise Refusal(400, "STATEMENT_CREATING", "账单生成中")
        rows = [self._paid_row(trade) for trade in self.paid_on(day)]
        rows += [self._refunded_row(trade, refund) for trade, refund in self.refunds_on(day)]
        rows += self.spoiled_rows
        if not rows:
            raise Refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        total = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
        data = "﻿" + "\r\n".join([_BILL_HEADER, *rows, total, "`1,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00"]) + "\r\n"
        token = secrets.token_hex(16)
        self._bills[token] = data.encode()
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(data.encode()).hexdigest(),
            "download_url": f"{self._url}/v3/billdownload/file?token={token}",
        }

    def _paid_row(self, trade: Trade) -> str:
        assert trade.paid_at is not None
        return _bill_row(
            trade,
            self._app_id,
            self._merchant_id,
            trade.paid_at,
            "SUCCESS",
            trade.paid,
            "",
            "",
            0,
            self.fee(trade.paid),
        )

    def _refunded_row(self, trade: Trade, refund: Refund) -> str:
        assert refund.done_at is not None
        fee = -self.fee(refund.amount)
        ids = (refund.id, refund.no)
        return _bill_row(trade, self._app_id, self._merchant_id, refund.done_at, "REFUND", 0, *ids, refund.amount, fee)

    # notifications

    def letter(self, waiting: Notification) -> tuple[dict[str, str], bytes]:
        trade, refund = waiting.trade, waiting.refund
        plain = self._transaction(trade)
        event = "TRANSACTION.SUCCESS"
        if refund is not None:
            plain = self._refund_view(trade, refund) | {"mchid": self._merchant_id, "refund_status": refund.state}
            event = f"REFUND.{refund.state}"
        else:
            plain["trade_state"] = "SUCCESS"
        plain |= {"merchant": {"mchid": "1900000999"}, "app": {"appid": "wx9999999999999999"}}.get(waiting.forged, {})
        if waiting.forged in ("amount", "less", "currency"):
            other = {"currency": "USD"} if waiting.forged == "currency" else {}
            step = {"amount": 1, "less": -1}.get(waiting.forged, 0)
            plain["amount"] = plain["amount"] | {"total": plain["amount"]["total"] + step, **other}
        body = self._envelope(event, plain)
        headers = {"content-type": "application/json"}
        headers |= {name.lower(): value for name, value in self._signed_headers(body, waiting.forged).items()}
        return headers, body.replace(b"encrypt-resource", b"Encrypt-resource") if waiting.forged == "body" else body

    def _envelope(self, event: str, plain: dict[str, Any]) -> bytes:
        nonce, kind = secrets.token_hex(6), "refund" if event.startswith("REFUND") else "transaction"
        sealed = AESGCM(self._api_v3_key).encrypt(nonce.encode(), json.dumps(plain).encode(), kind.encode())
        envelope = {
            "id": secrets.token_hex(16),
            "create_time": clock.local(clock.now()).isoformat(),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "",
            "resource": {
                "original_type": kind,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": kind,
                "nonce": nonce,
            },
        }
        return json.dumps(envelope).encode()

    def is_taken(self, status: int, answer: bytes) -> bool:
        return status in (200, 204)

    def _signed_headers(self, body: bytes, forged: str = "") -> dict[str, str]:
        serials = list(self._platform_keys)
        serial = serials[-1] if self.random.random() < self.certificate_share else serials[0]
        timestamp, nonce = str(_now() - (3600 if forged == "timestamp" else 0)), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(self._platform_keys[serial].sign(message, PKCS1v15(), hashes.SHA256())).decode()
        if forged == "signtest":
            signature = "WECHATPAY/SIGNTEST/" + signature[19:]
        if forged == "signature":
            signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Serial": "PUB_KEY_ID_0" if forged == "serial" else serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Request-ID": secrets.token_hex(16),
        }


def _checked_body(body: bytes) -> dict[str, Any]:
    if any(ord(character) > 0xFFFF for character in body.decode()):
        raise Refusal(400, "PARAM_ERROR", "含有不支持的字符")
    wanted = json.loads(body)
    if not isinstance(wanted, dict) or _has_null(wanted):
        raise Refusal(400, "PARAM_ERROR", "不支持 null")
    return wanted


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(inner) for inner in value.values())
    return value is None


def _only(wanted: dict[str, Any], known: set[str]) -> None:
    if unknown := set(wanted) - known:
        raise Refusal(400, "PARAM_ERROR", f"未知参数 {', '.join(sorted(unknown))}")


def _bill_row(
    trade: Trade, app_id: str, merchant: str, at: datetime, state: str, paid: int, refund_id: str, refund_no: str,
    refunded: int, fee: int,
) -> str:  # fmt: skip
    cells = [
        f"{at:%Y-%m-%d %H:%M:%S}", app_id, merchant, "0", "", trade.transaction_id, trade.no, trade.payer, "JSAPI",
        state, "OTHERS", "CNY", _yuan(paid), "0.00", refund_id or "0", refund_no or "0", _yuan(refunded), "0.00",
        "ORIGINAL" if refunded else "", "SUCCESS" if refunded else "", "fee", "", f"{fee / 100:.5f}", "0.60%",
        _yuan(paid), _yuan(refunded), "",
    ]  # fmt: skip
    return ",".join(f"`{cell}" for cell in cells)


def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"


def _refund_id() -> str:
    return "503" + str(secrets.randbelow(10**26)).zfill(26)


def _private(encoded: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(encoded), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _now() -> int:
    return clock.seconds(clock.now())
