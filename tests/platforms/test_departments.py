"""The departments' exchange: both sides refuse what is not signed, old or repeated."""

from __future__ import annotations

import json

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.errors import Problem
from chalicelib.platforms import departments, signed
from chalicelib.platforms.departments import Purpose
from chalicelib.platforms.secrets import secrets
from scenes.world import World

PATH = "/v1/query"
BODY = json.dumps({"register": "vehicles", "key": "苏A12345", "purpose": {"service": "tour_bus_sticker"}}).encode()


def headers(world: World, nonce: str, *, timestamp: int | None = None, body: bytes = BODY) -> dict[str, str]:
    moment = str(timestamp if timestamp is not None else clock.seconds(clock.now()))
    signature = signed.signature(secrets().departments_secret, "POST", PATH, moment, nonce, body)
    return {"x-client": "banshi", "x-timestamp": moment, "x-nonce": nonce, "x-signature": signature}


def send(world: World, sent: dict[str, str], body: bytes = BODY) -> int:
    return world.simulators.departments.respond("POST", PATH, sent, body, "127.0.0.1").status


def test_a_signed_query_is_answered_once(world: World) -> None:
    sent = headers(world, "nonce-1")
    assert send(world, sent) == 200
    assert send(world, sent) == 401


def test_old_altered_and_foreign_queries_are_refused(world: World) -> None:
    now = clock.seconds(clock.now())
    assert send(world, headers(world, "nonce-2", timestamp=now - 301)) == 401
    assert send(world, headers(world, "nonce-3"), BODY.replace(b"vehicles", b"drivers_")) == 401
    assert send(world, headers(world, "nonce-4") | {"x-client": "somebody"}) == 401
    assert send(world, {}) == 401


def test_a_query_needs_a_purpose(world: World) -> None:
    body = json.dumps({"register": "vehicles", "key": "x"}).encode()
    assert send(world, headers(world, "nonce-5", body=body), body) == 400


def test_records_come_back_and_an_unknown_key_gives_none(world: World) -> None:
    found = departments.query_register("vehicles", "苏A12345", Purpose("tour_bus_sticker"))
    assert found[0]["plate"] == "苏A12345"
    assert departments.query_register("vehicles", "苏Z99999", Purpose("tour_bus_sticker")) == []


@pytest.mark.parametrize("fault", ["http_500", "nonsense"])
def test_an_exchange_out_of_order_is_one_kind_of_problem(world: World, fault: str) -> None:
    world.simulators.departments.controls["faults"]({"fault": fault})
    with pytest.raises(Problem) as refused:
        departments.query_register("vehicles", "苏A12345", Purpose("tour_bus_sticker"))
    assert refused.value.error.code == "platform_unavailable"


def test_an_answer_that_the_exchange_did_not_sign_is_refused(world: World) -> None:
    world.simulators.departments.tamper_signature = True
    with pytest.raises(Problem):
        departments.check_identity("测试人", "11010519491231002X")
