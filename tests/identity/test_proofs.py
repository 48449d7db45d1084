"""Who somebody is: what name and number alone allow, and how it is proven."""

from __future__ import annotations

import pytest

from chalicelib.kernel.events import changes, history
from scenes.world import Client, World, new_id_number

WECHAT_OUTCOMES = {"number does not fit": 10003, "face does not fit": 10004, "cancelled": 90002, "no camera": 90008}


def person(id_number: str, name: str = "测试人") -> dict[str, str]:
    return {"name": name, "id_number": id_number}


def test_name_and_number_are_a_claim(world: World) -> None:
    id_number = new_id_number()
    me = world.claimant("测试人", id_number).get("/v1/me").json
    assert (me["level"], me["name"]) == ("claimed", "测**")
    assert me["id_number"] == f"{id_number[:3]}***********{id_number[-4:]}"
    assert "proof" not in me


def test_a_name_that_does_not_belong_to_the_number_is_refused(world: World) -> None:
    answer = world.log_in("wechat").post("/v1/me/claim", person(new_id_number(), "别的人"))
    assert (answer.status, answer.code) == (422, "identity_mismatch")


@pytest.mark.parametrize("id_number", ["110105194912310021", "000000000000000000", "11010519491231002"])
@pytest.mark.parametrize("path", ["/v1/me/claim", "/v1/me/proof"])
def test_an_invalid_id_number_is_refused_before_anyone_is_asked(world: World, path: str, id_number: str) -> None:
    client = world.log_in("wechat")
    world.simulators.departments.controls["faults"]({"fault": "http_500"})
    world.simulators.wechat.controls["faults"]({"fault": "http_500"})
    assert client.post(path, person(id_number)).code == "id_number_invalid"


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_face_check_proves_it_on_both_platforms(world: World, platform: str) -> None:
    client = world.log_in(platform)
    world.prove(client, "测试人", new_id_number())
    me = client.get("/v1/me").json
    assert (me["level"], me["proof"]) == ("proven", f"{platform}_face")


@pytest.mark.parametrize("outcome", WECHAT_OUTCOMES)
def test_on_wechat_nothing_but_passed_counts(world: World, outcome: str) -> None:
    client = world.log_in("wechat")
    started = client.post("/v1/me/proof", person(new_id_number())).json
    assert client.post("/v1/me/proof/confirm").code == "proof_not_passed", "before the user has done it"
    done = {"verify_id": started["verify_id"], "result": WECHAT_OUTCOMES[outcome]}
    world.simulators.wechat.controls["face_checks"](done)
    assert client.post("/v1/me/proof/confirm").code == "proof_not_passed"
    assert client.get("/v1/me").json["level"] == "logged_in"


def test_on_alipay_only_the_servers_word_counts(world: World) -> None:
    client, id_number = world.log_in("alipay"), new_id_number()
    started = client.post("/v1/me/proof", person(id_number)).json
    assert started["certify_url"].startswith("http")
    assert client.post("/v1/me/proof/confirm").code == "proof_not_passed"
    done = {"certify_id": started["certify_id"], "passed": True}
    world.simulators.alipay.controls["certifications"](done)
    assert client.post("/v1/me/proof/confirm").json["level"] == "proven"
    assert client.post("/v1/me/proof/confirm").json["level"] == "proven", "a repeat"


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_confirmation_needs_a_check_of_ones_own(world: World, platform: str) -> None:
    world.face_check(world.log_in(platform), "测试人", new_id_number())
    assert world.log_in(platform).post("/v1/me/proof/confirm").code == "proof_not_started"


@pytest.mark.parametrize(("platform", "hours"), [("alipay", 24), ("wechat", 2)])
def test_a_face_check_does_not_wait_for_ever(world: World, platform: str, hours: int) -> None:
    client = world.log_in(platform)
    world.face_check(client, "测试人", new_id_number())
    world.pass_time(hours=hours)
    client.renew()
    assert client.post("/v1/me/proof/confirm").code == "proof_not_started"


