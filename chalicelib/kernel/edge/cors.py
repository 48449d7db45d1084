"""Browsers of other origins: which web front ends may call the API, as the deployment's settings say (Fetch standard).

Only configured origins are answered. The API knows no cookies, so no credentials are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable

_HEADERS_IN = "Authorization, Content-Type, Acting-For, Idempotency-Key, If-Match, If-None-Match"
_HEADERS_OUT = "ETag, Retry-After, X-Request-Id, Content-Disposition"
_PREFLIGHT_SECONDS = 7200


def answer_headers(origin: str, allowed: Iterable[str]) -> dict[str, str]:
    """What an answer says to a browser of this origin; only ``Vary`` to any other."""
    if origin not in allowed:
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _HEADERS_OUT, "Vary": "Origin"}


def preflight_headers(methods: Iterable[str]) -> dict[str, str]:
    """What a browser learns that asks before its request: the path's methods and the headers that we read."""
    return {
        "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
        "Access-Control-Allow-Headers": _HEADERS_IN,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
