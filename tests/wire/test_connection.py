"""Connections that are kept, end, break off or lie; addresses and credentials."""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError, NoCredentialsError, NoRegionError, SSLError

from chalicelib.kernel import aws, errors
from chalicelib.kernel.security.vault import KernelItem
from chalicelib.kernel.storage import tables
from chalicelib.kernel.wire import addresses, connection
from chalicelib.kernel.wire import client as wire
from scenes.world import World
from tests import self_signed
from tests.wire.server import Proxy, Reply, Service, answer, listening, serving

_GOOD = answer(200, b'{"Item": {"pk": {"S": "A"}}}')
_ASKED: dict[str, Any] = {"TableName": "t", "Key": {"pk": {"S": "A"}}}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 1.0)
    monkeypatch.setattr(wire, "_BACKOFF_SECONDS", {"dynamodb": 0.0})
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_DEFAULT_REGION", "cn-north-1"),
    ):
        monkeypatch.setenv(name, value)


@contextmanager
def client_of(url: str) -> Iterator[wire.Client]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        client = wire.Client("dynamodb", aws.session)
        try:
            yield client
        finally:
            client.close()


def test_one_connection_serves_many_calls_and_each_thread_its_own() -> None:
    with serving(_GOOD) as served, client_of(served.url) as client:
        for _ in range(5):
            client.get_item(**_ASKED)
        assert (len(served.requests), served.connections) == (5, 1)
        slow = Reply(_GOOD.raw, pause=0.2)
        served.replies = [slow]
        threads = [threading.Thread(target=lambda: client.get_item(**_ASKED)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(served.requests), served.connections) == (8, 3)


@pytest.mark.parametrize("clock", ["monotonic", "time"])
def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    """While a function is frozen either clock may stand still."""
    with serving(_GOOD) as served, client_of(served.url) as client:
        client.get_item(**_ASKED)
        moment = getattr(time, clock)()
        monkeypatch.setattr(f"chalicelib.kernel.clock.time.{clock}", lambda: moment + 61)
        client.get_item(**_ASKED)
        assert served.connections == 2


@pytest.mark.parametrize("left", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_a_kept_connection_that_the_other_side_has_ended_is_not_used_again(left: bytes) -> None:
    with serving(Reply(_GOOD.raw + left, closes=True), _GOOD) as served, client_of(served.url) as client:
        if left:
            # an answer nobody has asked for, in the same piece: the first one cannot be told from it
            found = client.get_item(**_ASKED)
            assert found["ResponseMetadata"]["RetryAttempts"] == 1
        else:
            client.get_item(**_ASKED)
            kept = client._pool._idle[-1]
            while not kept.is_stale:  # its end is on the way
                threading.Event().wait(0.01)
            found = client.get_item(**_ASKED)
            assert found["ResponseMetadata"]["RetryAttempts"] == 0
        assert len(served.requests) == 2


def test_a_kept_connection_that_dies_at_the_request_is_replaced_and_the_call_counts_as_repeated() -> None:
    """Its end cannot be seen before: the other side reads the request, and then it is gone."""
    with serving(_GOOD, Reply(b"", closes=True), _GOOD) as served, client_of(served.url) as client:
        client.get_item(**_ASKED)
        found = client.get_item(**_ASKED)
        assert found["ResponseMetadata"]["RetryAttempts"] == 1
        assert (len(served.requests), served.connections) == (3, 2)


def test_all_connections_that_were_kept_may_die_at_once() -> None:
    with serving(Reply(_GOOD.raw, pause=0.1)) as served, client_of(served.url) as client:
        threads = [threading.Thread(target=lambda: client.get_item(**_ASKED)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        opened = served.connections
        served.replies = [_GOOD] * len(served.requests) + [Reply(b"", closes=True)] * 2 + [_GOOD]
        found = client.get_item(**_ASKED)
        assert found["ResponseMetadata"]["RetryAttempts"] == 2, "no other kept one was tried"
        assert served.connections == opened + 2


def test_two_threads_may_close_what_is_kept_at_the_same_moment() -> None:
    """Both see a connection, and one of them takes it."""

    class Emptied(deque[connection.Connection]):
        """There is one when it is looked at, and none when it is taken."""

        def __bool__(self) -> bool:
            return True

    with client_of("http://127.0.0.1:1") as client:
        client._pool._idle = Emptied()
        client.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nfolded: a\r\n Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot JSON!",
        b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"Item": {"a": {"B": "no base64"}}}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"Item": {"pk": {"S": "\xff\xff\xff"}}}',
        b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: y\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        b"x" * 70_000,
    ],
)
def test_an_answer_that_is_none_is_never_believed(raw: bytes) -> None:
    with serving(Reply(raw, closes=True)) as served, client_of(served.url) as client:
        with pytest.raises(BotoCoreError) as failed:
            client.get_item(**_ASKED)
        assert aws.is_passing(failed.value) and len(served.requests) == 3