def test_a_check_that_lay_for_hours_is_no_proof_of_now(world: World) -> None:
    client, id_number = world.log_in("alipay"), new_id_number()
    world.face_check(client, "测试人", id_number)
    world.pass_time(hours=2)
    client.renew()
    assert client.post("/v1/me/proof/confirm").json["level"] == "proven"
    text = world.simulators.alipay.controls["phone_credentials"]({"phone": "13900002222"})["credential"]
    assert client.put("/v1/me/phone", {"credential": text}).code == "fresh_proof_required"


@pytest.mark.parametrize("fault", ["http_500", "nonsense"])
@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_platform_out_of_order_changes_nothing(world: World, platform: str, fault: str) -> None:
    client, id_number = world.log_in(platform), new_id_number()
    simulator = world.simulators.wechat if platform == "wechat" else world.simulators.alipay
    simulator.controls["faults"]({"fault": fault})
    assert client.post("/v1/me/proof", person(id_number)).code == "platform_unavailable"
    world.face_check(client, "测试人", id_number)
    simulator.controls["faults"]({"fault": fault})
    assert client.post("/v1/me/proof/confirm").code == "platform_unavailable"
    assert client.get("/v1/me").json["level"] == "logged_in"
    assert client.post("/v1/me/proof/confirm").json["level"] == "proven"


def test_our_own_failures_use_up_nobodys_tries(world: World) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    world.simulators.departments.controls["faults"]({"fault": "http_500", "times": 20})
    for _ in range(20):
        assert client.post("/v1/me/claim", person(id_number)).code == "platform_unavailable"
    world.simulators.departments.controls["reset_faults"]({})
    assert client.post("/v1/me/claim", person(id_number)).status == 200
    other = world.log_in("wechat")
    for _ in range(10):
        assert other.post("/v1/me/claim", person(new_id_number(), "别的人")).code == "identity_mismatch"
    assert other.post("/v1/me/claim", person(id_number)).code == "too_many_requests", "wrong guesses are counted"


def test_a_forged_answer_of_the_exchange_is_refused(world: World) -> None:
    world.simulators.departments.tamper_signature = True
    client = world.log_in("wechat")
    assert client.post("/v1/me/claim", person(new_id_number())).code == "platform_unavailable"


@pytest.mark.parametrize(
    "typed",
    ["买买提•吐尔逊", "买买提・吐尔逊", "买买提．吐尔逊", "买买提‧吐尔逊", " 买买提 · 吐尔逊　", "买买提.吐尔逊"],
)
def test_a_name_is_compared_in_one_spelling(world: World, typed: str) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "买买提·吐尔逊"
    assert client.post("/v1/me/claim", person(id_number, typed)).status == 200


@pytest.mark.parametrize("name", ["𡚸", "阿卜杜热合曼·阿卜杜外力·阿卜杜克热木·艾合买提江", "王𬭎"])
def test_nobody_is_excluded_by_their_name(world: World, name: str) -> None:
    client = world.real_person(name)
    assert client.get("/v1/me").json["level"] == "proven"


def test_a_claim_may_book_and_sees_nothing_of_registers(world: World) -> None:
    client = world.claimant()
    assert client.get("/v1/appointments").status == 200
    for path in ("/v1/bills", "/v1/certificates", "/v1/mandates", "/v1/relatives", "/v1/shipments"):
        assert client.get(path).code == "proof_required", path
    begun = client.post("/v1/applications", {"service": "house_purchase_certificate"})
    assert (begun.status, begun.code) == (403, "proof_required")


def test_before_a_claim_one_is_told_what_to_do(world: World) -> None:
    answer = world.log_in("wechat").get("/v1/appointments")
    assert (answer.status, answer.code) == (403, "claim_required")


def test_nobody_changes_identity_afterwards(world: World) -> None:
    client = world.real_person()
    second = new_id_number()
    world.simulators.departments.people[second] = "测试人"
    for path in ("/v1/me/claim", "/v1/me/proof"):
        answer = client.post(path, person(second))
        assert (answer.status, answer.code) == (409, "already_proven")
    claimant = world.claimant()
    for path in ("/v1/me/claim", "/v1/me/proof"):
        assert claimant.post(path, person(second)).code == "claims_another_identity"


