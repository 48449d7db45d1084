"""Staff log in with two factors; guessing is slowed down and codes work once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from local.staff import enrol
from scenes.world import Client, World

PASSWORD = "wide.meadow.lantern"


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


def test_guesses_of_strangers_do_not_lock_the_devices_that_the_owner_has_used(world: World) -> None:
    world.pass_time(days=70)
    own = {"device": "the-owners-own-device"}
    assert world.anonymous().post("/v1/auth/staff", credentials(world) | own).status == 200
    world.pass_time(days=1)
    wrong = {"username": "officer.b", "password": "guess", "code": "123456"}
    in_the_same_hall = world.anonymous()
    answers = [in_the_same_hall.post("/v1/auth/staff", wrong).status for _ in range(30)]
    assert answers == [401] * 30
    answers = [world.anonymous().post("/v1/auth/staff", wrong).status for _ in range(22)]
    assert answers[:20] == [401] * 20 and answers[-1] == 429
    right = credentials(world)
    assert in_the_same_hall.post("/v1/auth/staff", wrong | {"username": "officer.a"}).status == 401
    assert in_the_same_hall.post("/v1/auth/staff", right | {"device": "somebody-elses-device"}).status == 429
    by_key = {"username": "officer.b", "password": right["password"]}
    assert world.anonymous().post("/v1/auth/staff/key/options", by_key).status == 401, "another factor is not locked"
    assert in_the_same_hall.post("/v1/auth/staff", right | own).status == 200


def test_of_many_guesses_at_one_moment_no_more_are_tried_than_one_after_the_other(world: World) -> None:
    world.pass_time(days=75)
    own = {"device": "the-owners-own-device"}
    assert world.anonymous().post("/v1/auth/staff", credentials(world, "officer.a") | own).status == 200
    world.pass_time(days=1)
    right = credentials(world, "officer.a") | own
    wrong = right | {"code": "000000"}
    with ThreadPoolExecutor(16) as pool:
        guesses = [*([wrong] * 30), right]
        answers = list(pool.map(lambda body: world.anonymous().post("/v1/auth/staff", body).status, guesses))
    assert answers.count(401) == 5 and answers.count(200) == 0 and answers.count(429) == 26


def test_a_known_device_has_a_few_guesses_of_its_own(world: World) -> None:
    world.pass_time(days=80)
    own = {"device": "the-owners-own-device"}
    assert world.anonymous().post("/v1/auth/staff", credentials(world, "supervisor") | own).status == 200
    wrong = {"username": "supervisor", "password": "guess", "code": "123456"} | own
    answers = [world.anonymous().post("/v1/auth/staff", wrong).status for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    world.pass_time(minutes=16)
    assert world.anonymous().post("/v1/auth/staff", credentials(world, "supervisor")).status == 200


@pytest.mark.parametrize("username", ["", "UPPER", "a b", "x" * 65, "../x"])
def test_malformed_names(world: World, username: str) -> None:
    answer = world.anonymous().post("/v1/auth/staff", {"username": username, "password": "x", "code": "123456"})
    assert answer.code == "invalid_request"


def test_staff_are_no_citizens_and_citizens_no_staff(world: World) -> None:
    assert world.staff().get("/v1/me").status == 403
    assert world.real_person().get("/v1/tasks").status == 403


def hired(world: World, username: str, roles: list[str] | None = None) -> Client:
    """A staff member of this test only, logged in."""
    secret = pyotp.random_base32()
    enrol(username, "某某", "transport_bureau", roles or ["officer"], (PASSWORD, secret))
    code = pyotp.TOTP(secret).at(clock.seconds(clock.now()))
    answer = world.anonymous().post("/v1/auth/staff", {"username": username, "password": PASSWORD, "code": code})
    assert answer.status == 200, answer.json
    return Client(world=world, token=answer.json["access_token"], refresh_token=answer.json["refresh_token"])


def refresh(world: World, client: Client) -> str:
    return world.anonymous().post("/v1/auth/refresh", {"refresh_token": client.refresh_token}).code


REASON = {"reason": "已办理离岗手续"}


@pytest.mark.parametrize("action", ["suspend", "dismiss"])
def test_whoever_is_suspended_or_leaves_is_out_at_once(world: World, action: str) -> None:
    username = f"leaver.{action}"
    member, administrator = hired(world, username), world.staff("security")
    assert member.get("/v1/tasks").status == 200
    answer = administrator.post(f"/v1/staff/{username}/{action}", REASON)
    assert answer.json["status"] == {"suspend": "suspended", "dismiss": "left"}[action]
    assert member.get("/v1/tasks").status == 401
    assert refresh(world, member) == "refresh_invalid"
    again = {"username": username, "password": PASSWORD, "code": "000000"}
    assert world.anonymous().post("/v1/auth/staff", again).code == "login_refused"
    assert administrator.post(f"/v1/staff/{username}/{action}", REASON).code == "staff_wrong_state"


def test_the_tasks_of_whoever_left_can_be_taken_by_others(world: World) -> None:
    leaver, colleague = hired(world, "leaver.tasks"), world.staff("officer.a")
    applied = world.enterprise().apply(route_class="inter_provincial", destination="杭州")
    task = f"/v1/tasks/{applied['id']}-review"
    assert leaver.post(f"{task}/claim").status == 200
    assert colleague.post(f"{task}/claim").code == "task_taken"
    assert world.staff("security").post("/v1/staff/leaver.tasks/dismiss", REASON).status == 200
    assert colleague.post(f"{task}/claim").status == 200
    assert colleague.post(f"{task}/approve", {"opinion": "同意"}).status == 200


def test_both_factors_right_open_nothing_for_somebody_suspended(world: World) -> None:
    secret = pyotp.random_base32()
    enrol("rested", "某某", "transport_bureau", ["officer"], (PASSWORD, secret))
    administrator = world.staff("security")
    assert administrator.post("/v1/staff/rested/suspend", REASON).status == 200
    code = pyotp.TOTP(secret).at(clock.seconds(clock.now()))
    body = {"username": "rested", "password": PASSWORD, "code": code}
    assert world.anonymous().post("/v1/auth/staff", body).code == "login_refused"
    assert administrator.post("/v1/staff/rested/reinstate", REASON).json["status"] == "active"
    assert world.anonymous().post("/v1/auth/staff", body).status == 200


def test_an_administrator_ends_sessions_of_others_and_touches_not_their_own_state(world: World) -> None:
    member, administrator = hired(world, "ended"), world.staff("security")
    assert administrator.post("/v1/staff/ended/end_sessions").status == 200
    assert member.get("/v1/tasks").status == 401
    assert administrator.post("/v1/staff/security/suspend", REASON).code == "own_account"
    assert administrator.get("/v1/staff/nobody").code == "not_found"
    shown = administrator.get("/v1/staff/ended").json
    assert (shown["username"], shown["status"], shown["roles"]) == ("ended", "active", ["officer"])
    world.pump()
    entries, _ = history.entries("STAFF#ended")
    assert entries[-1].type == "access_tokens_voided"
    assert entries[-1].actor == "security"


def test_idle_and_absolute_time_depend_on_the_role(world: World) -> None:
    officer = hired(world, "idle.officer")
    courier = hired(world, "idle.courier", ["courier"])
    world.pass_time(minutes=61)
    assert refresh(world, officer) == "refresh_invalid"
    assert refresh(world, courier) == ""


def test_staff_see_and_end_their_own_sessions(world: World) -> None:
    member = hired(world, "sessions.own")
    rows = member.get("/v1/sessions").json["items"]
    assert [row["is_this"] for row in rows].count(True) == 1
    assert member.post("/v1/sessions/end_all").status == 200
    assert member.get("/v1/sessions").status == 401
