"""Providers of text messages: the same contract under two addresses, so that one can fail and the other take over.

Contract: docs/messages.md. The same serial at one provider always finds the first message.
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.kernel import clock
from local.simulators.signed import SignedSimulator

MOST_CHARACTERS = 500
_ONE_PART, _EACH_PART = 70, 67


class Sms(SignedSimulator):
    """``outbox`` lists what was accepted, under ``/first`` and ``/second``; numbers in ``unreachable`` take nothing."""

    def __init__(self, client_id: str, secret: str) -> None:
        super().__init__(client_id, secret)
        self.outbox: list[dict[str, Any]] = []
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self.unreachable: set[str] = set()
        self.blocked_words: set[str] = set()
        self.controls |= {
            "outbox": lambda _: {"messages": self.outbox},
            "unreachable": self._set_unreachable,
            "blocked_words": self._set_blocked,
        }

    def reset(self) -> None:
        self.outbox.clear()
        self.unreachable.clear()
        self.blocked_words.clear()

    def _set_unreachable(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"phones": [...]}``"""
        self.unreachable = set(wanted["phones"])
        return wanted

    def _set_blocked(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"words": [...]}``"""
        self.blocked_words = set(wanted["words"])
        return wanted

    def execute(self, path: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        provider = path.split("/")[1]
        known = self._known.get((provider, wanted.get("serial", "")))
        if path.endswith("/v1/query"):
            return 200, {"status": "accepted" if known else "absent"}
        if not path.endswith("/v1/messages"):
            return 404, {"error": "no such path"}
        if known:
            return 200, {"status": "accepted", "parts": known["parts"]}
        return 200, self._accepted(provider, wanted)

    def _accepted(self, provider: str, wanted: dict[str, Any]) -> dict[str, Any]:
        text = str(wanted["text"])
        if not re.fullmatch(r"1\d{10}", wanted["phone"]) or wanted["phone"] in self.unreachable:
            return {"status": "refused", "reason": "unreachable"}
        if not re.match(r"【.{2,12}】", text) or len(text) > MOST_CHARACTERS:
            return {"status": "refused", "reason": "form"}
        if any(word in text for word in self.blocked_words):
            return {"status": "refused", "reason": "content"}
        parts = 1 if len(text) <= _ONE_PART else -(-len(text) // _EACH_PART)
        sent = {**wanted, "provider": provider, "parts": parts, "at": clock.now().isoformat()}
        self._known[provider, wanted["serial"]] = sent
        self.outbox.append(sent)
        return {"status": "accepted", "parts": parts}
