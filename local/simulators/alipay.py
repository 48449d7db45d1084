"""Alipay's gateway: login codes, face certification, trades; signed requests in, signed answers out.

Contract: platforms C.1 to C.9. The request's signature covers query and form, ``sign_type``
included; answers carry ``sign`` last and escaped slashes; failures of the signature itself come unsigned.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import secrets
import zipfile
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chalicelib.kernel import clock
from local.gateway import HttpAnswer
from local.simulators.cashier import Cashier, Notification, Refund, Trade
from local.simulators.messages import MessageBox

CODE_SECONDS = 300
CLOCK_SECONDS = 600
BILL_SECONDS = 30
_TRADE_METHODS = {
    "alipay.trade.create": "_create",
    "alipay.trade.query": "_query",
    "alipay.trade.close": "_close",
    "alipay.trade.refund": "_refund",
    "alipay.trade.fastpay.refund.query": "_query_refund",
    "alipay.data.dataservice.bill.downloadurl.query": "_bill",
}
_BILL_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


class Refusal(Exception):
    """A gateway failure: code, sub code and message."""

    def __init__(self, code: str, sub_code: str, message: str) -> None:
        super().__init__(sub_code)
        self.node = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": message}


_DOCUMENTS = (
    "IDENTITY_CARD",
    "HOME_VISIT_PERMIT_HK_MC",
    "HOME_VISIT_PERMIT_TAIWAN",
    "RESIDENCE_PERMIT_HK_MC",
    "RESIDENCE_PERMIT_TAIWAN",
    "PERMANENT_RESIDENCE_FOREIGNER",
)


class Alipay(Cashier):
    """Users are named by any text; the open_id follows from it."""

    retries = (240, 600, 600, 3600, 7200, 21600, 54000)
    forgeries = ("signature", "sha1", "app", "seller", "amount", "less", "field")

    def __init__(
        self, app_id: str, seller_id: str, app_public_key: str, private_key: str, content_key: str, url: str
    ) -> None:
        super().__init__()
        self._app_id, self._seller_id, self._url = app_id, seller_id, url
        app_key = serialization.load_der_public_key(base64.b64decode(app_public_key))
        own_key = serialization.load_der_private_key(base64.b64decode(private_key), None)
        assert isinstance(app_key, rsa.RSAPublicKey) and isinstance(own_key, rsa.RSAPrivateKey)
        self._app_key, self._own_key = app_key, own_key
        self._content_key = base64.b64decode(content_key)
        self._codes: dict[str, tuple[str, int]] = {}
        self._certifications: dict[str, dict[str, Any]] = {}
        self.last_identity: dict[str, Any] = {}
        self._bills: dict[str, tuple[bytes, int]] = {}
        self.scripted_errors: list[tuple[str, str]] = []
        self.spoiled_rows: list[str] = []
        self.certificate_number = ""
        self.tamper_signature = False
        self.messages = MessageBox(id_of=self.open_id)
        self.controls |= {
            **self.messages.controls(),
            "login_codes": self._mint_code,
            "phone_credentials": self._mint_phone,
            "certifications": self._decide_certification,
            "errors": self._script_error,
            "spoil_bill": self._spoil_bill,
            "certificate": self._set_certificate,
            "tamper_replies": self._set_tampering,
            "finish": self._finish_trade,
            "close": self._close_trade,
        }

    def _mint_code(self, wanted: dict[str, Any]) -> dict[str, str]:
        code = secrets.token_hex(16)
        self._codes[code] = (wanted["user"], clock.seconds(clock.now()) + CODE_SECONDS)
        return {"code": code}

    def _mint_phone(self, wanted: dict[str, Any]) -> dict[str, str]:
        """The JSON text that my.getPhoneNumber would give for this phone number."""
        plain = json.dumps({"code": "10000", "msg": "Success", "mobile": wanted["phone"]}).encode()
        padder = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(self._content_key), modes.CBC(bytes(16))).encryptor()
        encrypted = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
        text = base64.b64encode(encrypted).decode()
        outer = {
            "response": text,
            "sign": self._sign(f'"{text}"'.encode()),
            "sign_type": "RSA2",
            "encrypt_type": "AES",
            "charset": "UTF-8",
        }
        return {"credential": json.dumps(outer)}

    def _decide_certification(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What the user does in the face check: ``{"certify_id": ..., "passed": true}``."""
        certification = self._certifications[wanted["certify_id"]]
        certification["passed"] = "T" if wanted["passed"] else "F"
        return {"certify_id": wanted["certify_id"], "passed": certification["passed"]}

    def reset(self) -> dict[str, Any]:
        self.scripted_errors.clear()
        self.spoiled_rows.clear()
        self.certificate_number, self.tamper_signature = "", False
        self.messages.reset()
        return super().reset()

    def _script_error(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"}``: what the next call is answered."""
        self.scripted_errors.append((wanted["code"], wanted["sub_code"]))
        return wanted

    def _set_certificate(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"number": "32 hex"}``: certificate mode, answers and notifications name this certificate."""
        self.certificate_number = wanted["number"]
        return wanted

    def _set_tampering(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"on": true}``: answers are signed for something else."""
        self.tamper_signature = bool(wanted["on"])
        return wanted

    def _finish_trade(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order_no": ...}``: a paid trade that takes no more refunds (TRADE_FINISHED)."""
        trade = self.trades[wanted["order_no"]]
        trade.state = "FINISHED"
        return self.shown(trade)

    def _close_trade(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order_no": ...}``: an unpaid trade is closed by the platform, which tells us."""
        trade = self.trades[wanted["order_no"]]
        trade.state = "CLOSED"
        self.notify(trade, None, wanted.get("notice", ""))
        return self.shown(trade)

    def _spoil_bill(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"row": "garbage,,"}``: a row that the next bills hold besides."""
        self.spoiled_rows.append(wanted["row"])
        return wanted

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        if path == "/bill":
            data, until = self._bills.get(query.get("token", ""), (b"", 0))
            found = clock.seconds(clock.now()) < until
            return HttpAnswer(200 if found else 404, {"Content-Type": "application/zip"}, data if found else b"")
        if path != "/gateway.do":
            return HttpAnswer(404, {}, b"")
        parameters = {**query, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
        name = parameters.get("method", "")
        try:
            with self.lock:
                self._check_common(parameters)
                if name == "alipay.user.certify.open.certify":
                    return self._certify_page(json.loads(parameters["biz_content"]))
                return self._signed(name.replace(".", "_") + "_response", self._execute(name, parameters))
        except Refusal as refusal:
            if refusal.node["sub_code"] in ("isv.invalid-signature", "isv.invalid-app-id"):
                return _answer({name.replace(".", "_") + "_response": refusal.node})
            node = "error_response" if name == "alipay.system.oauth.token" else name.replace(".", "_") + "_response"
            return self._signed(node, refusal.node)

    def _check_common(self, parameters: dict[str, str]) -> None:
        if parameters.get("app_id") != self._app_id:
            raise Refusal("40002", "isv.invalid-app-id", "Invalid Arguments")
        text = "&".join(
            f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign" and parameters[name]
        )
        try:
            signature = base64.b64decode(parameters.get("sign", ""))
            self._app_key.verify(signature, text.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise Refusal("40002", "isv.invalid-signature", "Invalid Arguments") from None
        sent = datetime.strptime(parameters["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
        if abs((clock.now() - sent).total_seconds()) > CLOCK_SECONDS:
            raise Refusal("40002", "isv.invalid-timestamp", "Invalid Arguments")

    def _execute(self, name: str, parameters: dict[str, str]) -> dict[str, Any]:
        if name == "alipay.system.oauth.token":
            return self._oauth_token(parameters)
        content = json.loads(parameters.get("biz_content", "{}"))
        if name == "alipay.user.certify.open.initialize":
            return self._initialize(content)
        if name == "alipay.user.certify.open.query":
            certification = self._certifications.get(content.get("certify_id", ""))
            if certification is None:
                raise Refusal("40004", "CERTIFY_ID_NOT_EXIST", "Business Failed")
            return {"code": "10000", "msg": "Success", "passed": certification["passed"]}
        if name == "alipay.open.app.mini.templatemessage.send":
            return self._send_message(content)
        if name in _TRADE_METHODS:
            if self.scripted_errors:
                code, sub_code = self.scripted_errors.pop(0)
                raise Refusal(code, sub_code, "scripted")
            found: dict[str, Any] = getattr(self, _TRADE_METHODS[name])(content, parameters)
            return {"code": "10000", "msg": "Success", **found}
        raise Refusal("40001", "isv.missing-method", "Missing Required Arguments")

    def _send_message(self, content: dict[str, Any]) -> dict[str, Any]:
        user, template = content.get("to_open_id") or content.get("to_user_id", ""), content.get("user_template_id", "")
        if self.messages.errors:
            raise Refusal("40004", str(self.messages.errors.pop(0)), "scripted")
        if self.messages.is_full():
            raise Refusal("40004", "SEND_LIMIT", "Business Failed")
        if not user or user in self.messages.unreachable:
            raise Refusal("40004", "USER_NOT_EXIST", "Business Failed")
        keywords = json.loads(content.get("data", "{}"))
        if not template or not content.get("page") or not all(one.get("value") for one in keywords.values()):
            raise Refusal("40004", "INVALID_PARAMETER", "Business Failed")
        if not self.messages.spend(user, template):
            raise Refusal("40004", "USER_NOT_SUBSCRIBE", "Business Failed")
        self.messages.keep({**content, "data": keywords})
        return {"code": "10000", "msg": "Success"}

    def _create(self, content: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
        no, subject = content.get("out_trade_no", ""), content.get("subject", "")
        wellformed = re.fullmatch(r"[0-9A-Za-z_]{1,64}", no) and re.fullmatch(
            r"\d{1,9}\.\d{2}", content.get("total_amount", "")
        )
        if not wellformed or not 1 <= len(subject) <= 256 or set(subject) & set("/=&"):
            raise Refusal("40004", "ACQ.INVALID_PARAMETER", "Business Failed")
        if content.get("product_code") != "JSAPI_PAY" or content.get("op_app_id") != self._app_id:
            raise Refusal("40004", "ACQ.ACCESS_FORBIDDEN", "Business Failed")
        payer = content.get("buyer_open_id") or content.get("buyer_id") or ""
        if not payer:
            raise Refusal("40004", "ACQ.INVALID_BUYER_ID", "Business Failed")
        known = self.trades.get(no)
        if known is None:
            amount = round(float(content["total_amount"]) * 100)
            expires = datetime.strptime(content["time_expire"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
            known = Trade(
                no=no,
                amount=amount,
                payer=payer,
                wanted=content,
                expires_at=expires,
                notify_url=parameters["notify_url"],
            )
            known.transaction_id = known.prepay = self.new_transaction_id()
            self.trades[no] = known
        elif known.paid_at:
            raise Refusal("40004", "ACQ.TRADE_HAS_SUCCESS", "Business Failed")
        elif known.state == "CLOSED":
            raise Refusal("40004", "ACQ.TRADE_HAS_CLOSE", "Business Failed")
        elif known.wanted != content:
            raise Refusal("40004", "ACQ.CONTEXT_INCONSISTENT", "Business Failed")
        return {"out_trade_no": no, "trade_no": known.prepay}

    def new_transaction_id(self) -> str:
        return f"{super().new_transaction_id():0<28}"[:28]

    def _pay(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """As everywhere, but the trade's number is known from its creation."""
        trade = self.trades[wanted["order_no"]]
        number = trade.prepay
        super()._pay(wanted | {"notice": "lost"})
        trade.transaction_id = number
        self.notify(trade, None, wanted.get("notice", ""))
        return self.shown(trade)

    def _trade(self, content: dict[str, Any]) -> Trade:
        trade = self.trades.get(content.get("out_trade_no", ""))
        if trade is None:
            raise Refusal("40004", "ACQ.TRADE_NOT_EXIST", "Business Failed")
        if trade.state == "NOTPAY" and clock.now() >= trade.expires_at:
            trade.state = "CLOSED"
        return trade

    def _status(self, trade: Trade) -> str:
        if trade.state == "FINISHED":
            return "TRADE_FINISHED"
        if trade.paid_at:
            return "TRADE_CLOSED" if trade.refunded == trade.paid else "TRADE_SUCCESS"
        return "TRADE_CLOSED" if trade.state == "CLOSED" else "WAIT_BUYER_PAY"

    def _query(self, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        trade = self._trade(content)
        shown = {
            "out_trade_no": trade.no,
            "trade_no": trade.transaction_id,
            "trade_status": self._status(trade),
            "total_amount": _yuan(trade.paid or trade.amount),
            "buyer_open_id": trade.payer,
        }
        return shown | ({"send_pay_date": _time(trade.paid_at)} if trade.paid_at else {})

    def _close(self, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        trade = self._trade(content)
        if trade.paid_at or trade.state == "CLOSED":
            raise Refusal("40004", "ACQ.REASON_TRADE_STATUS_INVALID" if trade.paid_at else "ACQ.TRADE_HAS_CLOSE", "")
        trade.state = "CLOSED"
        return {"out_trade_no": trade.no, "trade_no": trade.transaction_id}

    def _refund(self, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        trade, amount = self._trade(content), round(float(content["refund_amount"]) * 100)
        no = content.get("out_request_no") or trade.no
        known = trade.refunds.get(no)
        if known is not None and known.amount != amount:
            raise Refusal("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "Business Failed")
        if trade.state == "FINISHED":
            raise Refusal("40004", "ACQ.TRADE_HAS_FINISHED", "Business Failed")
        if not trade.paid_at:
            raise Refusal("40004", "ACQ.TRADE_STATUS_ERROR", "Business Failed")
        changed = "N"
        if known is None:
            if trade.refunded + amount > trade.paid:
                raise Refusal("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "Business Failed")
            known = self.start_refund(trade, no, amount, no)
            changed = "Y" if known.state == "SUCCESS" else "N"
            if known.state == "SUCCESS":
                self.notify(trade, known)
        return {"out_trade_no": trade.no, "fund_change": changed, "refund_fee": _yuan(trade.refunded)}

    def _query_refund(self, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        trade = self._trade(content)
        found = trade.refunds.get(content.get("out_request_no", ""))
        if found is None or found.done_at is None:
            return {}
        return {
            "out_request_no": found.no,
            "refund_status": "REFUND_SUCCESS",
            "refund_amount": _yuan(found.amount),
            "gmt_refund_pay": _time(found.done_at),
        }

    def _bill(self, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        day = content["bill_date"]
        if not self.is_bill_ready(day):
            raise Refusal("40004", "isp.bill_not_exist", "Business Failed")
        rows = [self._row(trade, None) for trade in self.paid_on(day)]
        rows += [self._row(trade, refund) for trade, refund in self.refunds_on(day)]
        rows += self.spoiled_rows
        if not rows:
            return {"bill_file_code": "EMPTY_DATA_WITH_BILL_FILE", "bill_download_url": ""}
        token = secrets.token_hex(16)
        self._bills[token] = (_archive(self._seller_id, day, rows), clock.seconds(clock.now()) + BILL_SECONDS)
        return {"bill_download_url": f"{self._url.removesuffix('/gateway.do')}/bill?token={token}"}

    def _row(self, trade: Trade, refund: Refund | None) -> str:
        at, sign = (refund.done_at, -1) if refund else (trade.paid_at, 1)
        assert at is not None
        amount = sign * (refund.amount if refund else trade.paid)
        cells = [
            f"{trade.transaction_id}\t", f"{trade.no}\t", "退款\t" if refund else "交易\t", "fee", _time(at), _time(at),
            "\t", "\t", "\t", "\t", "*某(138****0000)\t", _yuan(amount), _yuan(amount), "0.00", "0.00", "0.00", "0.00",
            "0.00", "", "0.00\t", "0.00", f"{refund.no if refund else ''}\t", _yuan(-self.fee(amount)), "0.00", "",
        ]  # fmt: skip
        return ",".join(cells)

    def letter(self, waiting: Notification) -> tuple[dict[str, str], bytes]:
        trade, refund = waiting.trade, waiting.refund
        fields = {
            "notify_time": _time(clock.now()),
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "app_id": "2021999999999999" if waiting.forged == "app" else self._app_id,
            "auth_app_id": self._app_id,
            "charset": "utf-8",
            "version": "1.0",
            "trade_no": trade.transaction_id,
            "out_trade_no": trade.no,
            "buyer_open_id": trade.payer,
            "seller_id": "2088999999999999" if waiting.forged == "seller" else self._seller_id,
            "trade_status": self._status(trade) if refund or not trade.paid_at else "TRADE_SUCCESS",
            "total_amount": _yuan((trade.paid or trade.amount) + {"amount": 1, "less": -1}.get(waiting.forged, 0)),
            "subject": trade.wanted["subject"],
        }
        fields |= {"gmt_payment": _time(trade.paid_at)} if trade.paid_at else {"gmt_close": _time(clock.now())}
        if refund is not None:
            fields |= {
                "out_biz_no": refund.no,
                "refund_fee": _yuan(trade.refunded),
                "gmt_refund": _time(refund.done_at),
            }
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        digest = hashes.SHA1() if waiting.forged == "sha1" else hashes.SHA256()
        signature = base64.b64encode(self._own_key.sign(text.encode(), PKCS1v15(), digest)).decode()
        if waiting.forged == "signature":
            signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        if waiting.forged == "field":
            fields["trade_no"] = fields["trade_no"][:-1] + "x"
        fields |= {"sign": signature, "sign_type": "RSA" if waiting.forged == "sha1" else "RSA2"}
        if self.certificate_number:
            fields["alipay_cert_sn"] = self.certificate_number
        return {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(fields).encode()

    def is_taken(self, status: int, answer: bytes) -> bool:
        return status == 200 and answer == b"success"

    def open_id(self, user: str) -> str:
        return hashlib.sha256(f"{self._app_id}/{user}".encode()).hexdigest()[:40]

    def _oauth_token(self, parameters: dict[str, str]) -> dict[str, Any]:
        user, expires = self._codes.pop(parameters.get("code", ""), ("", 0))
        if clock.seconds(clock.now()) >= expires:
            raise Refusal("40002", "isv.code-invalid", "Invalid Arguments")
        return {
            "access_token": "authusrB" + secrets.token_hex(16),
            "refresh_token": "authusrB" + secrets.token_hex(16),
            "open_id": self.open_id(user),
            "expires_in": 1296000,
            "re_expires_in": 2592000,
            "auth_start": _time(clock.now()),
        }

    def _initialize(self, content: dict[str, Any]) -> dict[str, Any]:
        identity = content.get("identity_param", {})
        if not content.get("outer_order_no", "").isalnum() or len(content["outer_order_no"]) > 32:
            raise Refusal("40004", "INVALID_OUTER_ORDER_NO", "Business Failed")
        if content.get("biz_code") not in ("FACE", "SMART_FACE", "CERT_PHOTO", "CERT_PHOTO_FACE"):
            raise Refusal("40004", "INVALID_BIZ_CODE", "Business Failed")
        if not identity.get("cert_name") or not identity.get("cert_no"):
            raise Refusal("40004", "INVALID_IDENTITY_PARAM", "Business Failed")
        if identity.get("cert_type") not in _DOCUMENTS:
            raise Refusal("40004", "INVALID_IDENTITY_PARAM", "Business Failed")
        self.last_identity = identity
        certify_id = secrets.token_hex(16)
        self._certifications[certify_id] = {"passed": "F", "identity": identity}
        return {"code": "10000", "msg": "Success", "certify_id": certify_id}

    def _certify_page(self, content: dict[str, Any]) -> HttpAnswer:
        known = content.get("certify_id") in self._certifications
        words = "人脸认证(模拟):POST /_sim/certifications 决定结果" if known else "认证不存在"
        page = f"<!doctype html><meta charset=utf-8><title>认证</title><p>{words}</p>"
        return HttpAnswer(200 if known else 404, {"Content-Type": "text/html; charset=utf-8"}, page.encode())

    def _signed(self, name: str, node: dict[str, Any]) -> HttpAnswer:
        text = json.dumps(node, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        signature = self._sign(text.encode())
        if self.tamper_signature:
            signature = self._sign(b"something else")
        return HttpAnswer(
            200,
            {"Content-Type": "text/html;charset=utf-8"},
            f'{{"{name}":{text}{self._certificate()},"sign":"{signature}"}}'.encode(),
        )

    def _certificate(self) -> str:
        return f',"alipay_cert_sn":"{self.certificate_number}"' if self.certificate_number else ""

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(self._own_key.sign(message, PKCS1v15(), hashes.SHA256())).decode()


class _GbkName(zipfile.ZipInfo):
    """An entry whose name is GBK without the mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's name
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def _archive(seller_id: str, day: str, rows: list[str]) -> bytes:
    """The bill as Alipay packs it: two GBK files with comment lines, their names in GBK without a mark."""
    lines = ["#支付宝业务明细查询", f"#账号：[{seller_id}0156]", "#-----业务明细列表----", _BILL_HEADER, *rows]
    lines += ["#-----业务明细列表结束----", f"#交易合计：{len(rows)}笔"]
    buffer, stem = io.BytesIO(), f"{seller_id}0156_{day.replace('-', '')}"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("业务明细", lines), ("业务明细(汇总)", ["#支付宝业务汇总查询"])):
            archive.writestr(_GbkName(f"{stem}_{name}.csv"), "\r\n".join(content).encode("gbk"))
    return buffer.getvalue()


def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"


def _time(moment: datetime | None) -> str:
    assert moment is not None
    return clock.local(moment).strftime("%Y-%m-%d %H:%M:%S")


def _answer(content: dict[str, Any]) -> HttpAnswer:
    return HttpAnswer(200, {"Content-Type": "text/html;charset=utf-8"}, json.dumps(content).encode())
