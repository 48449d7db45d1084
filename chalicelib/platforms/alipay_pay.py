"""Alipay's trade interfaces for mini-programs, through the SDK's request and model classes and our own gateway call.

Contract: Alipay's open documents of alipay.trade.*, the asynchronous notification and the bill download
(docs/decisions/alipay.md says why the SDK's client is not used).
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.kernel import clock
from chalicelib.kernel import settings as deployment
from chalicelib.platforms import alipay, http, payment
from chalicelib.platforms.payment import BadRow, Forged, Notice, Order, Refund, RefundAnswer, Refused, Row, Trade
from chalicelib.platforms.settings import settings

PLATFORM = alipay.PLATFORM
_SUBJECT = 256
_REASON = 256
_MEANINGS = {
    "20000": "retry", "isp.unknow-error": "retry", "aop.unknow-error": "retry", "ACQ.SYSTEM_ERROR": "retry",
    "ACQ.REFUND_CHARGE_ERROR": "retry", "isv.app-call-limited": "retry", "aop.ACQ.SYSTEM_ERROR": "retry",
    "ACQ.TRADE_HAS_SUCCESS": "paid", "ACQ.TRADE_STATUS_ERROR": "paid", "ACQ.REASON_TRADE_STATUS_INVALID": "paid",
    "ACQ.TRADE_HAS_CLOSE": "closed", "ACQ.TRADE_HAS_FINISHED": "closed",
    "ACQ.TRADE_NOT_EXIST": "absent",
    "ACQ.BUYER_SELLER_EQUAL": "payer", "ACQ.INVALID_BUYER_ID": "payer",
    "ACQ.BUYER_BALANCE_NOT_ENOUGH": "limit", "ACQ.TOTAL_FEE_EXCEED": "limit", "ACQ.BUYER_ENABLE_STATUS_FORBID": "limit",
    "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": "limit", "ACQ.BEYOND_PAY_RESTRICTION": "limit",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "balance",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "limit", "ACQ.DISCORDANT_REPEAT_REQUEST": "limit",
}  # fmt: skip
_BILL_HOST = ".alipay.com"
_COLUMNS = ("支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额（元）", "服务费（元）")
_REFUND_NUMBER = "退款批次号/请求号"


def create(order: Order) -> str:
    """alipay.trade.create; the trade number. The same order again gives the same number."""
    from alipay.aop.api.domain.AlipayTradeCreateModel import AlipayTradeCreateModel
    from alipay.aop.api.request.AlipayTradeCreateRequest import AlipayTradeCreateRequest

    model = AlipayTradeCreateModel()
    model.out_trade_no = order.no
    model.total_amount = payment.to_yuan(order.amount)
    model.subject = payment.plain_text(order.description, _SUBJECT)
    model.product_code = "JSAPI_PAY"
    model.op_app_id = settings().alipay_app_id
    if re.fullmatch(r"2088\d{12}", order.payer):
        model.buyer_id = order.payer
    else:
        model.buyer_open_id = order.payer
    model.time_expire = clock.local(order.expires_at).strftime("%Y-%m-%d %H:%M:%S")
    model.seller_id = settings().alipay_seller_id
    request = AlipayTradeCreateRequest(biz_model=model)
    request.notify_url = f"{deployment.settings().public_url}/v1/notify/alipay"
    return str(_execute(request)["trade_no"])


def front_end(prepay: str) -> dict[str, str]:
    """The arguments of my.tradePay."""
    return {"tradeNO": prepay}


def query(order_no: str) -> Trade:
    """alipay.trade.query; ``absent`` while Alipay knows no such trade."""
    from alipay.aop.api.domain.AlipayTradeQueryModel import AlipayTradeQueryModel
    from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest

    model = AlipayTradeQueryModel()
    model.out_trade_no = order_no
    try:
        answer = _execute(AlipayTradeQueryRequest(biz_model=model))
    except Refused as refusal:
        if refusal.kind == "absent":
            return Trade(state="absent")
        raise
    if answer.get("out_trade_no") != order_no:
        raise http.unavailable(PLATFORM)
    return _trade(answer, "send_pay_date")


def close(order_no: str) -> None:
    """alipay.trade.close of an unpaid trade; raises ``Refused`` with ``paid`` when it is paid."""
    from alipay.aop.api.domain.AlipayTradeCloseModel import AlipayTradeCloseModel
    from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest

    model = AlipayTradeCloseModel()
    model.out_trade_no = order_no
    try:
        _execute(AlipayTradeCloseRequest(biz_model=model))
    except Refused as refusal:
        if refusal.kind not in ("absent", "closed"):
            raise


def refund(wanted: Refund) -> RefundAnswer:
    """alipay.trade.refund; without ``fund_change`` Y the refund's query decides. A repeat moves nothing again."""
    from alipay.aop.api.domain.AlipayTradeRefundModel import AlipayTradeRefundModel
    from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest

    model = AlipayTradeRefundModel()
    model.out_trade_no = wanted.order_no
    model.out_request_no = wanted.no
    model.refund_amount = payment.to_yuan(wanted.amount)
    model.refund_reason = payment.plain_text(wanted.reason, _REASON)
    answer = _execute(AlipayTradeRefundRequest(biz_model=model))
    if answer.get("fund_change") == "Y":
        return RefundAnswer(state="done", refund_id=wanted.no, amount=wanted.amount, done_at=clock.local(clock.now()))
    return RefundAnswer(state="pending", refund_id=wanted.no)


