"""AWS at its worst, on both wires: what comes back instead of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from chalicelib.kernel import aws
from chalicelib.kernel.settings import BOTOCORE, settings
from chalicelib.kernel.wire import addresses
from chalicelib.kernel.wire.connection import Connection, HttpAnswer


@dataclass(frozen=True)
class Fault:
    """An answer; or silence (``status`` 0), after the service did the work if ``is_done``."""

    status: int
    code: str = ""
    is_done: bool = False

    @property
    def body(self) -> bytes:
        return json.dumps({"__type": f"com.amazonaws#{self.code}", "message": "no"} if self.code else {}).encode()


THROTTLED = Fault(400, "ThrottlingException")
DENIED = Fault(400, "AccessDeniedException")
BROKEN = Fault(500)
SILENT = Fault(0)
LOST = Fault(0, is_done=True)
_JSON = "application/x-amz-json-1.0"


@contextmanager
def faults(service: str, fault: Fault, *, operation: str = "", times: int = 10_000) -> Iterator[list[str]]:
    """Let the next calls of a service fail; the names of those that did."""
    failed: list[str] = []

    def is_hit(name: str) -> bool:
        is_meant = name == operation or not operation
        if is_meant and len(failed) < times:
            failed.append(name)
            return True
        return False

    on_the_wire = _with_botocore if settings().wire == BOTOCORE else _with_our_own
    with on_the_wire(service, fault, is_hit):
        yield failed


@contextmanager
def _with_our_own(service: str, fault: Fault, is_hit: Callable[[str], bool]) -> Iterator[None]:
    exchange = Connection.exchange
    target = f"x-amz-target: {addresses.SERVICES[service].target}.".encode()

    def fail(self: Connection, request: bytes, seconds: float) -> tuple[HttpAnswer, bool]:
        _, found, rest = request.partition(target)
        name = rest.partition(b"\r\n")[0].decode()
        if not found or not is_hit(name):
            return exchange(self, request, seconds)
        if fault.status:
            return HttpAnswer(fault.status, {"content-type": _JSON}, fault.body), True
        if fault.is_done:
            exchange(self, request, seconds)
        raise ReadTimeoutError(endpoint_url=service) from TimeoutError()

    with mock.patch.object(Connection, "exchange", fail):
        yield


class _Raw:
    """A response body as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


@contextmanager
def _with_botocore(service: str, fault: Fault, is_hit: Callable[[str], bool]) -> Iterator[None]:
    client = aws.client(service)

    def fail(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        if not is_hit(event_name.rpartition(".")[2]):
            return None
        if fault.status:
            return AWSResponse(request.url, fault.status, {"content-type": _JSON}, _Raw(fault.body))
        if fault.is_done:
            client._endpoint.http_session.send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register_last("before-send", fail)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send", fail)
