"""Staff from the first day to the last: invited by one administrator, given roles by another, in with own factors."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from scenes.world import Client, Reply, World, new_id_number

PASSWORD = "wide.meadow.lantern"
REASON = {"reason": "测试所需的原因"}


def invite(world: World, username: str, **changes: Any) -> Reply:
    body = {
        "username": username,
        "display_name": "李四",
        "unit": "transport_bureau",
        "id_number": new_id_number(),
    } | changes
    return world.staff("administrator").post("/v1/staff", body)


def digits(secret: str, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.seconds(clock.now()) + seconds)


def accept(world: World, username: str, invitation: str, password: str = PASSWORD) -> Reply:
    body = {"username": username, "invitation": invitation, "password": password}
    return world.anonymous().post("/v1/auth/staff/invitation", body)


def activate(world: World, username: str, invitation: str, code: str) -> Reply:
    body = {"username": username, "invitation": invitation, "code": code}
    return world.anonymous().post("/v1/auth/staff/activation", body)


def log_in(world: World, username: str, password: str, code: str) -> Reply:
    return world.anonymous().post("/v1/auth/staff", {"username": username, "password": password, "code": code})


def joined(world: World, username: str) -> tuple[Client, str]:
    """Somebody who was invited and is in; and the secret of the second factor."""
    invitation = invite(world, username).json["invitation"]
    secret = accept(world, username, invitation).json["totp_secret"]
    tokens = activate(world, username, invitation, digits(secret, -30)).json
    return Client(world=world, token=tokens["access_token"], refresh_token=tokens["refresh_token"]), secret


def test_two_administrators_and_the_person_make_an_officer(world: World) -> None:
    invited = invite(world, "new.officer")
    assert invited.status == 200
    invitation = invited.json["invitation"]
    security = world.staff("security")
    assert security.get("/v1/staff/new.officer").json["status"] == "invited"
    early = security.put("/v1/staff/new.officer/roles", {"roles": ["officer"], **REASON})
    assert early.code == "staff_wrong_state", "somebody else still has the invitation"
    enrolled = accept(world, "new.officer", invitation)
    assert enrolled.json["totp_address"].startswith("otpauth://totp/")
    secret = enrolled.json["totp_secret"]
    assert log_in(world, "new.officer", PASSWORD, digits(secret)).code == "login_refused", "nothing is open yet"
    tokens = activate(world, "new.officer", invitation, digits(secret))
    member = Client(world=world, token=tokens.json["access_token"])
    assert member.get("/v1/tasks").status == 403, "without roles one is in and may do nothing"
    given = security.put("/v1/staff/new.officer/roles", {"roles": ["officer"], **REASON})
    assert (given.json["roles"], given.json["status"]) == (["officer"], "active")
    assert member.get("/v1/tasks").status == 401, "every change of roles ends all sessions"
    world.pass_time(seconds=30)
    opened = log_in(world, "new.officer", PASSWORD, digits(secret))
    assert Client(world=world, token=opened.json["access_token"]).get("/v1/tasks").status == 200
    world.pump()
    entries, _ = history.entries("STAFF#new.officer")
    assert [(entry.type, entry.actor) for entry in entries][:3] == [
        ("staff_invited", "administrator"),
        ("staff_activated", "new.officer"),
        ("staff_roles_changed", "security"),
    ]


def test_another_identity_of_a_member_stands_in_the_log_by_itself(world: World) -> None:
    invite(world, "another.identity")
    administrator = world.staff("administrator")
    body = {"display_name": "王新人", "unit": "service_center", "id_number": new_id_number()}
    for _ in range(2):
        assert administrator.put("/v1/staff/another.identity", body).status == 200
    world.pump()
    entries, _ = history.entries("STAFF#another.identity")
    assert [entry.type for entry in entries][1:] == ["staff_changed", "staff_person_changed", "staff_changed"]


def test_an_invitation_works_once_and_for_three_days(world: World) -> None:
    first = invite(world, "invited.twice").json["invitation"]
    second = invite(world, "invited.twice").json["invitation"]
    assert accept(world, "invited.twice", first).code == "invitation_invalid", "a new one voids the old one"
    assert accept(world, "nobody.there", second).code == "invitation_invalid"
    secret = accept(world, "invited.twice", second).json["totp_secret"]
    again = accept(world, "invited.twice", second).json["totp_secret"]
    assert secret != again, "an answer that got lost is repeated with another secret"
    assert activate(world, "invited.twice", second, digits(secret)).code == "one_time_code_wrong"
    assert activate(world, "invited.twice", second, digits(again)).status == 200
    assert activate(world, "invited.twice", second, digits(again)).code == "invitation_invalid"
    assert accept(world, "invited.twice", second).code == "invitation_invalid"
    late = invite(world, "invited.late").json["invitation"]
    world.pass_time(days=3)
    assert accept(world, "invited.late", late).code == "invitation_invalid"


def test_guessing_the_first_digits_is_slowed_down(world: World) -> None:
    invitation = invite(world, "invited.guessed").json["invitation"]
    accept(world, "invited.guessed", invitation)
    answers = [activate(world, "invited.guessed", invitation, f"{guess:06d}").status for guess in range(12)]
    assert answers[-1] == 429


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "123456789012",
        "qwertyuiopas",
        "weak.person1",
        "banshibanshi",
        "李四李四李四李四",
    ],
)
def test_passwords_that_are_easy_to_guess_are_refused(world: World, password: str) -> None:
    invitation = invite(world, "weak.person").json["invitation"]
    assert accept(world, "weak.person", invitation, password).code == "password_too_weak"


@pytest.mark.parametrize(
    "password", ["wide meadow lantern", "x8#kq!v2Lr09", "春风又绿江南岸明月何时", "z" * 3 + "K9-vast-orbit" * 8]
)
def test_long_and_strange_passwords_are_taken(world: World, password: str) -> None:
    invitation = invite(world, "strong.person").json["invitation"]
    assert accept(world, "strong.person", invitation, password).status == (200 if len(password) >= 12 else 422)


def test_whoever_lost_a_factor_comes_back_by_two_administrators(world: World) -> None:
    thief, secret = joined(world, "robbed.member")
    security = world.staff("security")
    assert security.put("/v1/staff/robbed.member/roles", {"roles": ["officer"], **REASON}).status == 200
    voided = security.post("/v1/staff/robbed.member/reset", REASON)
    assert (voided.json["status"], voided.json["roles"]) == ("invited", [])
    assert "invitation" not in voided.json, "whoever voids the factors gets no way in"
    assert thief.get("/v1/sessions").status == 401
    world.pass_time(seconds=30)
    assert log_in(world, "robbed.member", PASSWORD, digits(secret)).code == "login_refused"
    assert security.post("/v1/staff/robbed.member/reset", REASON).status == 200
    invitation = invite(world, "robbed.member").json["invitation"]
    new_secret = accept(world, "robbed.member", invitation).json["totp_secret"]
    assert activate(world, "robbed.member", invitation, digits(new_secret)).status == 200
    assert security.get("/v1/staff/robbed.member").json["roles"] == [], "and the roles are given anew"


@pytest.mark.parametrize("path", ["reset", "suspend", "dismiss"])
def test_no_administrator_decides_about_another_one(world: World, path: str) -> None:
    security = world.staff("security")
    for username in ("administrator", "auditor"):
        assert security.post(f"/v1/staff/{username}/{path}", REASON).code == "administrator_protected"
        body = {"roles": ["officer"], **REASON}
        assert security.put(f"/v1/staff/{username}/roles", body).code == "administrator_protected"
    details = {"display_name": "某某", "unit": "service_center"}
    assert world.staff("administrator").put("/v1/staff/auditor", details).code == "administrator_protected"


def test_no_administrator_makes_another_one(world: World) -> None:
    joined(world, "ambitious.member")
    for role in ("system_administrator", "security_administrator", "audit_administrator"):
        body = {"roles": [role], **REASON}
        answer = world.staff("security").put("/v1/staff/ambitious.member/roles", body)
        assert answer.code == "administrator_protected"


def test_garbage_uses_up_nobodys_tries(world: World) -> None:
    invitation = invite(world, "slowed.member").json["invitation"]
    secret = accept(world, "slowed.member", invitation).json["totp_secret"]
    for _ in range(11):
        assert activate(world, "slowed.member", "x" * 32, "000000").status == 401
    assert activate(world, "slowed.member", invitation, digits(secret)).status == 200


def test_a_member_changes_the_password_and_all_sessions_end(world: World) -> None:
    member, secret = joined(world, "changing.member")
    other = "tall.orange.river.bank"
    wrong = {"password": "no", "code": digits(secret), "new_password": other}
    assert member.put("/v1/me/password", wrong).code == "factors_wrong"
    weak = {"password": PASSWORD, "code": digits(secret), "new_password": "changing.member"}
    assert member.put("/v1/me/password", weak).code == "password_too_weak"
    right = {"password": PASSWORD, "code": digits(secret), "new_password": other}
    assert member.put("/v1/me/password", right).status == 200
    assert member.get("/v1/sessions").status == 401
    world.pass_time(seconds=30)
    assert log_in(world, "changing.member", PASSWORD, digits(secret)).code == "login_refused"
    assert log_in(world, "changing.member", other, digits(secret)).status == 200


def test_nobody_gives_themselves_roles_or_two_administrations(world: World) -> None:
    joined(world, "roles.member")
    security = world.staff("security")
    path = "/v1/staff/roles.member/roles"
    assert security.put(path, {"roles": ["king"], **REASON}).code == "roles_unknown"
    assert security.put("/v1/staff/security/roles", {"roles": ["officer"], **REASON}).code == "own_account"
    assert security.put(path, {"roles": ["officer", "supervisor"], **REASON}).status == 200
    assert world.staff("administrator").put(path, {"roles": ["officer"], **REASON}).status == 403
    assert security.post("/v1/staff", {"username": "x", "display_name": "x", "unit": "xx"}).status == 403


def test_who_is_there_is_not_invited_over_and_who_has_left_may_come_back(world: World) -> None:
    joined(world, "returner")
    assert invite(world, "returner").code == "staff_exists"
    security = world.staff("security")
    assert security.post("/v1/staff/returner/suspend", REASON).json["status"] == "suspended"
    assert invite(world, "returner").code == "staff_exists"
    assert security.post("/v1/staff/returner/reset", REASON).code == "staff_wrong_state"
    assert security.post("/v1/staff/returner/reinstate", REASON).json["status"] == "active"
    assert security.post("/v1/staff/returner/suspend", REASON).status == 200
    assert security.post("/v1/staff/returner/dismiss", REASON).json["status"] == "left"
    assert invite(world, "returner", display_name="别人").code == "staff_exists", "decisions are signed with the name"
    assert invite(world, "returner").status == 200
    assert security.post("/v1/staff/returner/dismiss", REASON).json["status"] == "left"
    assert invite(world, "no.phone", phone="12").code == "phone_invalid"


def test_a_unit_lists_its_staff_and_not_those_who_went_elsewhere(world: World) -> None:
    member, _ = joined(world, "moving.member")
    administrator = world.staff("administrator")
    body = {"display_name": "李四", "unit": "housing_bureau"}
    moved = administrator.put("/v1/staff/moving.member", body)
    assert moved.json["unit"] == "housing_bureau"
    assert member.get("/v1/sessions").status == 401

    def names(unit: str) -> set[str]:
        found: set[str] = set()
        cursor = ""
        while True:
            page = administrator.get(f"/v1/staff?unit={unit}{cursor}").json
            found |= {row["username"] for row in page["items"]}
            if "cursor" not in page:
                return found
            cursor = f"&cursor={page['cursor']}"

    assert "moving.member" in names("housing_bureau")
    assert "moving.member" not in names("transport_bureau")
    assert administrator.put("/v1/staff/administrator", body).code == "own_account"


def test_sessions_of_others_are_listed_and_ended_by_the_security_administrator(world: World) -> None:
    member, _ = joined(world, "watched.member")
    security = world.staff("security")
    (row,) = security.get("/v1/staff/watched.member/sessions").json["items"]
    assert security.post(f"/v1/accounts/sessions/{row['id']}/end", REASON).status == 200
    assert member.get("/v1/sessions").status == 401
    citizen, lost = world.log_in("wechat"), world.log_in("alipay")
    world.merge(citizen, lost, "张三", new_id_number())
    account = citizen.account_id
    rows = security.get(f"/v1/accounts/{account}/sessions").json["items"]
    assert sorted(row["platform"] for row in rows) == ["alipay", "wechat"]
    assert security.post(f"/v1/accounts/{account}/end_sessions", REASON).status == 200
    assert citizen.get("/v1/me").status == lost.get("/v1/me").status == 401, "of merged accounts too"
    world.pump()
    entries, _ = history.entries(f"ACCOUNT#{account}")
    assert (entries[-1].type, entries[-1].actor) == ("access_tokens_voided", "security")