def query_refund(wanted: Refund) -> RefundAnswer:
    """alipay.trade.fastpay.refund.query; only REFUND_SUCCESS is a success."""
    from alipay.aop.api.domain.AlipayTradeFastpayRefundQueryModel import AlipayTradeFastpayRefundQueryModel
    from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest

    model = AlipayTradeFastpayRefundQueryModel()
    model.out_trade_no = wanted.order_no
    model.out_request_no = wanted.no
    model.query_options = ["gmt_refund_pay"]
    try:
        answer = _execute(AlipayTradeFastpayRefundQueryRequest(biz_model=model))
    except Refused as refusal:
        if refusal.kind == "absent":
            return RefundAnswer(state="absent")
        raise
    if answer.get("refund_status") != "REFUND_SUCCESS":
        return RefundAnswer(state="absent")
    done = answer.get("gmt_refund_pay")
    return RefundAnswer(
        state="done",
        refund_id=wanted.no,
        amount=payment.to_fen(str(answer["refund_amount"])),
        done_at=_moment(done) if done else None,
    )


def repair_refund(wanted: Refund, refund_id: str) -> RefundAnswer:  # noqa: ARG001 - as every channel
    """Alipay has no abnormal refunds: the same request is sent again."""
    return refund(wanted)


def read_notice(body: bytes) -> Notice:
    """What a notification says, if it is genuine and about our app and account; raises ``Forged``.

    Signed are all fields but ``sign`` and ``sign_type``, decoded, in order of their names.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
        fields = dict(pairs)
    except ValueError:
        raise Forged("not a form") from None
    signed = {name: value for name, value in fields.items() if name not in ("sign", "sign_type") and value != ""}
    if len(fields) < len(pairs) or fields.get("sign_type") != "RSA2":
        raise Forged("fields or signature type")
    if not alipay.is_known_certificate(fields.get("alipay_cert_sn", settings().alipay_cert_sn)):
        raise Forged("unknown certificate")
    if not any(alipay.verifies(text.encode(), fields.get("sign", "")) for text in _signed_texts(signed)):
        raise Forged("signature")
    if fields.get("app_id") != settings().alipay_app_id:
        raise Forged("other app")
    if fields.get("seller_id") != settings().alipay_seller_id:
        raise Forged("other seller")
    try:
        return _notice(fields)
    except (KeyError, ValueError):
        raise Forged("content") from None


def _signed_texts(fields: dict[str, str]) -> Iterator[str]:
    """What the signature may cover: whether a certificate's number is part of it, no document says."""
    yield alipay.sign_content(fields)
    if "alipay_cert_sn" in fields:
        yield alipay.sign_content({name: value for name, value in fields.items() if name != "alipay_cert_sn"})


def _notice(fields: dict[str, str]) -> Notice:
    if fields.get("notify_type") != "trade_status_sync":
        return Notice(kind="other")
    if fields.get("gmt_refund") or fields.get("refund_fee") or fields.get("out_biz_no"):
        total = RefundAnswer(state="pending", total=payment.to_fen(fields["total_amount"]))
        return Notice(
            kind="refund",
            order_no=fields["out_trade_no"],
            refund_no=fields.get("out_biz_no") or fields["out_trade_no"],
            refund=total,
        )
    return Notice(kind="payment", order_no=fields["out_trade_no"], trade=_trade(fields, "gmt_payment"))