def test_a_claim_binds_nobody(world: World) -> None:
    """Who gave the number of somebody else for them gives that up, and then says who they are themselves."""
    mother, own = new_id_number(), new_id_number()
    client = world.claimant("母亲", mother)
    before = client.account_id
    assert client.delete("/v1/me/claim").status == 200
    assert client.get("/v1/me").status == 401, "all sessions end"
    again = world.log_in("wechat", client.user)
    assert again.get("/v1/me").json["level"] == "logged_in"
    assert again.account_id != before
    assert again.delete("/v1/me/claim").code == "claim_required"
    world.prove(again, "女儿", own)
    assert world.real_person().delete("/v1/me/claim").code == "no_claim"
    world.prove(world.log_in("alipay"), "母亲", mother)
    assert again.get("/v1/me").json["level"] == "proven"


def test_what_was_left_behind_comes_back_with_ones_own_proof(world: World) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    client.post("/v1/me/claim", person(id_number))
    first = client.account_id
    client.delete("/v1/me/claim")
    again = world.log_in("wechat", client.user)
    world.prove(again, "测试人", id_number)
    assert again.get("/v1/me").json["merged_accounts"] == [first]


def test_a_claim_is_refused_once_somebody_has_proven_the_identity(world: World) -> None:
    id_number = new_id_number()
    world.real_person("测试人", id_number)
    thief = world.log_in("wechat")
    refused = thief.post("/v1/me/claim", person(id_number))
    assert (refused.status, refused.code) == (409, "proven_elsewhere")
    assert thief.get("/v1/me").json["level"] == "logged_in"


def test_so_many_claims_of_one_identity_and_no_more(world: World) -> None:
    id_number = new_id_number()
    claimants = [world.claimant("测试人", id_number) for _ in range(10)]
    one_more = world.log_in("wechat")
    assert one_more.post("/v1/me/claim", person(id_number)).code == "too_many_claims"
    world.prove(one_more, "测试人", id_number)
    assert {client.get("/v1/me").status for client in claimants} == {401}


def window_proof(world: World, client: Client, id_number: str, name: str = "测试人") -> tuple[int, str]:
    code = client.post("/v1/me/proof/code").json["code"]
    answer = world.staff("officer.a").post("/v1/counter/proofs", {"code": code, **person(id_number, name)})
    return answer.status, answer.code


