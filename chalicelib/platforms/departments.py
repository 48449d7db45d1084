"""The exchange through which other departments' registers are read (部门数据共享).

Contract (docs/departments.md): POST of JSON, each request signed by HMAC-SHA256 over method, path,
time, nonce and body; each answer signed over the nonce, so that it cannot be swapped. Every query of a
register names its purpose: the service and the application that it is for (个保法 art. 34, 国务院令716号 art. 7).
"""

from __future__ import annotations

import hashlib
import hmac
from secrets import token_hex
from typing import Any

import msgspec

from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.settings import secrets, settings
from chalicelib.platforms import http

PLATFORM = "部门数据共享平台 Departments' exchange"


class Purpose(msgspec.Struct, frozen=True):
    """What the data is needed for."""

    service: str
    application: str = ""


def query_register(register: str, key: str, purpose: Purpose) -> list[dict[str, Any]]:
    """The records that a register holds under ``key`` (a credit code, an ID number, a plate, ...).

    An empty list means that the register knows none. Raises ``platform_unavailable``.
    """
    answer = _call("/v1/query", {"register": register, "key": key, "purpose": purpose})
    records = answer.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise http.unavailable(PLATFORM)
    return records


def identity_matches(name: str, id_number: str) -> bool:
    """Whether the national check says that ``name`` and ``id_number`` belong together.

    Raises ``platform_unavailable``.
    """
    match = _call("/v1/identity-check", {"name": name, "id_number": id_number}).get("match")
    if not isinstance(match, bool):
        raise http.unavailable(PLATFORM)
    return match


def unavailable() -> errors.Problem:
    """The exchange answered what cannot be used."""
    return http.unavailable(PLATFORM)


def _call(path: str, content: dict[str, Any]) -> dict[str, Any]:
    body = msgspec.json.encode(content)
    timestamp, nonce = str(clock.seconds(clock.now())), token_hex(16)
    answer = http.call(
        PLATFORM,
        "POST",
        settings().departments_url + path,
        body=body,
        headers={
            "Content-Type": "application/json",
            "X-Client": settings().departments_client_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature("POST", path, timestamp, nonce, body),
        },
    )
    expected = signature("answer", path, str(answer.status), nonce, answer.data)
    if not hmac.compare_digest(expected, answer.headers.get("X-Signature", "")):
        log.write("platform_failed", level="error", platform="departments", reason="bad signature")
        raise http.unavailable(PLATFORM)
    if answer.status != 200:
        log.write("platform_refused", level="error", platform="departments", status=answer.status)
        raise http.unavailable(PLATFORM)
    return http.parse_object(PLATFORM, answer.data)


def signature(method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """The exchange's signature of one message, in hex."""
    text = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secrets().departments_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
