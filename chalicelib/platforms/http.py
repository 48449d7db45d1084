"""HTTP to the outside: pooled, always with timeouts, every failure one kind of problem."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import urllib3

from chalicelib.kernel import budget, errors, log

CODE_INVALID = errors.ErrorCode(
    "login_code_invalid",
    401,
    zh="登录码无效、已使用或已过期，请重新登录",
    en="The code is invalid, used or expired; log in again",
)
_MAX_ANSWER_BYTES = 4_000_000
_DOWNLOAD_TIMEOUT = urllib3.Timeout(connect=5, read=60)


@functools.cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(
        maxsize=20, timeout=urllib3.Timeout(connect=2, read=5), retries=False, cert_reqs="CERT_REQUIRED"
    )


def call(
    platform: str,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    explained: bool = False,
) -> urllib3.BaseHTTPResponse:
    """One request, redirects not followed; raises ``platform_unavailable`` when there is no answer or a 5xx,
    as ``Unheard`` when the request had reached the platform.

    ``explained``: a 5xx comes with the platform's own code and is handed back like any other answer.
    """
    if budget.remaining() <= 0:
        raise unavailable(platform)
    try:
        answer = _pool().request(method, url, body=body, headers=headers or {}, redirect=False)
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        raise unavailable(platform) from error
    except urllib3.exceptions.HTTPError as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        raise Unheard(
            error=errors.PLATFORM_UNAVAILABLE, fields=[], retry_after=5, values={"platform": platform}
        ) from error
    if (answer.status >= 500 and not explained) or len(answer.data) > _MAX_ANSWER_BYTES:
        log.write("platform_failed", level="warning", platform=platform, status=answer.status)
        raise unavailable(platform)
    return answer


def download(platform: str, url: str, target: Path, headers: dict[str, str] | None = None) -> None:
    """Put a file behind ``url`` into ``target``, in pieces; raises ``platform_unavailable``."""
    try:
        answer = _pool().request(
            "GET", url, headers=headers or {}, redirect=False, preload_content=False, timeout=_DOWNLOAD_TIMEOUT
        )
        try:
            if answer.status != 200:
                raise unavailable(platform)
            with target.open("wb") as file:
                for piece in answer.stream(65_536):
                    file.write(piece)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        raise unavailable(platform) from error


def parse_object(platform: str, data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``; anything else means that the platform is out of order."""
    try:
        parsed = json.loads(data)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        log.write("platform_failed", level="warning", platform=platform, reason="not a JSON object")
        raise unavailable(platform)
    return parsed


class Unheard(errors.Problem):
    """The request may have been done, but its answer was not heard."""


def unavailable(platform: str) -> errors.Problem:
    return errors.PLATFORM_UNAVAILABLE(retry_after=5, platform=platform)
