"""Real name on both platforms, and one person's two accounts becoming one."""

from __future__ import annotations

import pytest

from chalicelib.kernel.events import history
from scenes.world import Client, World, new_id_number


def start_face_check(world: World, client: Client, name: str, id_number: str) -> str:
    answer = client.post("/v1/me/verification", {"name": name, "id_number": id_number})
    assert answer.json["status"] == "pending" and answer.json["certify_url"].startswith("http")
    return str(answer.json["certify_id"])


def verify_on_alipay(world: World, client: Client, name: str, id_number: str) -> None:
    certify_id = start_face_check(world, client, name, id_number)
    world.simulators.alipay.controls["certifications"]({"certify_id": certify_id, "passed": True})
    assert client.post("/v1/me/verification/confirm").status == 200


def test_on_wechat_by_the_national_check(world: World) -> None:
    id_number = new_id_number()
    me = world.real_person("测试人", id_number).get("/v1/me").json
    assert (me["level"], me["name"]) == ("real_name", "测**")
    assert me["id_number"] == f"{id_number[:3]}***********{id_number[-4:]}"


def test_a_name_that_does_not_belong_to_the_number_is_refused(world: World) -> None:
    answer = world.log_in("wechat").post("/v1/me/verification", {"name": "别的人", "id_number": new_id_number()})
    assert (answer.status, answer.code) == (422, "identity_mismatch")


@pytest.mark.parametrize("id_number", ["110105194912310021", "000000000000000000", "11010519491231002"])
def test_an_invalid_id_number_is_refused_before_anyone_is_asked(world: World, id_number: str) -> None:
    world.simulators.departments.controls["faults"]({"fault": "http_500"})
    answer = world.log_in("wechat").post("/v1/me/verification", {"name": "测试人", "id_number": id_number})
    assert answer.code == "id_number_invalid"


def test_on_alipay_only_the_servers_word_counts(world: World) -> None:
    client, id_number = world.log_in("alipay"), new_id_number()
    certify_id = start_face_check(world, client, "测试人", id_number)
    assert client.post("/v1/me/verification/confirm").code == "verification_not_passed"
    assert client.get("/v1/me").json["level"] == "logged_in"
    world.simulators.alipay.controls["certifications"]({"certify_id": certify_id, "passed": True})
    assert client.post("/v1/me/verification/confirm").json["level"] == "real_name"


def test_a_confirmation_needs_a_check_of_ones_own(world: World) -> None:
    passing = world.log_in("alipay")
    certify_id = start_face_check(world, passing, "测试人", new_id_number())
    world.simulators.alipay.controls["certifications"]({"certify_id": certify_id, "passed": True})
    other = world.log_in("alipay")
    assert other.post("/v1/me/verification/confirm").code == "verification_not_started"


def test_a_face_check_does_not_wait_for_ever(world: World) -> None:
    client = world.log_in("alipay")
    certify_id = start_face_check(world, client, "测试人", new_id_number())
    world.simulators.alipay.controls["certifications"]({"certify_id": certify_id, "passed": True})
    world.pass_time(hours=24)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": client.refresh_token}).json
    late = Client(world=world, token=renewed["access_token"])
    assert late.post("/v1/me/verification/confirm").code == "verification_not_started"


def test_nobody_changes_identity_afterwards(world: World) -> None:
    client, second = world.real_person(), new_id_number()
    world.simulators.departments.people[second] = "测试人"
    answer = client.post("/v1/me/verification", {"name": "测试人", "id_number": second})
    assert (answer.status, answer.code) == (409, "already_verified")


def test_one_person_on_both_platforms_is_one_account_and_keeps_everything_of_both(world: World) -> None:
    id_number = new_id_number()
    wechat = world.real_person("测试人", id_number)
    alipay = world.log_in("alipay", f"two-{id_number}")
    credential = world.simulators.alipay.controls["phone_credentials"]({"phone": "13900001111"})["credential"]
    alipay.put("/v1/me/phone", {"credential": credential})
    before = alipay.account_id
    draft = wechat.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]

    verify_on_alipay(world, alipay, "测试人", id_number)

    me = alipay.get("/v1/me").json
    assert me["account_id"] == wechat.account_id
    assert me["platforms"] == ["alipay", "wechat"] and me["merged_accounts"] == [before]
    assert me["phone"] == "139****1111"
    assert alipay.get(f"/v1/applications/{draft}").status == 200
    again = world.log_in("alipay", f"two-{id_number}")
    assert again.account_id == wechat.account_id


