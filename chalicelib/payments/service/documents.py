"""Files behind links that live for five minutes: a receipt's PDF, the treasury's report as CSV or Excel.

The link carries, sealed, what it stands for; the function that draws serves it (docs/decisions/packaging.md).
"""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.kernel import clock, sealed
from chalicelib.kernel.settings import settings
from chalicelib.payments import rules, store
from chalicelib.payments.service import ledger, receipts
from chalicelib.payments.store import BillItem

LINK_SECONDS = 300
_PURPOSE, _HOLDER = "document", "whoever has the link"
CSV, EXCEL = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Ticket(msgspec.Struct, frozen=True):
    """What a link stands for: a bill's ``receipt``, or a ``report_csv`` or ``report_xlsx`` of some days."""

    kind: str
    bill: str
    first: str
    last: str
    until: int


class DocumentLink(msgspec.Struct, frozen=True):
    """Where the file is fetched, and for how many seconds."""

    url: str
    expires_in: int


class Document(msgspec.Struct, frozen=True):
    """A file with its type and name."""

    data: bytes
    content_type: str
    name: str


def receipt_link(bill: BillItem) -> DocumentLink:
    """A link to the bill's receipt; raises ``no_receipt_yet``."""
    receipts.require(bill)
    return _link("receipt", bill.id, "", "")


def report_link(first: date, last: date, form: str) -> DocumentLink:
    """A link to the treasury's report as ``csv`` or ``xlsx``; raises ``span_too_long``."""
    ledger.check_span(first, last)
    return _link(f"report_{form}", "", str(first), str(last))


def _link(kind: str, bill: str, first: str, last: str) -> DocumentLink:
    ticket = Ticket(kind, bill, first, last, clock.seconds(clock.now()) + LINK_SECONDS)
    return DocumentLink(f"{settings().public_url}/v1/documents/{sealed.seal(_PURPOSE, _HOLDER, ticket)}", LINK_SECONDS)


def fetch(text: str) -> Document:
    """The file behind a link; raises ``document_link_expired`` for a link that is old or not ours."""
    from chalicelib.payments import drawing

    try:
        ticket = sealed.open_sealed(_PURPOSE, _HOLDER, text, Ticket)
    except sealed.NotGenuine:
        raise rules.LINK_EXPIRED() from None
    if clock.seconds(clock.now()) > ticket.until:
        raise rules.LINK_EXPIRED()
    if ticket.kind == "receipt":
        bill = store.bill(ticket.bill)
        if bill is None:
            raise rules.LINK_EXPIRED()
        return Document(drawing.receipt(bill, receipts.require(bill)), "application/pdf", f"receipt-{bill.id}.pdf")
    report = ledger.report(date.fromisoformat(ticket.first), date.fromisoformat(ticket.last))
    name = f"treasury-{ticket.first}-{ticket.last}"
    if ticket.kind == "report_csv":
        return Document(drawing.report_csv(report), CSV, f"{name}.csv")
    return Document(drawing.report_xlsx(report), EXCEL, f"{name}.xlsx")
