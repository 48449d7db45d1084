"""The platforms' own books against ours: what is wrong about one trade, in words."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.kernel import clock
from chalicelib.payments import rules, store
from local.simulators.cashier import Trade


def faults(channel: str, trade: Trade) -> list[str]:
    """What is wrong once everything has had its time: money in = settled + given back + in suspense, once."""
    order = store.order(trade.no)
    held = store.suspense(f"{channel}-{trade.transaction_id}") if trade.paid_at else None
    if order is None:
        return [] if held is not None or not trade.paid_at else ["money for an unknown order was dropped"]
    found = ["the order has not ended"] if order.status in rules.LIVE else []
    if not trade.paid_at:
        return found + ["paid by our books alone"] * (order.status in rules.SETTLED)
    back = given_back(trade)
    credited = is_credited(order, trade)
    if credited and held is not None:
        found.append("credited twice")
    elif credited:
        found += ["refunds differ"] * (int(order.refunded) != back)
        found += ["amounts differ"] * (trade.paid != int(order.amount))
        found += [wrong for number in order.bills for wrong in bill_faults(number, order)]
    elif held is None:
        found.append("money was dropped")
    else:
        found += ["suspense differs"] * ((held.status == rules.GIVEN_BACK) != (back == trade.paid))
    return found


def is_credited(order: store.OrderItem, trade: Trade) -> bool:
    return order.status in rules.SETTLED and order.transaction_id == trade.transaction_id


def given_back(trade: Trade) -> int:
    """What the platform has given back of a trade, in fen."""
    return sum(refund.amount for refund in trade.refunds.values() if refund.state == "SUCCESS")


def bill_faults(number: str, order: store.OrderItem) -> list[str]:
    """What is wrong about a bill of a settled order: its state, its receipt."""
    bill, receipt = store.bill(number), store.receipt(number)
    if bill is None or bill.order != order.id:
        return ["the bill belongs to another order"]
    if receipt is None or bill.status == rules.OPEN:
        return ["the books have not followed"]
    rest = int(bill.amount) - int(bill.refunded)
    wrong = int(receipt.amount) != rest or bool(receipt.number) != (rest > 0)
    return ["the receipt differs"] * wrong


def ledger_of(channel: str, days: int = 3) -> dict[tuple[str, str], int]:
    """Our ledger's movements of a channel in the last days, by what the platform knows them by."""
    found: dict[tuple[str, str], int] = {}
    for past in range(days):
        for entry in store.entries_of(clock.today() - timedelta(days=past), channel):
            if entry.kind in ("payment", "suspense"):
                found["payment", str(entry.transaction_id)] = int(entry.amount)
            elif entry.kind in ("refund", "suspense_refund"):
                found["refund", str(entry.reference)] = int(entry.amount)
    return found


def differences(trade: Trade, entries: dict[tuple[str, str], int]) -> int:
    """Movements at the platform that our ledger does not know."""
    if not trade.paid_at:
        return 0
    missing = int(entries.get(("payment", trade.transaction_id)) != trade.paid)
    for refund in trade.refunds.values():
        missing += refund.state == "SUCCESS" and entries.get(("refund", refund.no)) != refund.amount
    return missing