def test_a_merge_is_explained_in_both_histories_and_can_be_undone_by_staff(world: World) -> None:
    id_number = new_id_number()
    wechat, alipay = world.real_person("测试人", id_number), world.log_in("alipay")
    old = alipay.account_id
    verify_on_alipay(world, alipay, "测试人", id_number)
    world.pump()
    merged, _ = history.entries(f"ACCOUNT#{old}")
    assert (merged[-1].type, merged[-1].data["into"]) == ("account_merged", wechat.account_id)
    assert merged[-1].data["reason"] == "same_id_number"

    administrator = world.staff("administrator")
    path = f"/v1/accounts/{old}/undo_merge"
    assert administrator.post(path, {"reason": "身份信息录入有误"}).status == 200
    assert administrator.post(path, {"reason": "身份信息录入有误"}).code == "not_merged"
    world.pump()
    undone, _ = history.entries(f"ACCOUNT#{old}")
    assert undone[-1].type == "merge_undone" and undone[-1].actor == "administrator"
    again, owner = world.log_in("alipay", alipay.user), world.log_in("wechat", wechat.user)
    assert again.account_id == old and again.get("/v1/me").json["level"] == "logged_in"
    kept = owner.get("/v1/me").json
    assert (kept["merged_accounts"], kept["platforms"], kept["level"]) == ([], ["wechat"], "real_name")


def test_an_undone_merge_ends_the_sessions_that_were_opened_meanwhile(world: World) -> None:
    id_number = new_id_number()
    wechat, alipay = world.real_person("测试人", id_number), world.log_in("alipay")
    old = alipay.account_id
    verify_on_alipay(world, alipay, "测试人", id_number)
    meanwhile = world.log_in("alipay", alipay.user)
    draft = wechat.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]
    assert meanwhile.get(f"/v1/applications/{draft}").status == 200
    world.staff("administrator").post(f"/v1/accounts/{old}/undo_merge", {"reason": "身份信息录入有误"})
    assert meanwhile.get(f"/v1/applications/{draft}").status == 401
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": meanwhile.refresh_token})
    assert renewed.code == "refresh_invalid"
    owner = world.anonymous().post("/v1/auth/refresh", {"refresh_token": wechat.refresh_token})
    assert owner.status == 200


def test_name_and_number_alone_do_not_open_somebody_elses_account(world: World) -> None:
    id_number = new_id_number()
    owner, thief = world.real_person("测试人", id_number), world.log_in("wechat")
    body = {"name": "测试人", "id_number": id_number}
    refused = thief.post("/v1/me/verification", body)
    assert (refused.status, refused.code) == (409, "same_person_not_proven")
    world.bind_phone(owner, "13800001111")
    world.bind_phone(thief, "13800002222")
    assert thief.post("/v1/me/verification", body).code == "same_person_not_proven"
    assert thief.account_id != owner.account_id


def test_the_same_phone_on_both_accounts_proves_one_person(world: World) -> None:
    id_number, phone = new_id_number(), "13800003333"
    first, second = world.real_person("测试人", id_number), world.log_in("wechat")
    world.bind_phone(first, phone)
    world.bind_phone(second, phone)
    body = {"name": "测试人", "id_number": id_number}
    assert second.post("/v1/me/verification", body).json["status"] == "verified"
    assert second.account_id == first.account_id


@pytest.mark.parametrize("fault", ["http_500", "nonsense"])
def test_a_national_check_out_of_order_changes_nothing(world: World, fault: str) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    world.simulators.departments.controls["faults"]({"fault": fault})
    body = {"name": "测试人", "id_number": id_number}
    assert client.post("/v1/me/verification", body).code == "platform_unavailable"
    assert client.get("/v1/me").json["level"] == "logged_in"
    assert client.post("/v1/me/verification", body).json["status"] == "verified"


def test_a_forged_answer_of_the_exchange_is_refused(world: World) -> None:
    world.simulators.departments.tamper_signature = True
    body = {"name": "测试人", "id_number": new_id_number()}
    assert world.log_in("wechat").post("/v1/me/verification", body).code == "platform_unavailable"
