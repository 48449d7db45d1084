"""One HTTP/1.1 connection that is kept: a request goes out, an answer of known length comes back.

AWS's JSON services answer with ``Content-Length``, and never with anything in between. Whatever else comes is a failure
of the connection.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from typing import Any, NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from chalicelib.kernel.clock import LastUse
from chalicelib.kernel.wire import addresses
from chalicelib.kernel.wire.addresses import ServiceAddress

CONNECT_SECONDS = 1.0
IDLE_SECONDS = 60.0
"""A connection that was idle for longer is not used again: NAT gateways forget it after 350 seconds, and a function
may have been frozen meanwhile."""
_PIECE = 65_536
# No answer of these services is nearly as long: a query's page has 1 MB at most, a batch 16.
_MOST_HEAD_BYTES = 65_536
_MOST_BODY_BYTES = 20_000_000

_lock = threading.Lock()
_contexts: dict[str, Any] = {}


class HttpAnswer(NamedTuple):
    """An answer; the headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Unanswered(Exception):
    """The other side closed a connection that had been used before, and not a byte of the answer had come.

    This is what a kept connection looks like that ended while nobody looked. The request may have been done all the
    same.
    """


class Connection:
    """A connection to one endpoint, used by one thread at a time."""

    def __init__(self, address: ServiceAddress, connected: socket.socket) -> None:
        self._address = address
        self._socket = connected
        self._was_used = False
        self._last_used = LastUse.now()

    @property
    def is_stale(self) -> bool:
        """Whether it ended, or was idle for so long that it may have ended without anybody knowing.

        What lies there to be read before a request is sent is the end, or no answer of ours.
        """
        if self._last_used.is_past(IDLE_SECONDS):
            return True
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(0))

    def close(self) -> None:
        self._socket.close()

    def exchange(self, request: bytes, seconds: float) -> tuple[HttpAnswer, bool]:
        """Send a request and read its answer, and whether the connection can be used again.

        ``seconds``: how long to wait for the next bytes. Raises ``Unanswered``, or what botocore raises for it.
        """
        was_used = self._was_used
        self._was_used = True
        begun = b""
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(request)
            begun = self._socket.recv(_PIECE)
            if not begun:
                raise ConnectionResetError("closed before an answer")
            return self._read(begun)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._address.url, error=error) from error
        except OSError as error:
            if was_used and not begun:
                raise Unanswered from error
            raise ConnectionClosedError(endpoint_url=self._address.url, error=error) from error
        finally:
            self._last_used = LastUse.now()

    def _read(self, begun: bytes) -> tuple[HttpAnswer, bool]:
        received = begun
        while b"\r\n\r\n" not in received:
            if len(received) > _MOST_HEAD_BYTES:
                raise self._malformed("its head does not end")
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        status, headers, can_be_kept = self._parse_head(head)
        length = self._length(headers)
        if len(body) < length:
            pieces = [body]
            missing = length - len(body)
            while missing > 0:
                piece = self._receive()
                pieces.append(piece)
                missing -= len(piece)
            body = b"".join(pieces)
        if len(body) > length:
            raise self._malformed("it is longer than it says")
        return HttpAnswer(status, headers, body), can_be_kept

    def _receive(self) -> bytes:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise ConnectionResetError("closed within an answer")
        return piece

    def _parse_head(self, head: bytes) -> tuple[int, dict[str, str], bool]:
        """The status, the headers, and whether the connection stays open."""
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status = rest.partition(" ")[0]
        is_final = len(status) == 3 and status.isascii() and status.isdigit() and status >= "200"
        if version not in ("HTTP/1.1", "HTTP/1.0") or not is_final:
            raise self._malformed("it does not begin as HTTP does")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            name = name.lower()
            # Two different lengths, or a folded line, could make one answer look like two.
            is_one_line = "\n" not in line and "\r" not in line
            if not colon or not is_one_line or name != name.strip() or (name == "content-length" and name in headers):
                raise self._malformed("a header is malformed")
            headers[name] = value.strip()
        stays_open = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        return int(status), headers, stays_open

    def _length(self, headers: dict[str, str]) -> int:
        text = headers.get("content-length", "")
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        if not is_number or "transfer-encoding" in headers:
            raise self._malformed("its length is not known")
        length = int(text)
        if length > _MOST_BODY_BYTES:
            raise self._malformed("it is too long")
        return length

    def _malformed(self, what: str) -> BotoCoreError:
        return HTTPClientError(error=f"{self._address.url} sent a malformed answer: {what}")


class Pool:
    """Connections to one endpoint that nobody uses now; each is used by one thread at a time."""

    def __init__(self, address: ServiceAddress) -> None:
        self._address = address
        # A deque's append and pop need no lock. The one used last is taken first; the others stay open meanwhile.
        self._idle: deque[Connection] = deque()

    def borrow(self, seconds: float) -> Connection:
        """A kept connection that is alive as far as can be seen, or a new one."""
        while True:
            try:
                found = self._idle.pop()
            except IndexError:
                return self.open(seconds)
            if not found.is_stale:
                return found
            found.close()

    def open(self, seconds: float) -> Connection:
        """A new connection; raises what botocore raises for it."""
        return Connection(self._address, _connect(self._address, min(CONNECT_SECONDS, seconds)))

    def give_back(self, used: Connection) -> None:
        """Keep a connection whose last answer was read to its end."""
        self._idle.append(used)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while True:
            # Asking first whether there are any would be no help: another thread may take the last one meanwhile.
            try:
                found = self._idle.pop()
            except IndexError:
                return
            found.close()


def _connect(address: ServiceAddress, seconds: float) -> socket.socket:
    """A socket to the endpoint, over TLS if it says so; raises what botocore raises for it."""
    try:
        plain = socket.create_connection((address.host, address.port), timeout=seconds)
    except TimeoutError as error:
        raise ConnectTimeoutError(endpoint_url=address.url, error=error) from error
    except OSError as error:
        raise EndpointConnectionError(endpoint_url=address.url, error=error) from error
    # A small request is sent at once, and not kept back until the last answer is acknowledged.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.is_tls:
        return plain
    try:
        secure: socket.socket = _tls_context().wrap_socket(plain, server_hostname=address.host)
    except TimeoutError as error:
        plain.close()
        raise ConnectTimeoutError(endpoint_url=address.url, error=error) from error
    except OSError as error:
        plain.close()
        raise SSLError(endpoint_url=address.url, error=error) from error
    return secure


def _tls_context() -> Any:
    """Checks certificates against the authorities that botocore trusts, or those of ``AWS_CA_BUNDLE``."""
    authorities = addresses.authorities()
    with _lock:
        known = _contexts.get(authorities)
        if known is None:
            import ssl  # 10 ms, and not needed on this machine

            known = ssl.create_default_context(cafile=authorities)
            known.minimum_version = ssl.TLSVersion.TLSv1_2
            _contexts[authorities] = known
        return known
