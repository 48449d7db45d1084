"""The fiscal e-receipt system: issues receipts, voids them by red receipts, tells how they stand.

Contract: docs/payments.md. The same serial always finds the first receipt.
"""

from __future__ import annotations

import itertools
import secrets
from typing import Any

from chalicelib.kernel import clock
from local.simulators.signed import SignedSimulator


class Fiscal(SignedSimulator):
    """``receipts`` maps serials to what was issued."""

    def __init__(self, client_id: str, secret: str) -> None:
        super().__init__(client_id, secret)
        self.receipts: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self.controls |= {"receipts": lambda _: {"receipts": self.receipts}}

    def execute(self, path: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        known = self.receipts.get(wanted.get("serial", ""))
        if path == "/v1/receipts":
            return 200, self._issued(known or self._issue(wanted))
        if known is None:
            return (200, {"status": "absent"}) if path == "/v1/receipts/query" else (404, {"error": "no such receipt"})
        if path == "/v1/receipts/void":
            known["red"] = known["red"] or self._number()
            return 200, {"red": known["red"]}
        if path == "/v1/receipts/query":
            return 200, {"status": "voided" if known["red"] else "valid"}
        return 404, {"error": "no such path"}

    def _issue(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if sum(line["amount"] for line in wanted["lines"]) != wanted["amount"] or wanted["amount"] < 1:
            raise ValueError("the lines do not add up")
        today = clock.today()
        made = {
            "code": f"3201{today:%y}01",
            "number": self._number(),
            "check": secrets.token_hex(3),
            "issued_on": str(today),
            "amount": wanted["amount"],
            "wanted": wanted,
            "red": "",
        }
        self.receipts[wanted["serial"]] = made
        return made

    @staticmethod
    def _issued(receipt: dict[str, Any]) -> dict[str, Any]:
        return {name: receipt[name] for name in ("code", "number", "check", "issued_on", "amount")}

    def _number(self) -> str:
        return f"{next(self._numbers):010d}"
