"""HTTP with a shared secret, as the city's own systems talk: every request and every answer carries an HMAC.

Signed are method, path, time, nonce and body; an answer is signed over the request's nonce, so that it cannot be
swapped (docs/departments.md).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import msgspec

from chalicelib.kernel import clock, log
from chalicelib.platforms import http


@dataclass(frozen=True, kw_only=True)
class Service:
    """Another system: its name, where it is, who we are there, and the shared secret."""

    name: str
    url: str
    client_id: str
    secret: str


def call(service: Service, path: str, content: dict[str, Any]) -> dict[str, Any]:
    """POST ``content`` and return the verified answer; raises ``platform_unavailable``."""
    body = msgspec.json.encode(content)
    timestamp = str(clock.seconds(clock.now()))
    nonce = token_hex(16)
    answer = http.call(
        service.name,
        "POST",
        service.url + path,
        body=body,
        headers={
            "Content-Type": "application/json",
            "X-Client": service.client_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature(service.secret, "POST", path, timestamp, nonce, body),
        },
    )
    expected = signature(service.secret, "answer", path, str(answer.status), nonce, answer.data)
    if not hmac.compare_digest(expected, answer.headers.get("X-Signature", "")):
        log.write("platform_failed", level="error", platform=service.name, reason="bad signature")
        raise http.unavailable(service.name)
    if answer.status != 200:
        log.write("platform_refused", level="error", platform=service.name, status=answer.status)
        raise http.unavailable(service.name)
    return http.parse_object(service.name, answer.data)


def signature(secret: str, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The signature of one message, in hex."""
    text = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
