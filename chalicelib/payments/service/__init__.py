"""Use cases of payments: bills, orders, refunds, the desk of the treasury. The door for other features."""

from chalicelib.payments.rules import ALREADY_PAID, OTHER_PAYMENT_OPEN, Charge
from chalicelib.payments.service import (
    bills,
    bookkeeping,
    channels,
    copies,
    counter,
    documents,
    erasure,
    ledger,
    notifications,
    orders,
    receipts,
    reconciliation,
    refunds,
    settlement,
)
from chalicelib.payments.service.bills import Debt, cancel_write, prepare
from chalicelib.payments.service.reconciliation import reconcile_day

__all__ = [
    "ALREADY_PAID",
    "OTHER_PAYMENT_OPEN",
    "Charge",
    "Debt",
    "bills",
    "bookkeeping",
    "cancel_write",
    "channels",
    "copies",
    "counter",
    "documents",
    "erasure",
    "ledger",
    "notifications",
    "orders",
    "prepare",
    "receipts",
    "reconcile_day",
    "reconciliation",
    "refunds",
    "settlement",
]