def test_a_large_answer_comes_in_many_pieces() -> None:
    items = [{"pk": {"S": "张" * 1000}} for _ in range(300)]
    with serving(answer(200, json.dumps({"Items": items}).encode())) as served, client_of(served.url) as client:
        assert client.query(TableName="t")["Items"] == items


def test_nobody_listens() -> None:
    with serving(_GOOD) as served:
        url = served.url
    with client_of(url) as client, pytest.raises(EndpointConnectionError):
        client.get_item(**_ASKED)


# The database behind a proxy that breaks off


def _cut(world: World, side: str, places_of: Callable[[], range]) -> Iterator[tuple[Proxy, int]]:
    behind = int(os.environ["AWS_ENDPOINT_URL_DYNAMODB"].rpartition(":")[2])
    proxy = Proxy(behind)
    with listening(proxy) as port, pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{port}")
        client = wire.Client("dynamodb", aws.session)
        patched.setitem(tables.connection().__dict__, "_client", client)
        for place in places_of():
            setattr(proxy, f"cut_{side}", place)
            yield proxy, place
        client.close()


@pytest.mark.parametrize("side", ["request", "answer"])
def test_a_connection_that_breaks_at_any_byte_loses_and_doubles_nothing(world: World, side: str) -> None:
    """A conditional write is found to be our own, and nobody sees half of anything."""
    most = 660 if side == "request" else 400  # a little longer than either is
    for proxy, place in _cut(world, side, lambda: range(most)):
        item = KernelItem(f"TEST#{side}{place}", times=place)
        tables.write(tables.Put(item, tables.absent(KernelItem)))
        assert getattr(proxy, f"cut_{side}") is None, "the connection did break"
        stored = tables.read(KernelItem, item.pk, consistent=True)
        assert stored is not None and stored.times == place
        tables.write(tables.Delete(item))


def test_a_transaction_whose_answer_breaks_off_is_done_once(world: World) -> None:
    for _, place in _cut(world, "answer", lambda: range(0, 200, 20)):
        one, other = KernelItem(f"TEST#one{place}", times=1), KernelItem(f"TEST#other{place}", times=1)
        # The repeated transaction has the same token: the database knows that it is done.
        tables.write(tables.Put(one, tables.absent(KernelItem)), tables.Put(other, tables.absent(KernelItem)))
        assert tables.read(KernelItem, other.pk, consistent=True) is not None
        tables.write(tables.Delete(one), tables.Delete(other))


_FAILURES = {
    "silent": [Reply(b"", pause=0.3, closes=True)],
    "closed": [Reply(b"", closes=True)],
    "no HTTP": [Reply(b"SSH-2.0\r\n\r\n", closes=True)],
    "no JSON": [answer(200, b"<html>")],
    "a checksum": [answer(200, b"{}", checksum=1)],
    "an odd checksum": [Reply(answer(200, b"{}").raw.replace(b"x-amz-crc32: 2", "x-amz-crc32: ²".encode()))],
    "a throttle": [answer(400, b'{"__type": "x#ThrottlingException"}')],
    "a failure": [answer(500, b"{}")],
}


