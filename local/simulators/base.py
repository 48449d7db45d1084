"""What the simulators share: JSON answers, faults that can be switched on, and the control paths ``/_sim``."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local import httpd
from local.gateway import HttpAnswer

FAULTS = ("http_500", "slow", "nonsense", "hang_up", "lost_answer")
Control = Callable[[dict[str, Any]], Any]


def json_answer(content: Any, status: int = 200, content_type: str = "application/json") -> HttpAnswer:
    return HttpAnswer(status, {"Content-Type": content_type}, json.dumps(content, ensure_ascii=False).encode())


class Simulator:
    """Base: ``answer`` speaks the platform's protocol; ``controls`` are the POST paths under ``/_sim``.

    Faults: ``{"fault": one of FAULTS, "times": n, "path": "/prefix"}``, or by chance, repeatable by its seed:
    ``{"seed": 7, "rates": {"hang_up": 0.01}}``. ``lost_answer`` does the deed and then hangs up.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._faults: list[dict[str, Any]] = []
        self.random, self._rates = random.Random(0), dict[str, float]()
        self.controls: dict[str, Control] = {
            "faults": self._add_fault,
            "random_faults": self._add_random_faults,
            "reset_faults": self._reset_faults,
        }

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes, source: str) -> HttpAnswer:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path.startswith("/_sim"):
            return self._control(url.path.removeprefix("/_sim").strip("/"), body)
        fault = self._take_fault(url.path)
        if fault == "http_500":
            return HttpAnswer(500, {"Content-Type": "text/html"}, b"<h1>Internal Server Error</h1>")
        if fault == "nonsense":
            return HttpAnswer(200, {"Content-Type": "text/html"}, b"<html>captive portal</html>")
        if fault == "hang_up":
            raise httpd.HangUp
        if fault == "slow":
            time.sleep(8)
        answer = self.answer(method, url.path, query, headers, body)
        if fault == "lost_answer":
            raise httpd.HangUp
        return answer

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        raise NotImplementedError

    def _control(self, name: str, body: bytes) -> HttpAnswer:
        if not name:
            return json_answer({"controls": sorted(self.controls)})
        if name not in self.controls:
            return json_answer({"error": f"no such control; there are {sorted(self.controls)}"}, 404)
        try:
            with self.lock:
                return json_answer(self.controls[name](json.loads(body or b"{}")))
        except (KeyError, ValueError, TypeError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def _add_fault(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["fault"] not in FAULTS:
            raise ValueError(f"fault is one of {', '.join(FAULTS)}")
        fault = {"path": "/", "times": 1, **wanted}
        self._faults.append(fault)
        return fault

    def _add_random_faults(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"seed": 7, "rates": {"http_500": 0.01}}``"""
        if unknown := set(wanted["rates"]) - set(FAULTS):
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        self.random, self._rates = random.Random(wanted["seed"]), dict(wanted["rates"])
        return wanted

    def _reset_faults(self, _: dict[str, Any]) -> dict[str, Any]:
        self._faults.clear()
        self._rates.clear()
        return {}

    def _take_fault(self, path: str) -> str:
        with self.lock:
            for fault in self._faults:
                if path.startswith(fault["path"]) and fault["times"] > 0:
                    fault["times"] -= 1
                    return str(fault["fault"])
            for fault_name, rate in self._rates.items():
                if self.random.random() < rate:
                    return fault_name
        return ""
