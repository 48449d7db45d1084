"""What becomes of a person's bills when they close their account: nothing in them names the person."""

from __future__ import annotations

from typing import Any

from chalicelib.payments import rules


def is_open(entry: dict[str, Any]) -> bool:
    """Whether a bill waits for money or its receipt, which names the payer, or money is on its way back."""
    is_unpaid = entry["status"] == rules.OPEN
    waits_for_receipt = entry["status"] == rules.BILL_SETTLED and not entry["receipt"]
    is_being_refunded = entry["being_refunded"] > 0
    return bool(is_unpaid or waits_for_receipt or is_being_refunded)
