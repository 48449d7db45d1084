"""A service on this machine that answers as a test says, and a proxy that breaks off."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """What is sent back: raw bytes, after ``pause`` seconds; then the connection is closed if ``closes``."""

    raw: bytes
    pause: float = 0.0
    closes: bool = False


def answer(status: int, body: bytes, *, checksum: int | None = None, headers: str = "") -> Reply:
    """A whole answer, with a right checksum unless another one is given."""
    crc = zlib.crc32(body) if checksum is None else checksum
    head = (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: R1\r\n"
        f"x-amz-crc32: {crc}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return Reply(head.encode() + body)


@dataclass
class Service:
    """Answers request after request from ``replies``, the last one again and again; keeps what it was sent."""

    replies: list[Reply]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while True:
                request = read_message(connection)
                if not request:
                    return
                place = min(len(self.requests), len(self.replies) - 1)
                self.requests.append(request)
                reply = self.replies[place]
                threading.Event().wait(reply.pause)  # tests replace time.sleep
                connection.sendall(reply.raw)
                if reply.closes:
                    return


def read_message(connection: socket.socket) -> bytes:
    """A whole request or answer; empty when the other side has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(*replies: Reply) -> Iterator[Service]:
    """A service that is there while this runs."""
    service = Service(list(replies))
    with listening(service) as port:
        service.port = port
        yield service


@contextmanager
def listening(service: Service | Proxy) -> Iterator[int]:
    """Hand each connection to ``service.serve``, in a thread of its own; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                service.connections += 1
                thread = threading.Thread(target=service.serve, args=(connection,), daemon=True)
                thread.start()
                threads.append(thread)

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    accepting.join(5)


@dataclass
class Proxy:
    """Passes exchanges on to ``port``; the next one ends after so many bytes of its request or of its answer."""

    port: int
    cut_request: int | None = None
    cut_answer: int | None = None
    connections: int = 0

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as behind:
            while True:
                request = read_message(connection)
                if not request:
                    return
                cut_request, self.cut_request = self.cut_request, None
                if cut_request is not None:
                    behind.sendall(request[:cut_request])
                    return
                cut_answer, self.cut_answer = self.cut_answer, None
                behind.sendall(request)
                reply = read_message(behind)
                connection.sendall(reply if cut_answer is None else reply[:cut_answer])
                if cut_answer is not None:
                    return
