"""A small threaded HTTP/1.1 server: keep-alive, one write per answer, a long queue, loopback only."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.gateway import MAX_BODY_BYTES, HttpAnswer


class HangUp(Exception):
    """The connection ends here without an answer."""


Respond = Callable[[str, str, dict[str, str], bytes, str], HttpAnswer]


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def server(port: int, respond: Respond) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that answers each request by ``respond(method, target, headers, body, source)``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _answer(self) -> None:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                self._send(HttpAnswer(411, {"Connection": "close"}, b""))
                self.close_connection = True
                return
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_BODY_BYTES:
                self._send(HttpAnswer(413, {"Connection": "close"}, b""))
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            try:
                self._send(respond(self.command, self.path, headers, body, self.client_address[0]))
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

    return _Server(("127.0.0.1", port), Handler)
