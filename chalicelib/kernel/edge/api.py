"""Chalice at the edge: it takes API Gateway's event and gives the answer back; ``routing.py`` finds the endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response
from chalice.app import Request as ChaliceRequest

from chalicelib.kernel import errors, ids, log
from chalicelib.kernel.edge import cors
from chalicelib.kernel.edge.endpoint import Answer, Authenticate, Request, problem_answer, serve
from chalicelib.kernel.edge.routing import GREEDY, METHODS, Endpoints, MethodNotAllowed
from chalicelib.kernel.settings import origins, settings

_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
    "Referrer-Policy": "no-referrer",
}
"""On every answer: its type is what it says, it comes over TLS, stands in no frame, tells nobody its address."""


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
        # What API Gateway lets through that is none of our resources or methods, Chalice would answer in its own words.
        route = event.get("requestContext", {})
        methods = self.routes.get(route.get("resourcePath"))
        if methods is None or route.get("httpMethod") not in methods:
            return _respond(refusal(errors.NOT_FOUND())).to_dict(["*/*"])
        event["headers"] = {**(event.get("headers") or {}), "accept": "*/*"}
        return super().__call__(event, context)

    def mount(self, endpoints: Endpoints, authenticate: Authenticate) -> None:
        """Serve endpoints behind few resources; every method reaches us, so that we can refuse it."""
        for place, resource in enumerate(endpoints.resources):
            view = self._view(resource, endpoints, authenticate)
            self.route(resource, methods=list(METHODS), name=f"resource_{place}", content_types=["*/*"])(view)

    def _view(self, resource: str, endpoints: Endpoints, authenticate: Authenticate) -> Callable[..., Response]:
        allowed = frozenset(origins(settings().cors_origins))

        def view(**_: str) -> Response:
            current = self.current_request
            assert current is not None
            origin = current.headers.get("origin", "")
            answer = self._answer(resource, endpoints, authenticate)
            # also without an origin: a browser may keep the answer and use it for a page
            if origin or allowed:
                answer.headers.update(cors.answer_headers(origin, allowed))
            is_preflight = current.method == "OPTIONS" and answer.status == 405
            if is_preflight and origin in allowed:
                methods = answer.headers["Allow"].split(", ")
                answer = Answer(status=204, body=b"", headers=answer.headers | cors.preflight_headers(methods))
            return _respond(answer)

        return view

    def _answer(self, resource: str, endpoints: Endpoints, authenticate: Authenticate) -> Answer:
        current = self.current_request
        assert current is not None
        # Chalice gives the resource as the path, and API Gateway gives decoded what its parameters stand for.
        given = dict(current.uri_params or {})
        path = current.path.replace(GREEDY, given.pop("proxy", ""))
        try:
            router = endpoints.router(resource, path)
        except errors.Problem as problem:
            return refusal(problem)
        except Exception as error:
            # The feature's modules cannot be imported: a fault of ours, which is told like every other one.
            log.failure("endpoints_not_loaded", error, operation=resource)
            log.count("failed_requests", operation=resource)
            return refusal(errors.INTERNAL())
        try:
            found = router.find(current.method, path)
        except errors.Problem as problem:
            return refusal(problem)
        except MethodNotAllowed as refused:
            answer = refusal(errors.METHOD_NOT_ALLOWED())
            answer.headers["Allow"] = ", ".join(refused.allowed)
            return answer
        return serve(found.endpoint, _request(current, path, found.parameters | given), authenticate)


def _request(current: ChaliceRequest, path: str, parameters: dict[str, str]) -> Request:
    body = current.raw_body or b""
    return Request(
        method=current.method,
        path=path,
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
    answer.headers.update(_SAFE_HEADERS)
    return answer


class _Text(Response):
    """An answer that is handed out as it is; Chalice would make base64 of every binary type, and all are."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002 - Chalice's signature
        return super().to_dict(None) | {"isBase64Encoded": False}


def _respond(answer: Answer) -> Response:
    # a page says more precisely what it may load
    headers: dict[str, str | list[str]] = {**_SAFE_HEADERS, **answer.headers, "Content-Type": answer.content_type}
    if answer.content_type.startswith(("text/", "application/json", "application/problem+json")):
        return _Text(answer.body.decode(), headers, answer.status)
    return Response(answer.body, headers, answer.status)
