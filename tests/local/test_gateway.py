"""The local gateway behaves like API Gateway, over real HTTP too."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.kernel import errors
from chalicelib.kernel.events import feed, history
from local import pump, template
from local.embedded import free_ports
from local.environment import STAGE
from scenes.world import World


@pytest.fixture
def connection(world: World) -> Iterator[http.client.HTTPConnection]:
    port = free_ports(1)[0]
    server = world.serve(port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    opened = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()
    thread.join()


def test_many_requests_on_one_connection(connection: http.client.HTTPConnection) -> None:
    for method, path, status in (
        ("GET", "/health", 200),
        ("HEAD", "/v1/services", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/health/", 200),
        ("OPTIONS", "/health", 405),
        ("GET", "/health", 200),
    ):
        connection.request(method, path)
        answer = connection.getresponse()
        assert answer.status == status, (method, path)
        answer.read()


def test_a_chunked_body_is_refused_and_not_misread_as_a_request(connection: http.client.HTTPConnection) -> None:
    smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)
    head = b"POST /v1/auth/wechat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((connection.host, connection.port), 5) as raw:
        raw.sendall(head + chunk)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := raw.recv(4096):
                answer += part
    assert answer.startswith(b"HTTP/1.1 411") and answer.count(b"HTTP/1.1") == 1


def test_a_pdf_and_a_page_arrive_as_bytes_whatever_the_client_accepts(
    world: World, connection: http.client.HTTPConnection
) -> None:
    enterprise = world.enterprise()
    link = enterprise.client.post(f"/v1/certificates/{enterprise.certificate()}/prints").json["url"]
    path = link.removeprefix(world.environment.settings()["PUBLIC_URL"])
    connection.request("GET", path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert connection.getresponse().read().startswith(b"%PDF")
    connection.request("GET", "/b/1")
    assert connection.getresponse().read().startswith(b"<!doctype html>")


def test_percent_encoded_parameters_are_decoded(world: World) -> None:
    assert world.anonymous().get("/v1/services/tour%5Fbus%5Fsticker").status == 200


def test_streams_go_on_after_a_restart_of_the_pump(world: World) -> None:
    world.real_person()
    first = pump.Pump(world.environment)
    assert first.drain() >= 0
    world.real_person()
    second = pump.Pump(world.environment)
    assert 0 < second.drain() < 20


def test_a_failing_record_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.pump()
    world.real_person()
    from chalicelib.kernel.events import history

    append, failures = history.append, [2]

    def failing(*arguments: object) -> int:
        if failures[0]:
            failures[0] -= 1
            raise errors.UNAVAILABLE()
        return append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "append", failing)
    delivered = 0
    for _ in range(5):
        delivered += world.pump()
    assert delivered > 0 and failures == [0]


def test_schedules_are_due_in_their_minute() -> None:
    assert pump.is_due("cron(30 17 * * ? *)", datetime(2026, 11, 2, 17, 30, tzinfo=UTC))
    assert not pump.is_due("cron(30 17 * * ? *)", datetime(2026, 11, 2, 17, 31, tzinfo=UTC))
    assert pump.is_due("cron(0 10,14 * * ? *)", datetime(2026, 11, 2, 14, 0, tzinfo=UTC))
    assert pump.is_due("rate(5 minutes)", datetime(2026, 11, 2, 14, 35, tzinfo=UTC))
    assert not pump.is_due("rate(5 minutes)", datetime(2026, 11, 2, 14, 36, tzinfo=UTC))
    with pytest.raises(ValueError, match="daily"):
        pump.is_due("cron(0/5 * * * ? *)", datetime(2026, 11, 2, tzinfo=UTC))


def test_the_pump_knows_every_schedule_of_the_template() -> None:
    schedules = template.schedules(STAGE)
    assert schedules
    for expression, _ in schedules:
        pump.is_due(expression, datetime(2026, 11, 2, tzinfo=UTC))


def test_a_batch_that_crashes_the_function_is_given_up_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.pump()
    poisoned, good = world.real_person().account_id, world.real_person().account_id
    append = feed.append_records

    def failing(event: dict[str, Any]) -> dict[str, Any]:
        poison = [one for one in event["Records"] if poisoned in str(one)]
        append({"Records": [one for one in event["Records"] if one not in poison]})
        return {"batchItemFailures": [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in poison[:1]]}

    monkeypatch.setattr(feed, "append_records", failing)
    for _ in range(3 * pump.MOST_TRIES):
        world.pump()
    assert "given up" in capsys.readouterr().out
    assert history.entries(f"ACCOUNT#{good}")[0] != []
    world.real_person()
    assert world.pump() > 0
