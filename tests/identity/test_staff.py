"""Staff log in with two factors; guessing is slowed down and codes work once."""

from __future__ import annotations

import pyotp
import pytest

from chalicelib.kernel import clock
from scenes.world import World


def credentials(world: World, username: str = "officer.b") -> dict[str, str]:
    secret = world.environment.staff()[username]
    code = pyotp.TOTP(secret["totp_secret"]).at(clock.seconds(clock.now()))
    return {"username": username, "password": secret["password"], "code": code}


def test_both_factors_are_needed(world: World) -> None:
    world.pass_time(days=50)
    right = credentials(world)
    for wrong in ({"password": "guess"}, {"code": "000000"}, {"username": "nobody"}):
        assert world.anonymous().post("/v1/auth/staff", right | wrong).code == "login_refused"
    assert world.anonymous().post("/v1/auth/staff", right).status == 200


def test_a_code_works_once(world: World) -> None:
    world.pass_time(days=60)
    given = credentials(world)
    assert world.anonymous().post("/v1/auth/staff", given).status == 200
    again = world.anonymous().post("/v1/auth/staff", given)
    assert (again.status, again.code) == (401, "one_time_code_used")
    assert world.anonymous().post("/v1/auth/staff", given | {"code": "000000"}).code == "login_refused"


def test_guessing_is_slowed_down_and_does_not_lock_the_owner_out(world: World) -> None:
    world.pass_time(days=70)
    attacker = world.anonymous()
    wrong = {"username": "officer.b", "password": "guess", "code": "123456"}
    answers = [attacker.post("/v1/auth/staff", wrong).status for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert attacker.post("/v1/auth/staff", wrong | {"username": "officer.a"}).status == 401
    assert world.anonymous().post("/v1/auth/staff", credentials(world)).status == 200


def test_guessing_from_everywhere_is_slowed_down_too(world: World) -> None:
    world.pass_time(days=80)
    wrong = {"username": "supervisor", "password": "guess", "code": "123456"}
    answers = [world.anonymous().post("/v1/auth/staff", wrong).status for _ in range(52)]
    assert answers[:50] == [401] * 50 and answers[-1] == 429


@pytest.mark.parametrize("username", ["", "UPPER", "a b", "x" * 65, "../x"])
def test_malformed_names(world: World, username: str) -> None:
    answer = world.anonymous().post("/v1/auth/staff", {"username": username, "password": "x", "code": "123456"})
    assert answer.code == "invalid_request"


def test_staff_are_no_citizens_and_citizens_no_staff(world: World) -> None:
    assert world.staff().get("/v1/me").status == 403
    assert world.real_person().get("/v1/tasks").status == 403
