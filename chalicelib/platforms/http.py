"""HTTP to the outside: pooled, always with timeouts, every failure one kind of problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from chalicelib.kernel import budget, errors, log
from chalicelib.kernel.clock import LastUse

CODE_INVALID = errors.ErrorCode(
    "login_code_invalid",
    401,
    zh="登录码无效、已使用或已过期，请重新登录",
    en="The code is invalid, used or expired; log in again",
)
_MAX_ANSWER_BYTES = 4_000_000
_DOWNLOAD_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_IDLE_SECONDS = 60.0


class _Pools:
    """The connections to each host, kept while they are used."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[LastUse, urllib3.PoolManager]] = {}

    def of(self, url: str) -> urllib3.PoolManager:
        """The pool of a host; a new one if the last was idle for so long that its connections may be dead.

        A NAT gateway forgets them after 350 seconds without telling anybody, and a function may have been frozen.
        """
        host = urlsplit(url).netloc
        known = self._known.get(host)
        if known is None or known[0].is_past(_IDLE_SECONDS):
            pool = urllib3.PoolManager(
                maxsize=20, timeout=urllib3.Timeout(connect=2, read=5), retries=False, cert_reqs="CERT_REQUIRED"
            )
        else:
            pool = known[1]
        # Two threads may both make one: the last stays, the other ends with its requests.
        self._known[host] = (LastUse.now(), pool)
        return pool


_pools = _Pools()


def call(
    platform: str,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    explained: bool = False,
    repeatable: bool = False,
) -> urllib3.BaseHTTPResponse:
    """One request, redirects not followed; raises ``platform_unavailable`` when there is no answer or a 5xx,
    as ``Unheard`` when the request had reached the platform.

    ``explained``: a 5xx comes with the platform's own code and is handed back like any other answer.

    ``repeatable``: the request changes nothing at the platform, so it is sent once more if its connection ends before
    an answer comes.
    """
    if budget.remaining() <= 0:
        raise unavailable(platform)
    try:
        answer = _pools.of(url).request(method, url, body=body, headers=headers or {}, redirect=False)
    except urllib3.exceptions.ProtocolError as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        if repeatable:
            return call(platform, method, url, body=body, headers=headers, explained=explained)
        raise _unheard(platform) from error
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        raise unavailable(platform) from error
    except urllib3.exceptions.HTTPError as error:
        log.write("platform_failed", level="warning", platform=platform, error=type(error).__name__)
        raise _unheard(platform) from error
    if (answer.status >= 500 and not explained) or len(answer.data) > _MAX_ANSWER_BYTES:
        log.write("platform_failed", level="warning", platform=platform, status=answer.status)
        raise unavailable(platform)
    return answer


def download(platform: str, url: str, target: Path, headers: dict[str, str] | None = None) -> None:
    """Put a file behind ``url`` into ``target``, in pieces; raises ``platform_unavailable``."""
    try:
        answer = _pools.of(url).request(
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


def _unheard(platform: str) -> Unheard:
    return Unheard(error=errors.PLATFORM_UNAVAILABLE, fields=[], retry_after=5, values={"platform": platform})


def unavailable(platform: str) -> errors.Problem:
    return errors.PLATFORM_UNAVAILABLE(retry_after=5, platform=platform)
