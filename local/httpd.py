"""A small threaded HTTP/1.1 server: keep-alive, one write per answer, a backlog of 1,024 connections, loopback only.

It reads the headers itself: Python's own way is that of e-mail, and takes as long as the API needs for a short answer.
"""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.gateway import MAX_BODY_BYTES, HttpAnswer

_MOST_HEADERS = 100
_LONGEST_HEADER = 65_536


class HangUp(Exception):
    """The connection ends here without an answer."""


Respond = Callable[[str, str, dict[str, str], bytes, str], HttpAnswer]


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    """Reads requests; what answers them is set by ``server``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    respond: Respond
    raw_requestline: bytes
    given: dict[str, str]
    """The headers by their lower-case names."""

    def parse_request(self) -> bool:
        self.close_connection = True
        self.command = ""
        self.request_version = self.protocol_version
        self.requestline = self.raw_requestline.decode("latin-1").strip()
        words = self.requestline.split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            self.send_error(400)
            return False
        self.command, self.path, self.request_version = words
        refused = self._read_headers()
        if refused:
            self.send_error(refused)
            return False
        self.close_connection = self._is_last()
        if self.given.get("expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        return True

    def _read_headers(self) -> int:
        """Read the headers: 0, or the status that says what is wrong with them."""
        self.given = {}  # of two equal headers the last one counts, as in API Gateway's ``headers``
        for _ in range(_MOST_HEADERS):
            line = self.rfile.readline(_LONGEST_HEADER + 1)
            if line in (b"\r\n", b"\n"):
                return 0
            name, colon, value = line.decode("latin-1").partition(":")
            is_name = name != "" and name == name.strip()
            if not colon or not is_name or len(line) > _LONGEST_HEADER:
                return 400
            self.given[name.lower()] = value.strip()
        return 431

    def _is_last(self) -> bool:
        connection = self.given.get("connection", "").lower()
        if self.request_version == "HTTP/1.0":
            return connection != "keep-alive"
        return connection == "close"

    def _answer(self) -> None:
        if "chunked" in self.given.get("transfer-encoding", "").lower():
            self._send(HttpAnswer(411, {"Connection": "close"}, b""))
            self.close_connection = True
            return
        given = self.given.get("content-length") or "0"
        if not (given.isascii() and given.isdigit()):
            self._send(HttpAnswer(400, {"Connection": "close"}, b""))
            self.close_connection = True
            return
        length = int(given)
        if length > MAX_BODY_BYTES:
            self._send(HttpAnswer(413, {"Connection": "close"}, b""))
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        try:
            self._send(self.respond(self.command, self.path, self.given, body, self.client_address[0]))
        except HangUp:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer  # noqa: N815

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def server(port: int, respond: Respond) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that answers each request by ``respond(method, target, headers, body, source)``."""
    handler = type("Handler", (_Handler,), {"respond": staticmethod(respond)})
    return _Server(("127.0.0.1", port), handler)
