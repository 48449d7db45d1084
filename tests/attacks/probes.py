"""What an outsider may send, and what has to come back. Nothing here needs an account or leaves anything behind.

Each probe is one request. ``statuses`` are the right answers; ``never`` are texts that no answer may hold.
``without_headers``: whatever stands in front of the API may answer it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_CONTRACT = Path(__file__).parent.parent.parent / "openapi.yaml"
_METHODS = ("get", "post", "put", "delete", "patch")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
LEAKS = ("Traceback", "botocore", "dynamodb", "/var/task", "root:x:", "chalicelib/")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One request, the statuses that are right, and what the answer must and must not hold."""

    name: str
    path: str
    statuses: tuple[int, ...]
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    holds: str = ""
    never: tuple[str, ...] = ()
    headers_never: dict[str, str] = field(default_factory=dict)
    without_headers: bool = False


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


def faults(probe: Probe, heard: Heard) -> list[str]:
    """What is wrong with an answer."""
    found = []
    if heard.status not in probe.statuses:
        found.append(f"status {heard.status}, not {' or '.join(map(str, probe.statuses))}")
    if probe.holds and probe.holds not in heard.text:
        found.append(f"the answer lacks {probe.holds!r}")
    found += [f"the answer holds {text!r}" for text in (*LEAKS, *probe.never) if text in heard.text]
    headers = {name.lower(): value for name, value in heard.headers.items()}
    for name, value in probe.headers_never.items():
        if value in headers.get(name.lower(), ""):
            found.append(f"{name} holds {value!r}")
    if heard.status < 500 and not probe.without_headers:
        found += [f"{name} is missing" for name, value in SAFE_HEADERS.items() if headers.get(name.lower()) != value]
    return found


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _tokens() -> dict[str, str]:
    claims = _part({"sub": "01K7M29QXA4TB3000000000000", "aud": "banshi", "exp": 4102444800, "iat": 1})
    found = {"nothing": "", "a word": "secret", "two dots": "..", "a very long one": "a" * 7000}
    for algorithm in ("none", "None", "HS256", "ES256"):
        found[f"forged with {algorithm}"] = f"{_part({'alg': algorithm, 'typ': 'at+jwt', 'kid': 't1'})}.{claims}.AAAA"
    return found


def _forged_tokens() -> list[Probe]:
    return [
        Probe(
            name=f"access token: {kind}",
            path="/v1/me",
            headers={"Authorization": f"Bearer {token}"},
            statuses=(401,),
            holds="not_authenticated",
        )
        for kind, token in _tokens().items()
    ]


def _without_a_token() -> list[Probe]:
    """Every operation of the contract that is not open to anyone."""
    document = yaml.safe_load(_CONTRACT.read_text(encoding="utf-8"))
    found = []
    for path, operations in document["paths"].items():
        for method in _METHODS:
            operation = operations.get(method)
            if operation is None or operation["security"] == []:
                continue
            target = path.replace("{", "").replace("}", "")
            probe = Probe(
                name=f"without a token: {operation['operationId']}",
                method=method.upper(),
                path=target,
                body=b"{}" if method != "get" else None,
                headers={"Idempotency-Key": "attack-without-token"},
                statuses=(401,),
                holds="not_authenticated",
            )
            found.append(probe)
    return found


def _injections() -> list[Probe]:
    texts = {
        "sql": "%27%20OR%201%3D1--",
        "expression": "%7B%7B7*7%7D%7D",
        "operator": "%7B%22%24gt%22%3A%22%22%7D",
        "command": "%3Bcat%20/etc/passwd",
        "markup": "%3Cscript%3Ealert(1)%3C/script%3E",
        "null byte": "a%00b",
        "broken utf-8": "%ff%fe",
        "line break": "a%0d%0aSet-Cookie:%20a=b",
    }
    found = []
    for kind, text in texts.items():
        never = ("<script>alert", "49") if kind == "expression" else ("<script>alert",)
        cookies = {"Set-Cookie": "a=b"}
        search = f"/v1/services?q={text}"
        page = f"/b/{text.replace('/', '%2F')}"
        found += [
            Probe(name=f"search: {kind}", path=search, statuses=(200, 400, 422), never=never, headers_never=cookies),
            Probe(name=f"page: {kind}", path=page, statuses=(200, 400, 404), never=never, headers_never=cookies),
        ]
    return found


def _files() -> list[Probe]:
    names = (
        "/.git/config", "/.env", "/openapi.yaml", "/docs", "/swagger.json", "/_sim/codes", "/metrics", "/admin",
        "/v1/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2fapp.py", "/v1/services/..%2f..%2fapp.py",
    )  # fmt: skip
    return [Probe(name=f"not served: {name}", path=name, statuses=(400, 403, 404)) for name in names]


