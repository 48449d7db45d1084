"""What the city's own systems share: requests and answers signed by a shared secret (docs/departments.md).

A request older than five minutes or with a used nonce is refused.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from chalicelib.kernel import clock
from chalicelib.platforms.signed import signature
from local.gateway import HttpAnswer
from local.simulators.base import Simulator

TOLERANCE_SECONDS = 300


class SignedSimulator(Simulator):
    """Base: ``execute`` answers a request whose signature is right."""

    def __init__(self, client_id: str, secret: str) -> None:
        super().__init__()
        self._client_id, self._secret = client_id, secret
        self._nonces: set[str] = set()
        self.tamper_signature = False

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        nonce = headers.get("x-nonce", "")
        with self.lock:
            status, content = self._checked(method, path, headers, body)
        data = json.dumps(content, ensure_ascii=False).encode()
        signed = signature(self._secret, "answer", path, str(status), nonce, data)
        if self.tamper_signature:
            signed = "0" * 64
        return HttpAnswer(status, {"Content-Type": "application/json", "X-Signature": signed}, data)

    def _checked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        timestamp, nonce = headers.get("x-timestamp", "0"), headers.get("x-nonce", "")
        expected = signature(self._secret, method, path, timestamp, nonce, body)
        if headers.get("x-client") != self._client_id or not hmac.compare_digest(
            expected, headers.get("x-signature", "")
        ):
            return 401, {"error": "bad signature"}
        if abs(clock.seconds(clock.now()) - int(timestamp)) > TOLERANCE_SECONDS or nonce in self._nonces:
            return 401, {"error": "old or repeated"}
        self._nonces.add(nonce)
        return self.execute(path, json.loads(body))

    def execute(self, path: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and content of the answer."""
        raise NotImplementedError
