"""What WeChat and Alipay have in common about messages: consents that are used up, users who are gone, an outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.kernel import clock

ANY_NUMBER = -1


@dataclass(kw_only=True)
class MessageBox:
    """``consents`` counts what each user still takes by each template (-1: any number); ``outbox`` is what was sent.

    ``errors`` are the codes that the next messages are answered; ``quota`` is how many a day are taken.
    """

    id_of: Callable[[str], str]
    outbox: list[dict[str, Any]] = field(default_factory=list)
    consents: dict[tuple[str, str], int] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    errors: list[Any] = field(default_factory=list)
    quota: int | None = None

    def controls(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        return {
            "consents": self._give_consent,
            "message_errors": self._script_error,
            "unreachable": self._set_unreachable,
            "message_quota": self._set_quota,
            "outbox": lambda _: {"messages": self.outbox},
        }

    def reset(self) -> None:
        self.outbox.clear()
        self.unreachable.clear()
        self.errors.clear()
        self.quota = None

    def _give_consent(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"user": "alice", "templates": [...], "times": 1}``: taps on 允许; -1 for a long-term subscription."""
        times = wanted.get("times", 1)
        for template in wanted["templates"]:
            key = (self.id_of(wanted["user"]), template)
            self.consents[key] = ANY_NUMBER if times < 0 else max(0, self.consents.get(key, 0)) + times
        return {"results": dict.fromkeys(wanted["templates"], "accept")}

    def _script_error(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"code": 45168, "times": 1}``: what the next messages are answered."""
        self.errors += [wanted["code"]] * wanted.get("times", 1)
        return wanted

    def _set_unreachable(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"users": [...]}``: users who have left the mini-program."""
        self.unreachable = {self.id_of(user) for user in wanted["users"]}
        return wanted

    def _set_quota(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"most": 100}``: messages a day; null for no limit."""
        self.quota = wanted["most"]
        return wanted

    def is_full(self) -> bool:
        return self.quota is not None and len(self.outbox) >= self.quota

    def spend(self, user: str, template: str) -> bool:
        """Use up one consent; whether there was one."""
        left = self.consents.get((user, template), 0)
        if left > 0:
            self.consents[user, template] = left - 1
        return left != 0

    def keep(self, message: dict[str, Any]) -> None:
        self.outbox.append({**message, "at": clock.now().isoformat()})
