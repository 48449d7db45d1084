"""Sessions: rotation, reuse, expiry, logout."""

from __future__ import annotations

import secrets
import threading

import pytest

from bench.__main__ import Units
from chalicelib.identity import session_rules
from scenes.world import Client, Reply, World


def refresh(world: World, token: str) -> Reply:
    return world.anonymous().post("/v1/auth/refresh", {"refresh_token": token})


def test_refreshing_gives_new_tokens(world: World) -> None:
    client = world.log_in("wechat")
    world.pass_time(minutes=16)
    renewed = refresh(world, client.refresh_token).json
    assert Client(world=world, token=renewed["access_token"]).get("/v1/me").status == 200
    assert renewed["refresh_token"] != client.refresh_token


def test_a_second_use_ends_the_whole_family(world: World) -> None:
    client = world.log_in("wechat")
    newest = refresh(world, client.refresh_token).json
    stolen = refresh(world, client.refresh_token)
    assert (stolen.status, stolen.code) == (401, "refresh_reused")
    assert refresh(world, newest["refresh_token"]).code == "refresh_invalid"
    assert Client(world=world, token=newest["access_token"]).get("/v1/me").status == 401


def test_garbage_is_not_mistaken_for_a_used_token(world: World) -> None:
    client = world.log_in("wechat")
    session = client.refresh_token.split(".")[0]
    assert refresh(world, f"{session}.garbage.0123").code == "refresh_invalid"
    assert refresh(world, client.refresh_token).status == 200


def test_two_refreshes_at_once_leave_at_most_one_head(world: World) -> None:
    client = world.log_in("wechat")
    answers: list[Reply] = []
    threads = [threading.Thread(target=lambda: answers.append(refresh(world, client.refresh_token))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.status == 200 for answer in answers) <= 1
    assert {answer.code for answer in answers} <= {"", "refresh_reused", "refresh_invalid"}


@pytest.mark.parametrize("token", ["", "x", "x.y", "01ARZ3NDEKTSV4RRFFQ69G5FAV.secret", "../a.b", "." * 200])
def test_made_up_refresh_tokens_are_refused(world: World, token: str) -> None:
    assert refresh(world, token).status in (401, 422)


def test_a_session_ends_when_idle_for_a_week_and_in_any_case_after_thirty_days(world: World) -> None:
    client = world.log_in("wechat")
    world.pass_time(days=7)
    assert refresh(world, client.refresh_token).code == "refresh_invalid"
    token = world.log_in("wechat").refresh_token
    for _ in range(5):
        world.pass_time(days=6)
        answer = refresh(world, token)
        token = answer.json.get("refresh_token", "")
    assert answer.code == "refresh_invalid"


def test_logging_out_ends_the_session(world: World) -> None:
    client = world.log_in("wechat")
    assert client.post("/v1/auth/logout").status == 200
    assert refresh(world, client.refresh_token).code == "refresh_invalid"


def test_after_logging_out_the_access_token_fails_at_the_next_request(world: World) -> None:
    client = world.log_in("wechat")
    other = world.log_in("wechat", client.user)
    assert client.post("/v1/auth/logout").status == 200
    assert client.get("/v1/me").status == 401
    assert other.get("/v1/me").status == 200, "another session of the same person goes on"


def test_an_ended_session_stays_ended_however_many_end_after_it(world: World) -> None:
    client = world.log_in("wechat")
    assert client.post("/v1/auth/logout").status == 200
    for _ in range(session_rules.MOST_ENDED + 1):
        assert world.log_in("wechat", client.user).post("/v1/auth/logout").status == 200
    assert client.get("/v1/me").status == 401


def test_logging_in_costs_at_most_six_units_and_a_request_no_read_more(world: World) -> None:
    """The budget of docs/decisions/proofs.md: a new user, a known one, and what a request reads of its caller."""
    units = Units()
    try:
        client = world.log_in("wechat")
        assert units.write <= 6, units.write
        units.reset()
        known = world.log_in("wechat", client.user)
        assert units.write <= 6, units.write
        units.reset()
        assert known.get("/v1/sessions").status == 200
        assert units.calls == 2, "the caller's account, and the list"
    finally:
        units.restore()


def test_a_second_use_leaves_other_sessions_alone(world: World) -> None:
    client = world.log_in("wechat")
    other = world.log_in("wechat", client.user)
    refresh(world, client.refresh_token)
    assert refresh(world, client.refresh_token).code == "refresh_reused"
    assert client.get("/v1/me").status == 401
    assert other.get("/v1/me").status == 200


def log_in_with_device(world: World, device: str) -> dict[str, str]:
    code = world.simulators.wechat.controls["login_codes"]({"user": device})["code"]
    answer = world.anonymous().post("/v1/auth/wechat", {"code": code, "device": device})
    assert answer.status == 200
    tokens: dict[str, str] = answer.json
    return tokens


def test_a_lost_answer_does_not_log_the_device_out(world: World) -> None:
    device = secrets.token_hex(16)
    first = log_in_with_device(world, device)["refresh_token"]
    body = {"refresh_token": first, "device": device}
    lost = world.anonymous().post("/v1/auth/refresh", body).json["refresh_token"]
    again = world.anonymous().post("/v1/auth/refresh", body)
    assert again.status == 200
    third = world.anonymous().post("/v1/auth/refresh", body)
    assert third.code == "refresh_reused", "once more, not twice"
    assert refresh(world, lost).code == "refresh_invalid"
    assert Client(world=world, token=again.json["access_token"]).get("/v1/me").status == 401


@pytest.mark.parametrize("change", ["another device", "no device", "too late"])
def test_whoever_else_uses_the_last_token_ends_the_session(world: World, change: str) -> None:
    device = secrets.token_hex(16)
    first = log_in_with_device(world, device)["refresh_token"]
    assert world.anonymous().post("/v1/auth/refresh", {"refresh_token": first, "device": device}).status == 200
    body = {"refresh_token": first, "device": device}
    if change == "another device":
        body["device"] = secrets.token_hex(16)
    elif change == "no device":
        del body["device"]
    else:
        world.pass_time(seconds=31)
    assert world.anonymous().post("/v1/auth/refresh", body).code == "refresh_reused"


def test_sessions_are_listed_and_ended_one_by_one_or_all(world: World) -> None:
    client = world.log_in("wechat")
    other = world.log_in("wechat", client.user)
    rows = client.get("/v1/sessions").json["items"]
    assert sorted((row["platform"], row["is_this"]) for row in rows) == [("wechat", False), ("wechat", True)]
    another = next(row for row in rows if not row["is_this"])
    path = f"/v1/sessions/{another['id']}/end"
    assert world.real_person().post(path).code == "not_found"
    assert client.post(path).status == client.post(path).status == 200
    assert other.get("/v1/me").status == 401
    assert len(client.get("/v1/sessions").json["items"]) == 1
    third = world.log_in("wechat", client.user)
    assert third.post("/v1/sessions/end_all").status == 200
    assert client.get("/v1/me").status == third.get("/v1/me").status == 401
    assert refresh(world, client.refresh_token).code == "refresh_invalid"
