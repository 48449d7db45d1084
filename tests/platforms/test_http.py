"""What every call to the outside holds to: certificates are checked, and nobody sends us somewhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chalicelib.kernel.errors import Problem
from chalicelib.platforms import http
from tests import self_signed
from tests.wire.server import Reply, answer, serving


class Redirecting(BaseHTTPRequestHandler):
    """Sends every caller to another place of its own."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302 if self.path == "/first" else 200)
        self.send_header("Location", "/second")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Redirecting.asked.clear()
    found = ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def test_no_redirect_is_followed(server: ThreadingHTTPServer) -> None:
    answer = http.call("platform", "GET", f"http://127.0.0.1:{server.server_port}/first")
    assert answer.status == 302 and Redirecting.asked == ["/first"]


def test_a_certificate_that_nobody_vouches_for_is_refused(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    context, _ = self_signed.context_of(tmp_path, "localhost")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with pytest.raises(Problem) as refused:
        http.call("platform", "GET", f"https://localhost:{server.server_port}/first")
    assert refused.value.error.code == "platform_unavailable" and Redirecting.asked == []


_GOOD = answer(200, b"{}")


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(_GOOD) as served:
        for _ in range(2):
            http.call("platform", "POST", served.url, body=b"{}")
        assert served.connections == 1
        monkeypatch.setattr(http, "_IDLE_SECONDS", -1.0)
        http.call("platform", "POST", served.url, body=b"{}")
        assert (len(served.requests), served.connections) == (3, 2)


def test_a_question_whose_connection_ends_is_asked_again_and_an_order_is_not() -> None:
    ended = Reply(b"", closes=True)
    with serving(ended, _GOOD, ended, _GOOD) as served:
        assert http.call("platform", "POST", served.url, body=b"{}", repeatable=True).status == 200
        with pytest.raises(http.Unheard):
            http.call("platform", "POST", served.url, body=b"{}")
        assert len(served.requests) == 3