def _bodies() -> list[Probe]:
    deep = b'{"code":' + b"[" * 5000 + b"]" * 5000 + b"}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent: list[tuple[str, bytes, tuple[int, ...], dict[str, str]]] = [
        ("no JSON", b"{", (400,), {}),
        ("too deep", deep, (400, 422), {}),
        ("too large", b"{" + b" " * 300_000 + b"}", (413,), {}),
        ("unknown field", b'{"code":"x","role":"officer"}', (422,), {}),
        ("of a plain form, which a browser sends without asking", b"code=x", (415,), form),
    ]
    found = []
    for kind, body, statuses, headers in sent:
        probe = Probe(
            name=f"body: {kind}",
            method="POST",
            path="/v1/auth/wechat",
            body=body,
            headers=headers,
            statuses=statuses,
        )
        found.append(probe)
    return found


def _others() -> list[Probe]:
    evil = "https://evil.example"
    forged = "1" + "0" * 221
    wrong_login = b'{"username":"%s","password":"guess","code":"123456"}'
    found = [
        Probe(
            name="another origin",
            path="/v1/services",
            headers={"Origin": evil},
            statuses=(200,),
            headers_never={"Access-Control-Allow-Origin": evil},
        ),
        Probe(
            name="another origin asks first",
            method="OPTIONS",
            path="/v1/me",
            headers={"Origin": evil, "Access-Control-Request-Method": "GET"},
            statuses=(403, 405),
            headers_never={"Access-Control-Allow-Origin": evil},
        ),
        Probe(
            name="another host",
            path="/v1/services",
            headers={"X-Forwarded-Host": "evil.example"},
            statuses=(200,),
            never=("evil.example",),
        ),
        Probe(name="a forged certificate", path=f"/b/{forged}", statuses=(200,), holds="NOT GENUINE"),
        Probe(
            name="an unknown certificate number",
            path="/v1/certificates/verify?number=0000-0000-0000-00",
            statuses=(200,),
            holds="unknown",
            never=("headline",),
        ),
        Probe(
            name="a made-up receipt number",
            path="/v1/progress?receipt=0000-0000-01",
            statuses=(404,),
            holds="receipt_unknown",
        ),
        Probe(
            name="a made-up refresh token",
            method="POST",
            path="/v1/auth/refresh",
            body=b'{"refresh_token":"made.up"}',
            statuses=(401,),
        ),
        Probe(
            name="an unsigned notification of WeChat Pay",
            method="POST",
            path="/v1/notify/wechat_pay",
            body=b"{}",
            statuses=(400, 401),
            holds="notification_refused",
        ),
        Probe(
            name="an unsigned notification of Alipay",
            method="POST",
            path="/v1/notify/alipay",
            body=b"trade_status=TRADE_SUCCESS",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            statuses=(400, 401),
        ),
        Probe(
            name="an unsigned report of a carrier",
            method="POST",
            path="/v1/notify/carrier",
            body=b"{}",
            statuses=(400, 401),
        ),
        Probe(
            name="a staff login of nobody",
            method="POST",
            path="/v1/auth/staff",
            body=wrong_login % b"nobody.at.all",
            statuses=(401,),
            holds="login_refused",
        ),
        Probe(
            name="the health says nothing of the inside",
            path="/health",
            statuses=(200,),
            never=("arn:", "version", "python"),
        ),
        Probe(name="a cursor of somebody's making", path="/v1/services?cursor=%ed%a0%80", statuses=(200, 400, 422)),
        Probe(name="a parameter twice", path="/v1/certificates/verify?number=1&number=2", statuses=(200, 400, 422)),
        Probe(name="a method that nobody uses", method="PATCH", path="/v1/me", statuses=(403, 404, 405)),
        Probe(name="TRACE", method="TRACE", path="/v1/me", statuses=(403, 404, 405, 501), without_headers=True),
    ]
    # Guesses lock nobody out who shares the address: the last one is answered as the first.
    found += [
        Probe(
            name=f"print link, guess {number}",
            path=f"/v1/prints/0011223344556677.{number}",
            statuses=(410,),
            holds="print_link_used",
        )
        for number in range(25)
    ]
    return found


def all_probes() -> list[Probe]:
    """Every probe, in the order in which they are sent."""
    return [*_others(), *_forged_tokens(), *_injections(), *_files(), *_bodies(), *_without_a_token()]
