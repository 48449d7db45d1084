"""What a fresh deployment must be able to do before it counts as done: a few requests, each of another part."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import urllib3

from infra.cloud import Cloud

_PATIENCE_SECONDS = 60.0


class SmokeFailed(Exception):
    """A check did not pass; the message says which and what came instead."""


def check_code(of: Cloud, endpoint: str) -> None:
    """Check the deployed API at ``endpoint`` and the functions behind it; raises ``SmokeFailed``."""
    ask = _Client(endpoint)
    _check("the API answers", lambda: ask("GET", "/health"), lambda status, _: status == 200)
    _check(
        "certificates' public keys come from KMS",
        lambda: ask("GET", "/v1/certificates/keys"),
        lambda status, found: status == 200 and bool(found.get("keys")),
    )
    _check(
        "the printing function answers",
        lambda: ask("GET", "/v1/prints/smoke-test"),
        lambda status, found: found.get("code") == "print_link_used",
    )
    _check(
        "WeChat is reached and knows our secret: it refuses a false login code",
        lambda: ask("POST", "/v1/auth/wechat", {"code": "smoke-test"}),
        lambda status, found: status == 401 and found.get("code") == "login_code_invalid",
    )
    _check(
        "the event log's function starts",
        lambda: (200, of.invoke("AppendHistory", {"Records": []})),
        lambda _, found: found == {"batchItemFailures": []},
    )


def check_catalogue(endpoint: str) -> None:
    """Check that people find services; raises ``SmokeFailed``."""
    ask = _Client(endpoint)
    _check(
        "the catalogue is published",
        lambda: ask("GET", "/v1/services"),
        lambda status, found: status == 200 and bool(found.get("items")),
    )


class _Client:
    """Calls the API; the status and the JSON that came, or the beginning of what is no JSON."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=False)

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"}
        answer = self._pool.request(method, self._endpoint + path, body=sent, headers=headers)
        try:
            return answer.status, json.loads(answer.data)
        except ValueError:
            return answer.status, {"code": answer.data[:200].decode(errors="replace")}


def _check(words: str, work: Callable[[], tuple[int, Any]], passes: Callable[[int, Any], bool]) -> None:
    """Try until it passes; new endpoints and aliases take a moment to be known everywhere."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            status, found = work()
            if passes(status, found):
                print(f"  {words}", flush=True)
                return
            came = f"{status} {json.dumps(found, ensure_ascii=False)[:300]}"
        except urllib3.exceptions.HTTPError as error:
            came = type(error).__name__
        if time.monotonic() > deadline:
            raise SmokeFailed(f"{words}: {came}")
        time.sleep(2)
