"""Two accounts that one person has proven: merged by the person, by a proof now, and parted again by staff."""

from __future__ import annotations

from chalicelib.kernel.events import history
from scenes.world import Client, World, new_id_number


def two_accounts(world: World) -> tuple[Client, Client, str]:
    id_number = new_id_number()
    wechat = world.real_person("测试人", id_number)
    alipay = world.log_in("alipay")
    world.prove(alipay, "测试人", id_number)
    return wechat, alipay, id_number


def test_two_proven_accounts_stay_apart_until_the_person_merges_them(world: World) -> None:
    wechat, alipay, _ = two_accounts(world)
    draft = wechat.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]
    assert alipay.get(f"/v1/applications/{draft}").code == "not_found"
    (other,) = alipay.get("/v1/me/other_accounts").json["items"]
    assert (other["account_id"], other["platforms"], other["proof"]) == (wechat.account_id, ["wechat"], "wechat_face")
    before = wechat.account_id

    merged = alipay.post("/v1/me/merge", {"account_id": before})

    assert merged.json["merged_accounts"] == [before]
    assert merged.json["platforms"] == ["alipay", "wechat"]
    assert alipay.post("/v1/me/merge", {"account_id": before}).json == merged.json, "a repeat"
    assert alipay.get(f"/v1/applications/{draft}").status == 200
    assert wechat.account_id == alipay.account_id
    assert alipay.get("/v1/me/other_accounts").json == {"items": []}
    again = world.log_in("wechat", wechat.user)
    assert again.account_id == alipay.account_id


def test_the_other_account_hears_of_a_new_proof(world: World) -> None:
    wechat, _, _ = two_accounts(world)
    world.pump()
    told = {message["event"] for message in wechat.get("/v1/messages").json["items"]}
    assert "other_account_proven" in told


def test_a_merge_takes_a_proof_now(world: World) -> None:
    wechat, alipay, id_number = two_accounts(world)
    world.pass_time(minutes=11)
    alipay.renew()
    wechat.renew()
    refused = alipay.post("/v1/me/merge", {"account_id": wechat.account_id})
    assert (refused.status, refused.code) == (403, "fresh_proof_required")
    other = world.log_in("wechat", wechat.user)
    world.prove(alipay, "测试人", id_number)
    again = alipay.post("/v1/me/merge", {"account_id": other.account_id})
    assert again.code == "fresh_proof_required", "one of the two is not enough: it might be a thief's"
    world.prove(other, "测试人", id_number)
    assert alipay.post("/v1/me/merge", {"account_id": other.account_id}).status == 200


def test_nobody_merges_an_account_that_is_not_proven_to_be_theirs(world: World) -> None:
    me, somebody, claimant = world.real_person(), world.real_person(), world.claimant()
    for other in (somebody, claimant):
        assert me.post("/v1/me/merge", {"account_id": other.account_id}).code == "nothing_to_merge"
    assert me.post("/v1/me/merge", {"account_id": me.account_id}).code == "nothing_to_merge"


def test_three_accounts_become_one_in_two_steps(world: World) -> None:
    wechat, alipay, id_number = two_accounts(world)
    draft = wechat.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]
    first = wechat.account_id
    assert alipay.post("/v1/me/merge", {"account_id": first}).status == 200
    third = world.log_in("alipay")
    world.prove(third, "测试人", id_number)
    assert third.post("/v1/me/merge", {"account_id": alipay.account_id}).status == 200
    assert {wechat.account_id, alipay.account_id} == {third.account_id}
    assert third.get(f"/v1/applications/{draft}").status == 200


def test_a_merge_is_explained_in_both_histories_and_can_be_undone_by_staff(world: World) -> None:
    wechat, alipay, _ = two_accounts(world)
    old = alipay.account_id
    draft = alipay.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]
    assert wechat.post("/v1/me/merge", {"account_id": old}).status == 200
    world.pump()
    merged, _ = history.entries(f"ACCOUNT#{old}")
    assert (merged[-1].type, merged[-1].data["into"]) == ("account_merged", wechat.account_id)
    assert merged[-1].data["reason"] == "same_identity"
    assert wechat.get(f"/v1/applications/{draft}").status == 200

    administrator, path = world.staff("security"), f"/v1/accounts/{old}/undo_merge"
    assert administrator.post(path, {"reason": "身份信息录入有误"}).status == 200
    assert administrator.post(path, {"reason": "身份信息录入有误"}).code == "not_merged"
    world.pump()
    undone, _ = history.entries(f"ACCOUNT#{old}")
    assert undone[-1].type == "merge_undone"
    assert undone[-1].actor == "security"
    for client in (wechat, alipay):
        assert client.get(f"/v1/applications/{draft}").status == 401, "sessions that were opened meanwhile have ended"
    again, owner = world.log_in("alipay", alipay.user), world.log_in("wechat", wechat.user)
    assert again.account_id == old
    assert again.get(f"/v1/applications/{draft}").status == 200
    assert owner.get(f"/v1/applications/{draft}").code == "not_found"
    assert owner.get("/v1/me").json["merged_accounts"] == []


def test_what_was_parted_is_merged_again_by_nobody_but_the_person(world: World) -> None:
    wechat, alipay, id_number = two_accounts(world)
    old = alipay.account_id
    assert wechat.post("/v1/me/merge", {"account_id": old}).status == 200
    world.staff("security").post(f"/v1/accounts/{old}/undo_merge", {"reason": "身份信息录入有误"})
    again = world.log_in("alipay", alipay.user)
    world.prove(again, "测试人", id_number)
    assert again.account_id == old, "a proof merges nothing by itself"
    assert again.post("/v1/me/merge", {"account_id": world.log_in("wechat", wechat.user).account_id}).status == 200


def test_an_account_that_is_parted_takes_along_what_was_merged_into_it(world: World) -> None:
    wechat, alipay, id_number = two_accounts(world)
    draft = wechat.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"]
    assert alipay.post("/v1/me/merge", {"account_id": wechat.account_id}).status == 200
    middle = alipay.account_id
    third = world.log_in("alipay")
    world.prove(third, "测试人", id_number)
    assert third.post("/v1/me/merge", {"account_id": middle}).status == 200
    undo = world.staff("security").post(f"/v1/accounts/{middle}/undo_merge", {"reason": "身份信息录入有误"})
    assert undo.status == 200
    again = world.log_in("alipay", alipay.user)
    assert again.get(f"/v1/applications/{draft}").status == 200
    assert world.log_in("wechat", wechat.user).account_id == middle
    assert world.log_in("alipay", third.user).get(f"/v1/applications/{draft}").code == "not_found"


def test_an_account_without_a_login_is_parted_by_its_dispute_only(world: World) -> None:
    id_number = new_id_number()
    client = world.claimant("测试人", id_number)
    left = client.account_id
    client.delete("/v1/me/claim")
    again = world.log_in("wechat", client.user)
    world.prove(again, "测试人", id_number)
    undo = world.staff("security").post(f"/v1/accounts/{left}/undo_merge", {"reason": "身份信息录入有误"})
    assert undo.code == "not_merged"