def _trade(answer: dict[str, Any], paid_at: str) -> Trade:
    status = answer.get("trade_status")
    if status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        amount = payment.to_fen(str(answer["total_amount"]))
        return Trade(
            state="paid", transaction_id=str(answer["trade_no"]), amount=amount, paid_at=_moment(answer[paid_at])
        )
    if status == "TRADE_CLOSED" and answer.get(paid_at):
        # fully refunded: it was paid
        return Trade(
            state="paid",
            transaction_id=str(answer["trade_no"]),
            amount=payment.to_fen(str(answer["total_amount"])),
            paid_at=_moment(answer[paid_at]),
        )
    return Trade(state="closed" if status == "TRADE_CLOSED" else "unpaid")


def _moment(text: str) -> datetime:
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)


def _execute(request: Any) -> dict[str, Any]:
    try:
        return alipay.execute(request)
    except alipay.AlipayRefused as refusal:
        unknown = "retry" if refusal.sub_code.startswith(("isp.", "aop.ACQ.SYSTEM")) else "setup"
        raise Refused(_MEANINGS.get(refusal.sub_code, unknown), refusal.sub_code) from None


def bill_rows(day: str) -> Iterator[Row | BadRow]:
    """The lines of the trade bill of a day, ``2026-11-21``; nothing for a day without trades.

    The address works for half a minute, so the file is fetched at once. Raises ``BillNotReady``.
    """
    from alipay.aop.api.domain.AlipayDataDataserviceBillDownloadurlQueryModel import (
        AlipayDataDataserviceBillDownloadurlQueryModel,
    )
    from alipay.aop.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest import (
        AlipayDataDataserviceBillDownloadurlQueryRequest,
    )

    model = AlipayDataDataserviceBillDownloadurlQueryModel()
    model.bill_type = "trade"
    model.bill_date = day
    try:
        told = _execute(AlipayDataDataserviceBillDownloadurlQueryRequest(biz_model=model))
    except Refused as refusal:
        if refusal.code == "isp.bill_not_exist":
            raise payment.BillNotReady from None
        raise
    if told.get("bill_file_code") == "EMPTY_DATA_WITH_BILL_FILE":
        return
    url = str(told["bill_download_url"])
    host = urlsplit(url).hostname or ""
    own = urlsplit(settings().alipay_gateway_url).hostname
    if host != own and not host.endswith(_BILL_HOST):
        raise http.unavailable(PLATFORM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bill.zip")
        http.download(PLATFORM, url, file)
        yield from _read_archive(file)


def _read_archive(file: Path) -> Iterator[Row | BadRow]:
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                name = entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode("gbk")
                if "业务明细" in name and "汇总" not in name:
                    with archive.open(entry) as opened:
                        yield from read_bill(io.TextIOWrapper(opened, "gbk", errors="replace", newline=""))
    except zipfile.BadZipFile:
        raise http.unavailable(PLATFORM) from None


def read_bill(lines: Iterable[str]) -> Iterator[Row | BadRow]:
    """The rows of a bill's text; comment lines begin with #, a bad row is handed out as such.

    Lines are read one by one, so that a stray quotation mark spoils its own line only.
    """
    header: list[str] | None = None
    for number, line in enumerate(lines, 1):
        cells = _cells(line.strip("\r\n"))
        if not cells or cells[0].startswith("#"):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            if missing := [name for name in (*_COLUMNS, _REFUND_NUMBER) if name not in header]:
                yield BadRow(number, f"no column {', '.join(missing)}")
                return
            continue
        try:
            yield _row(dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        except ValueError as error:
            yield BadRow(number, str(error))


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return [line]


def _row(cells: dict[str, str]) -> Row:
    at = _moment(cells["完成时间"])
    fee = -payment.to_rounded_fen(cells["服务费（元）"] or "0")
    amount = payment.to_fen(cells["订单金额（元）"])
    no = cells["商户订单号"]
    trade = cells["支付宝交易号"]
    if cells["业务类型"] == "交易":
        return Row(kind="payment", order_no=no, transaction_id=trade, amount=amount, fee=fee, at=at)
    if cells["业务类型"] == "退款":
        return Row(
            kind="refund",
            order_no=no,
            transaction_id=trade,
            amount=abs(amount),
            fee=fee,
            at=at,
            refund_no=cells[_REFUND_NUMBER],
        )
    raise ValueError(f"unknown kind {cells['业务类型']}")
