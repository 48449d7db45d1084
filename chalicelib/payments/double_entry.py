"""The ledger (double entry): account names and balanced postings. Debit is positive, credit negative. Pure.

Amounts are integer fen. The money belongs to the treasury (收支两条线), so every account of a fee names the unit and
the item code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Postings = dict[str, int]


def fee_account(unit: str, item_code: str) -> str:
    """What the treasury gets for a unit's item."""
    return f"fee:{unit}:{item_code}"


def paid_in(channel: str, parts: Mapping[tuple[str, str], int]) -> Postings:
    """Money came in for these (unit, item code) parts."""
    return {f"money:{channel}": sum(parts.values())} | {
        fee_account(unit, code): -amount for (unit, code), amount in parts.items()
    }


def suspended(channel: str, amount: int) -> Postings:
    """Money came in that fits no bill."""
    return {f"money:{channel}": amount, "suspense": -amount}


def assigned(parts: Mapping[tuple[str, str], int]) -> Postings:
    """Money in suspense turned out to be for these parts."""
    return {"suspense": sum(parts.values())} | {
        fee_account(unit, code): -amount for (unit, code), amount in parts.items()
    }


def negated(postings: Postings) -> Postings:
    """The same, given back."""
    return {account: -amount for account, amount in postings.items()}


def commission(channel: str, fee: int) -> Postings:
    """The platform kept a commission (a negative one was given back)."""
    return {f"commission:{channel}": fee, f"money:{channel}": -fee}


def is_balanced(postings: Postings) -> bool:
    return sum(postings.values()) == 0


def totals(entries: Iterable[Postings]) -> Postings:
    """The sum of many postings by account."""
    found: Postings = {}
    for postings in entries:
        for account, amount in postings.items():
            found[account] = found.get(account, 0) + amount
    return found
