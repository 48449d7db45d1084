"""A repeated creating request gets the first one's answer."""

from __future__ import annotations

import threading

import pytest

from chalicelib.delivery.service import addresses
from scenes.world import Reply, World
from tests.delivery.parcels import NEAR

KEY = {"idempotency-key": "0123456789abcdef"}
BODY = {"service": "house_purchase_certificate"}


def test_a_repeat_gets_the_same_answer_and_creates_nothing(world: World) -> None:
    person = world.real_person()
    first = person.post("/v1/applications", BODY, headers=KEY)
    again = person.post("/v1/applications", BODY, headers=KEY)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert len(person.get("/v1/applications").json["items"]) == 1


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    person = world.real_person()
    person.post("/v1/applications", BODY, headers=KEY)
    other = person.post("/v1/applications", {"service": "tour_bus_sticker"}, headers=KEY)
    assert (other.status, other.code) == (409, "idempotency_key_reused")


def test_keys_of_two_people_do_not_meet(world: World) -> None:
    first = world.real_person().post("/v1/applications", BODY, headers=KEY)
    second = world.real_person().post("/v1/applications", BODY, headers=KEY)
    assert first.json["id"] != second.json["id"]


@pytest.mark.parametrize("key", ["", "short", "x" * 256, "with blank in it", "中文键中文键中文键"])
def test_a_malformed_key_is_refused(world: World, key: str) -> None:
    answer = world.real_person().post("/v1/applications", BODY, headers={"idempotency-key": key})
    assert (answer.status, answer.code) == (400, "idempotency_key_required")


def test_a_refused_request_may_be_corrected_under_the_same_key(world: World) -> None:
    person = world.real_person()
    refused = person.post("/v1/applications", {"service": "no_such_service"}, headers=KEY)
    assert refused.code == "service_unknown"
    assert person.post("/v1/applications", BODY, headers=KEY).status == 201


def test_two_at_once_create_one(world: World) -> None:
    person = world.real_person()
    answers: list[Reply] = []
    threads = [
        threading.Thread(target=lambda: answers.append(person.post("/v1/applications", BODY, headers=KEY)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.code for answer in answers} <= {"", "idempotency_in_progress"}
    assert len(person.get("/v1/applications").json["items"]) == 1


def test_a_crash_after_the_work_does_not_create_a_second_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = world.real_person()

    class Crash(BaseException):
        pass

    def crash(*arguments: object) -> None:
        made.append(add(*arguments))  # type: ignore[arg-type]
        raise Crash

    made: list[object] = []
    add = addresses.add
    monkeypatch.setattr(addresses, "add", crash)
    with pytest.raises(Crash):
        person.post("/v1/addresses", NEAR, headers=KEY)
    monkeypatch.setattr(addresses, "add", add)
    waiting = person.post("/v1/addresses", NEAR, headers=KEY)
    assert (waiting.code, waiting.headers["Retry-After"]) == ("idempotency_in_progress", "1")
    world.pass_time(seconds=31)
    assert person.post("/v1/addresses", NEAR, headers=KEY).status == 201
    assert len(person.get("/v1/addresses").json["items"]) == len(made) == 1


def test_after_a_day_the_key_is_free_again(world: World) -> None:
    person = world.real_person()
    person.post("/v1/addresses", NEAR, headers=KEY)
    other = {**NEAR, "detail": "另一条路 2 号"}
    assert person.post("/v1/addresses", other, headers=KEY).code == "idempotency_key_reused"
    world.pass_time(hours=24, seconds=1)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": person.refresh_token}).json
    person.token = renewed["access_token"]
    assert person.post("/v1/addresses", other, headers=KEY).status == 201
