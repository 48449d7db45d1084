"""Use cases of payments: bills, orders, refunds, the desk of the treasury. The door for other features."""

from chalicelib.payments.rules import Charge
from chalicelib.payments.service import (
    bills,
    booking,
    channels,
    counter,
    documents,
    ledger,
    notices,
    orders,
    receipts,
    reconciling,
    refunds,
    settling,
    telling,
    work,
)
from chalicelib.payments.service.bills import Debt, cancelling, prepare
from chalicelib.payments.service.reconciling import reconcile_day
from chalicelib.payments.service.work import attempt, sweep, visit

__all__ = [
    "Charge",
    "Debt",
    "attempt",
    "bills",
    "booking",
    "cancelling",
    "channels",
    "counter",
    "documents",
    "ledger",
    "notices",
    "orders",
    "prepare",
    "receipts",
    "reconcile_day",
    "reconciling",
    "refunds",
    "settling",
    "sweep",
    "telling",
    "visit",
    "work",
]