def test_whoever_wants_no_camera_proves_it_at_a_window(world: World) -> None:
    client, id_number = world.log_in("alipay"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    code = client.post("/v1/me/proof/code").json["code"]
    clerk = world.staff("officer.a")
    body = {"code": code, **person(id_number)}
    assert clerk.post("/v1/counter/proofs", body).json == {"done": True}
    assert clerk.post("/v1/counter/proofs", body).code == "proof_code_invalid", "a code works once"
    me = client.get("/v1/me").json
    assert (me["level"], me["proof"]) == ("proven", "window")
    world.pump()
    entries, _ = history.entries(f"ACCOUNT#{client.account_id}")
    assert entries[-1].type == "identity_proven"
    assert entries[-1].actor == "officer.a"


def test_a_window_proves_nothing_by_a_wrong_code_or_name(world: World) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    clerk = world.staff("officer.a")
    wrong = clerk.post("/v1/counter/proofs", {"code": "00000000", **person(id_number)})
    assert (wrong.status, wrong.code) == (422, "proof_code_invalid")
    assert window_proof(world, client, id_number, "别的人") == (422, "identity_mismatch")
    claimant = world.claimant("测试人", id_number)
    left = claimant.post("/v1/me/proof/code").json["code"]
    assert claimant.delete("/v1/me/claim").status == 200
    gone = clerk.post("/v1/counter/proofs", {"code": left, **person(id_number)})
    assert gone.code == "proof_code_invalid", "the account was left since"
    code = client.post("/v1/me/proof/code").json["code"]
    world.pass_time(minutes=11)
    late = world.staff("officer.a").post("/v1/counter/proofs", {"code": code, **person(id_number)})
    assert late.code == "proof_code_invalid"
    assert client.get("/v1/me").json["level"] == "logged_in"


def test_the_national_network_identity_proves_it_without_a_camera(world: World) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.simulators.departments.people[id_number] = "测试人"
    mint = world.simulators.departments.controls["network_identities"]
    somebody_elses = mint({"id_number": new_id_number()})["token"]
    refused = client.post("/v1/me/proof/network_identity", {**person(id_number), "token": somebody_elses})
    assert (refused.status, refused.code) == (422, "proof_not_passed")
    token = mint({"id_number": id_number})["token"]
    me = client.post("/v1/me/proof/network_identity", {**person(id_number), "token": token}).json
    assert (me["level"], me["proof"]) == ("proven", "network_identity")


def test_a_new_name_replaces_the_copy_and_the_old_one_stays_in_the_log(world: World) -> None:
    client, id_number = world.log_in("alipay"), new_id_number()
    world.prove(client, "旧名字", id_number)
    world.prove(client, "新名字", id_number)
    assert client.get("/v1/me").json["name"] == "新**"
    world.pump()
    subject = f"ACCOUNT#{client.account_id}"
    entries, _ = history.entries(subject)
    renewed = next(entry for entry in entries if entry.type == "identity_renewed")
    assert changes.note_of(subject, renewed) == "旧名字"


def test_another_phone_number_takes_a_proof_now(world: World) -> None:
    client, id_number = world.log_in("wechat"), new_id_number()
    world.prove(client, "测试人", id_number)
    world.bind_phone(client, "13800001111")
    world.pass_time(minutes=11)
    client.renew()
    code = world.simulators.wechat.controls["phone_codes"]({"user": client.user, "phone": "13900002222"})["code"]
    refused = client.put("/v1/me/phone", {"credential": code})
    assert (refused.status, refused.code) == (403, "fresh_proof_required")
    assert client.get("/v1/me").json["phone"] == "138****1111"
    world.prove(client, "测试人", id_number)
    world.bind_phone(client, "13900002222")
    assert client.get("/v1/me").json["phone"] == "139****2222"


def test_nobody_claims_or_proves_somebody_who_has_died(world: World) -> None:
    number = new_id_number()
    world.simulators.departments.people[number] = "张三"
    world.simulators.departments.controls["deaths"]({"id_number": number})
    client = world.log_in("wechat")
    body = {"name": "张三", "id_number": number}
    assert client.post("/v1/me/claim", body).code == "identity_deceased"
    code = client.post("/v1/me/proof/code").json["code"]
    assert world.staff("window.1").post("/v1/counter/proofs", {**body, "code": code}).code == "identity_deceased"


def test_two_people_with_one_name_do_not_meet(world: World) -> None:
    first, second = world.real_person("王伟"), world.real_person("王伟")
    third = world.claimant("王伟")
    assert first.account_id != second.account_id
    assert first.get("/v1/me/other_accounts").json["items"] == []
    assert third.get("/v1/me").json["level"] == "claimed"
    assert [client.get("/v1/me").json["level"] for client in (first, second)] == ["proven", "proven"]


def test_a_lent_phone_stays_its_owners(world: World) -> None:
    """A friend borrows the phone, and wants to book with it under an own name."""
    owner = world.real_person("张三")
    friend = {"name": "李四", "id_number": new_id_number()}
    world.simulators.departments.people[friend["id_number"]] = "李四"
    assert owner.post("/v1/me/claim", friend).code == "already_proven"
    assert owner.post("/v1/me/proof", friend).code == "already_proven"
    claimed = world.claimant("张三")
    assert claimed.post("/v1/me/claim", friend).code == "claims_another_identity"
    assert claimed.delete("/v1/me/claim").status == 200
    again = world.log_in("wechat", claimed.user)
    assert again.post("/v1/me/claim", friend).json["level"] == "claimed", "given up first, and nothing is mixed"
