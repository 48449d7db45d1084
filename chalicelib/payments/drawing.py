"""Receipts as PDF and reports as CSV and Excel; loaded only where files are made."""

from __future__ import annotations

import csv
import io

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Layout, QrElement, RectangleElement, TextElement
from chalicelib.certificates import service as certificates
from chalicelib.identity import service as identity
from chalicelib.payments.service.ledger import Report
from chalicelib.payments.store import BillItem, ReceiptItem
from chalicelib.platforms.payment import to_yuan

_WIDTH = 210.0
_ROW = 8.0
_INK = "#8a1f1f"
_LINE = "#c9a3a3"
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")
_HEADER = ("日期 day", "执收单位 unit", "收费项目编码 item code", "渠道 channel", "金额(元) amount (yuan)")


def in_words(fen: int) -> str:
    """An amount in the capital numerals of receipts (大写): 1250 is 壹拾贰元伍角整."""
    yuan = fen // 100
    jiao = fen // 10 % 10
    rest = fen % 10
    words = (_whole(yuan) + "元") if yuan else ""
    if jiao:
        words += _DIGITS[jiao] + "角"
    elif yuan and rest:
        words += "零"
    return words + (_DIGITS[rest] + "分" if rest else "整") if fen else "零元整"


def _whole(number: int) -> str:
    words = ""
    gap = False
    for place in range(len(_GROUPS) - 1, -1, -1):
        group = number // 10_000**place % (10_000 if place < len(_GROUPS) - 1 else 10**8)
        if not group:
            gap = gap or bool(words)
            continue
        text = _group(group)
        if words and (gap or group < 1000):
            words += "零"
        words = words + text + _GROUPS[place]
        gap = False
    return words


def _group(number: int) -> str:
    words = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _UNITS[place]
        gap = False
    return words


def receipt(bill: BillItem, item: ReceiptItem) -> bytes:
    """The receipt's PDF (A5, across), with what is checked at the national platform in the QR."""
    party = identity.organization_party if bill.payer_kind == "organization" else identity.person_party
    payer = party(bill.payer)
    unit = catalog.unit(bill.unit)
    parts = item.issued
    lines = [charge for charge in bill.charges if parts.get(charge.item, 0) > 0]
    height = max(148.0, 96 + _ROW * len(lines))
    elements: list[TextElement | RectangleElement | QrElement] = [
        _text(20, 10, 170, 20, "非税收入票据（电子）", align="center", weight="bold", color=_INK),
        _text(20, 19, 170, 8, "NON-TAX RECEIPT", align="center", color=_INK),
        QrElement(x=14, y=6, size=32, correction="M"),
        *_pairs(item, payer.name, unit.name.zh),
        RectangleElement(x=14, y=52, width=182, height=_ROW, fill="#f7eeee", line=_LINE),
        _text(18, 54, 40, 9, "项目编码 Code", weight="bold"),
        _text(62, 54, 90, 9, "项目名称 Item", weight="bold"),
        _text(156, 54, 36, 9, "金额 Amount (元)", weight="bold", align="right"),
    ]
    top = 52 + _ROW
    for charge in lines:
        elements += [
            RectangleElement(x=14, y=top, width=182, height=_ROW, line=_LINE),
            _text(18, top + 2, 40, 9, charge.item_code),
            _text(62, top + 2, 90, 9, f"{charge.name_zh}  {charge.name_en}"),
            _text(156, top + 2, 36, 9, to_yuan(parts[charge.item]), align="right"),
        ]
        top += _ROW
    elements += [
        RectangleElement(x=14, y=top, width=182, height=10, line=_LINE, fill="#f7eeee"),
        _text(18, top + 3, 120, 10, f"合计（大写）{in_words(item.amount)}", weight="bold"),
        _text(140, top + 3, 52, 10, f"¥ {to_yuan(item.amount)}", weight="bold", align="right"),
        _text(18, top + 16, 174, 8, f"缴款码 Payment notice {bill.id}    办件 {bill.receipt}"),
        _text(
            18,
            top + 22,
            174,
            8,
            "扫码可得票据代码、号码、校验码、日期和金额，用于全国财政电子票据查验平台核对。",
            color="#5a6472",
        ),
    ]
    layout = Layout(width=_WIDTH, height=height, elements=elements)
    checked = f"{item.code},{item.number},{item.check},{item.issued_on},{to_yuan(item.amount)}"
    return certificates.draw_document(layout, str(item.number), checked)


def _pairs(item: ReceiptItem, payer: str, unit: str) -> list[TextElement]:
    left = (("交款人 Payer", payer), ("收款单位 Collected by", unit))
    right = (("票据代码 Code", item.code), ("票据号码 Number", item.number), ("校验码 Check", item.check))
    elements = [_text(50, 32 + 7 * at, 100, 10, f"{name}：{value}") for at, (name, value) in enumerate(left)]
    elements += [
        _text(146, 28 + 6 * at, 50, 8, f"{name} {value}", align="right") for at, (name, value) in enumerate(right)
    ]
    return [*elements, _text(146, 46, 50, 8, f"开票日期 Date {item.issued_on}", align="right")]


def _text(x: float, y: float, width: float, size: float, text: str, **options: str) -> TextElement:
    escaped = text.replace("{", "{{").replace("}", "}}")
    return TextElement(x=x, y=y, width=width, size=size, text=escaped, **options)  # type: ignore[arg-type]


def _rows(report: Report) -> list[tuple[str, str, str, str, int]]:
    return [
        (str(line.day), catalog.unit_name(line.unit).zh, line.item_code, line.channel, line.amount)
        for line in report.lines
    ]


def report_csv(report: Report) -> bytes:
    """The report as CSV that spreadsheets open as UTF-8; the last line is the total."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    writer.writerows((*names, to_yuan_signed(amount)) for *names, amount in _rows(report))
    writer.writerow(("合计 total", "", "", "", to_yuan_signed(report.fees)))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def to_yuan_signed(fen: int) -> str:
    return ("-" if fen < 0 else "") + to_yuan(abs(fen))


def report_xlsx(report: Report) -> bytes:
    """The report as an Excel workbook; amounts are numbers, the total is a formula with its value."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("非税收入")
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0.00"})
        total = book.add_format({"num_format": "#,##0.00", "bold": True})
        sheet.write_row(0, 0, _HEADER, bold)
        rows = _rows(report)
        for at, (*names, amount) in enumerate(rows, 1):
            sheet.write_row(at, 0, names)
            sheet.write_number(at, 4, amount / 100, money)
        last = len(rows) + 1
        sheet.write(last, 0, "合计 total", bold)
        sheet.write_formula(last, 4, f"=SUM(E2:E{last})" if rows else "=0", total, report.fees / 100)
        sheet.set_column(0, 4, 22)
        sheet.freeze_panes(1, 0)
    return buffer.getvalue()