@pytest.mark.parametrize("name", [*_FAILURES, "nobody listens"])
def test_every_failure_of_the_network_is_temporarily_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(wire, "READ_SECONDS", 0.1)
    item = KernelItem("TEST#network", times=1)
    with serving(*_FAILURES.get(name, [_GOOD])) as served:
        url = served.url if name in _FAILURES else "http://127.0.0.1:1"
        with client_of(url) as client, pytest.MonkeyPatch.context() as patched:
            patched.setitem(tables.connection().__dict__, "_client", client)
            calls: list[Callable[[], object]] = [
                lambda: tables.read(KernelItem, "TEST#network"),
                lambda: tables.write(tables.Put(item, tables.absent(KernelItem))),
                lambda: tables.write(tables.Put(item), tables.Put(KernelItem("TEST#other", times=1))),
                lambda: tables.query(KernelItem, "TEST#network"),
                lambda: tables.add_to_counter(KernelItem, "TEST#network", 1),
            ]
            for call in calls:
                with pytest.raises(errors.Problem) as refused:
                    call()
                assert refused.value.error is errors.UNAVAILABLE


def test_a_write_that_was_done_before_a_conflict_is_known_as_our_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is lost, the repetition meets a transaction, and the next try meets what the first one wrote."""
    item = KernelItem("TEST#conflict", times=7)
    stored = {"Item": item.serialize()}
    conflict = answer(400, b'{"__type": "x#TransactionConflictException", "message": "busy"}')
    failed = answer(400, b'{"__type": "x#ConditionalCheckFailedException", "message": "no"}')
    read = answer(200, json.dumps(stored).encode())
    with serving(Reply(b"", closes=True), conflict, failed, read) as served, client_of(served.url) as client:
        monkeypatch.setitem(tables.connection().__dict__, "_client", client)
        tables.write(tables.Put(item, tables.absent(KernelItem)))
    assert len(served.requests) == 4


# TLS


class _SecureService(Service):
    """A service behind TLS."""

    context: ssl.SSLContext

    def serve(self, connection: Any) -> None:
        try:
            super().serve(self.context.wrap_socket(connection, server_side=True))
        except OSError:
            connection.close()


@pytest.mark.parametrize(
    ("host", "trusted", "is_good"), [("localhost", True, True), ("other", True, False), ("localhost", False, False)]
)
def test_only_the_service_itself_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, is_good: bool
) -> None:
    service = _SecureService([_GOOD])
    service.context, certificate = self_signed.context_of(tmp_path, host)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with listening(service) as port, client_of(f"https://localhost:{port}") as client:
        if is_good:
            for _ in range(3):
                assert client.get_item(**_ASKED)["Item"] == {"pk": {"S": "A"}}
            assert service.connections == 1
        else:
            with pytest.raises(SSLError):
                client.get_item(**_ASKED)
            assert service.requests == []


# Addresses and credentials


@pytest.mark.parametrize(
    ("service", "region", "host"),
    [
        ("dynamodb", "cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
        ("kms", "cn-northwest-1", "kms.cn-northwest-1.amazonaws.com.cn"),
        ("secretsmanager", "eu-west-1", "secretsmanager.eu-west-1.amazonaws.com"),
    ],
)
def test_public_addresses_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, service: str, region: str, host: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_REGION", "us-east-1")  # botocore does not know this name
    found = addresses.address_of(addresses.SERVICES[service])
    assert found == addresses.ServiceAddress(True, host, 443, host)
    assert aws.session().create_client(service).meta.endpoint_url == f"https://{host}"


def test_the_address_of_a_service_comes_before_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8001")
    assert addresses.address_of(addresses.SERVICES["dynamodb"]).port == 8001
    assert addresses.address_of(addresses.SERVICES["kms"]).port == 4566


def test_no_region_and_no_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(NoRegionError):
        addresses.region()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    class Nobody:
        def get_credentials(self) -> None:
            return None

    with pytest.raises(NoCredentialsError):
        addresses.credentials(Nobody)


def test_credentials_are_read_again_for_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(_GOOD) as served, client_of(served.url) as client:
        for key, token in (("FIRST", "t1"), ("SECOND", "t2")):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
            monkeypatch.setenv("AWS_SESSION_TOKEN", token)
            client.get_item(**_ASKED)
            assert f"Credential={key}/".encode() in served.requests[-1] and token.encode() in served.requests[-1]


def test_an_engineers_profile_is_asked_through_botocore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import botocore.session

    (tmp_path / "credentials").write_text("[city]\naws_access_key_id = PROFILE\naws_secret_access_key = hidden\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "city")
    session = botocore.session.get_session()
    assert addresses.credentials(lambda: session) == ("PROFILE", "hidden", "")
