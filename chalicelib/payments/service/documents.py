"""The files of payments behind links: a receipt's PDF, the treasury's report as CSV or Excel."""

from __future__ import annotations

from datetime import date

from chalicelib.kernel.edge import documents
from chalicelib.kernel.edge.documents import Document, DocumentLink
from chalicelib.payments import store
from chalicelib.payments.service import ledger, receipts
from chalicelib.payments.store import BillItem

CSV = "text/csv; charset=utf-8"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def receipt_link(bill: BillItem) -> DocumentLink:
    """A link to the bill's receipt; raises ``no_receipt_yet``."""
    receipts.require(bill)
    return documents.link("receipt", bill.id)


def report_link(first: date, last: date, form: str) -> DocumentLink:
    """A link to the treasury's report as ``csv`` or ``xlsx``; raises ``span_too_long``."""
    ledger.check_span(first, last)
    return documents.link(f"report_{form}", str(first), str(last))


@documents.made("receipt")
def receipt(bill_id: str) -> Document:
    """A bill's receipt as PDF."""
    from chalicelib.payments import drawing

    bill = store.bill(bill_id)
    if bill is None:
        raise documents.LINK_EXPIRED()
    return Document(drawing.receipt(bill, receipts.require(bill)), "application/pdf", f"receipt-{bill.id}.pdf")


@documents.made("report_csv")
def report_csv(first: str, last: str) -> Document:
    """The treasury's report as CSV."""
    from chalicelib.payments import drawing

    report = ledger.report(date.fromisoformat(first), date.fromisoformat(last))
    return Document(drawing.report_csv(report), CSV, f"treasury-{first}-{last}.csv")


@documents.made("report_xlsx")
def report_xlsx(first: str, last: str) -> Document:
    """The treasury's report as Excel."""
    from chalicelib.payments import drawing

    report = ledger.report(date.fromisoformat(first), date.fromisoformat(last))
    return Document(drawing.report_xlsx(report), EXCEL, f"treasury-{first}-{last}.xlsx")
