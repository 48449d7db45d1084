"""API Gateway on this machine: turns HTTP into Lambda proxy events for the app, and the answer back.

Behaves like the REST API does: bare resources before greedy ones, a percent-decoded greedy part, base64 bodies, paths
of no resource answered with our own problem.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from chalicelib.kernel import errors
from chalicelib.kernel.edge.api import refusal

MAX_BODY_BYTES = 10_000_000


@dataclass(frozen=True)
class HttpAnswer:
    """Status, headers (names as sent) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Context:
    """The part of Lambda's context that code may use."""

    function_name = "banshi-api"
    memory_limit_in_mb = 1024

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


class Gateway:
    """The routes of an app, and how requests reach them."""

    def __init__(self, app: Callable[[dict[str, Any], Any], dict[str, Any]], routes: dict[str, Any]) -> None:
        self._app = app
        in_order = sorted(routes, key=lambda path: ("{proxy+}" in path, path))
        self._routes = [(path, path.split("/")) for path in in_order]

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes, source_ip: str) -> HttpAnswer:
        """Answer one request; ``headers`` have lower-case names."""
        url = urlsplit(target)
        path = url.path.rstrip("/") or "/"
        matched = self._match(path.split("/"))
        if matched is None:
            refused = refusal(errors.NOT_FOUND())
            return HttpAnswer(refused.status, {"Content-Type": refused.content_type, **refused.headers}, refused.body)
        route, parameters = matched
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        event = {
            "resource": route,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": query or None,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": route,
                "httpMethod": method,
                "identity": {"sourceIp": source_ip},
                "path": path,
                "stage": "api",
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }
        return _http(self._app(event, Context()), method)

    def _match(self, parts: list[str]) -> tuple[str, dict[str, str]] | None:
        """The resource for a path, the greedy one last, and what its parameters stand for, decoded."""
        for route, pattern in self._routes:
            is_greedy = pattern[-1] == "{proxy+}"
            given = [*parts[: len(pattern) - 1], "/".join(parts[len(pattern) - 1 :])] if is_greedy else parts
            if len(given) != len(pattern) or not given[-1]:
                continue
            parameters = {}
            for wanted, part in zip(pattern, given, strict=True):
                if wanted.startswith("{"):
                    parameters[wanted.strip("{}+")] = unquote(part)
                elif wanted != part:
                    break
            else:
                return route, parameters
        return None


def _http(answer: dict[str, Any], method: str) -> HttpAnswer:
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return HttpAnswer(answer["statusCode"], dict(answer.get("headers") or {}), b"" if method == "HEAD" else data)
