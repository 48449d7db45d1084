"""Sessions: rotation, reuse, expiry, logout."""

from __future__ import annotations

import threading

import pytest

from chalicelib.identity import rules
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
    world.pass_time(days=rules.SESSION_IDLE_DAYS)
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


def test_an_outcome_for_every_case() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 11, 2, tzinfo=UTC)
    fresh = rules.SessionState(current="current", revoked=False, opened_at=now, used_at=now)
    assert rules.refresh_outcome(fresh, "current", now) == "rotate"
    assert rules.refresh_outcome(fresh, "older", now) == "reuse"
    assert (
        rules.refresh_outcome(
            rules.SessionState(current="current", revoked=True, opened_at=now, used_at=now), "current", now
        )
        == "expired"
    )
    assert rules.refresh_outcome(fresh, "current", now + timedelta(days=7)) == "expired"
