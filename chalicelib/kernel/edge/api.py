"""Chalice at the edge: it routes, and nothing more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response
from chalice.app import Request as ChaliceRequest

from chalicelib.kernel import errors, ids
from chalicelib.kernel.edge.endpoint import Answer, Authenticate, Endpoint, Request, problem_answer, serve


class Api(Chalice):
    """Chalice with a request per thread and with our problem details for what it refuses itself.

    Text is handed out as text. Every media type may be binary, because API Gateway otherwise gives base64 to
    clients whose first accepted type is another one; Chalice then insists on an Accept header, so a missing or
    narrow one is widened before it looks.
    """

    def __init__(self, app_name: str) -> None:
        self._per_thread = threading.local()
        super().__init__(app_name=app_name)
        self.api.binary_types = ["*/*"]

    @property
    def current_request(self) -> ChaliceRequest | None:
        return getattr(self._per_thread, "request", None)

    @current_request.setter
    def current_request(self, request: ChaliceRequest | None) -> None:
        self._per_thread.request = request

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        route = event.get("requestContext", {})
        methods = self.routes.get(route.get("resourcePath"))
        if methods is None:
            return _respond(refusal(errors.NOT_FOUND())).to_dict(["*/*"])
        if route.get("httpMethod") not in methods:
            answer = refusal(errors.METHOD_NOT_ALLOWED())
            answer.headers["Allow"] = ", ".join(sorted(methods))
            return _respond(answer).to_dict(["*/*"])
        event["headers"] = {**(event.get("headers") or {}), "accept": "*/*"}
        return super().__call__(event, context)

    def mount(self, endpoints: list[Endpoint], authenticate: Authenticate) -> None:
        """Serve the declared endpoints."""
        for declared in endpoints:
            route = self.route(declared.path, methods=[declared.method], name=declared.operation, content_types=["*/*"])
            route(self._view(declared, authenticate))

    def _view(self, declared: Endpoint, authenticate: Authenticate) -> Callable[..., Response]:
        def view(**parameters: str) -> Response:
            return _respond(serve(declared, self._request(parameters), authenticate))

        return view

    def _request(self, parameters: dict[str, str]) -> Request:
        current = self.current_request
        assert current is not None
        body = current.raw_body or b""
        return Request(
            method=current.method,
            path=current.path,
            parameters=parameters,
            query=dict(current.query_params or {}),
            headers={name.lower(): value for name, value in dict(current.headers).items()},
            body=body if isinstance(body, bytes) else body.encode(),
            source_ip=current.context.get("identity", {}).get("sourceIp", ""),
        )


def refusal(problem: errors.Problem) -> Answer:
    """The answer to a request that reaches no endpoint, with a request id of its own for whoever asks about it."""
    request_id = ids.new_id()
    answer = problem_answer(problem, request_id)
    answer.headers["X-Request-Id"] = request_id
    return answer


class _Text(Response):
    """An answer that is handed out as it is; Chalice would make base64 of every binary type, and all are."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002 - Chalice's signature
        return super().to_dict(None) | {"isBase64Encoded": False}


def _respond(answer: Answer) -> Response:
    headers: dict[str, str | list[str]] = {**answer.headers, "Content-Type": answer.content_type}
    if answer.content_type.startswith(("text/", "application/json", "application/problem+json")):
        return _Text(answer.body.decode(), headers, answer.status)
    return Response(answer.body, headers, answer.status)
