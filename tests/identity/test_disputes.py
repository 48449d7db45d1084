"""An identity that one account claims and another proves: who loses it, who decides, who sees what meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.kernel.events import history
from scenes.world import Client, World, new_id_number
from tests.appointments.bookings import HOUSING, TOMORROW, Booker


def booked(world: World, client: Client) -> str:
    return str(Booker(world, client, world.hall()).book("09:00")["id"])


def open_dispute(world: World, account_id: str) -> dict[str, Any]:
    administrator = world.staff("security")
    path = "/v1/disputes"
    while True:
        page = administrator.get(path).json
        for row in page["items"]:
            if row["account_id"] == account_id:
                found: dict[str, Any] = row
                return found
        path = f"/v1/disputes?cursor={page['cursor']}"


def stolen(world: World) -> tuple[Client, Client, str, str]:
    """A thief who claimed an identity and booked under it, and the person who has proven it since."""
    id_number = new_id_number()
    thief = world.claimant("张三", id_number)
    account, appointment = thief.account_id, booked(world, thief)
    owner = world.log_in("alipay")
    world.prove(owner, "张三", id_number)
    return thief, owner, account, appointment


def test_a_proof_takes_the_identity_from_whoever_claims_it(world: World) -> None:
    thief, owner, account, appointment = stolen(world)
    assert owner.account_id != account, "the person does not end up in the thief's account"
    assert thief.get(f"/v1/appointments/{appointment}").status == 401
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": thief.refresh_token})
    assert renewed.code == "refresh_invalid"
    again = world.log_in("wechat", thief.user)
    assert again.account_id != account
    assert again.get("/v1/me").json["level"] == "logged_in"
    assert again.get(f"/v1/appointments/{appointment}").code == "claim_required"
    world.prove(again, "李四", new_id_number())
    assert again.get(f"/v1/appointments/{appointment}").code == "not_found", "nor under the thief's own identity"
    assert owner.get(f"/v1/appointments/{appointment}").code == "not_found", "locked until somebody has decided"


def test_both_are_told_and_the_administrator_sees_it(world: World) -> None:
    thief, owner, account, _ = stolen(world)
    world.pump()
    again = world.log_in("wechat", thief.user)
    assert "claim_lost" in {message["event"] for message in again.get("/v1/messages").json["items"]}
    assert "identity_proven" in {message["event"] for message in owner.get("/v1/messages").json["items"]}
    row = open_dispute(world, account)
    assert (row["prover"], row["proof"], row["status"]) == (owner.account_id, "alipay_face", "open")
    assert row["name"] == "张*"
    assert row["successor"] == again.account_id
    assert world.staff("security").get(f"/v1/disputes/{row['id']}").json == row


def test_an_administrator_gives_it_to_the_person_and_can_take_that_back(world: World) -> None:
    _, owner, account, appointment = stolen(world)
    administrator, path = world.staff("security"), f"/v1/disputes/{open_dispute(world, account)['id']}"
    reason = {"reason": "本人到场核对，预约确为本人所需"}
    assert administrator.post(f"{path}/give", reason).json["status"] == "given"
    assert administrator.post(f"{path}/give", reason).code == "dispute_wrong_state"
    assert owner.get(f"/v1/appointments/{appointment}").status == 200
    assert administrator.post(f"{path}/reopen", reason).json["status"] == "open"
    assert owner.get(f"/v1/appointments/{appointment}").code == "not_found"
    assert administrator.post(f"{path}/keep_locked", reason).json["status"] == "kept_locked"
    assert owner.get(f"/v1/appointments/{appointment}").code == "not_found"
    assert administrator.post(f"{path}/reopen", reason).json["status"] == "open"
    listed = administrator.get("/v1/disputes?status=kept_locked").json["items"]
    assert account not in {row["account_id"] for row in listed}
    undo = administrator.post(f"/v1/accounts/{account}/undo_merge", reason)
    assert undo.code == "not_merged"
    world.pump()
    entries, _ = history.entries(f"DISPUTE#{path.rsplit('/', 1)[1]}")
    assert [entry.type for entry in entries] == [
        "dispute_opened", "dispute_given", "dispute_reopened", "dispute_kept_locked", "dispute_reopened",
    ]  # fmt: skip


def test_whoever_proves_it_with_the_same_login_needs_no_decision(world: World) -> None:
    """One person on two platforms: a claim and a booking on WeChat, then a face check on Alipay, then one on WeChat."""
    wechat, _, account, appointment = stolen(world)
    dispute = open_dispute(world, account)["id"]
    again = world.log_in("wechat", wechat.user)
    number = next(number for number, name in reversed(world.simulators.departments.people.items()) if name == "张三")
    world.prove(again, "张三", number)
    assert again.get(f"/v1/appointments/{appointment}").status == 200
    assert world.staff("security").get(f"/v1/disputes/{dispute}").json["status"] == "given"


def test_what_an_administrator_keeps_locked_stays_locked(world: World) -> None:
    thief, _, account, appointment = stolen(world)
    path = f"/v1/disputes/{open_dispute(world, account)['id']}"
    kept = world.staff("security").post(f"{path}/keep_locked", {"reason": "并非本人办理"})
    assert kept.json["status"] == "kept_locked"
    again = world.log_in("wechat", thief.user)
    number = next(number for number, name in reversed(world.simulators.departments.people.items()) if name == "张三")
    world.prove(again, "张三", number)
    assert again.get(f"/v1/appointments/{appointment}").code == "not_found"


def test_the_phone_number_stays_with_whoever_owns_the_phone(world: World) -> None:
    id_number = new_id_number()
    daughter = world.claimant("母亲", id_number)
    world.bind_phone(daughter, "13800007777")
    world.prove(world.log_in("alipay"), "母亲", id_number)
    again = world.log_in("wechat", daughter.user)
    me = again.get("/v1/me").json
    assert (me["level"], me["phone"]) == ("phone", "138****7777")


def test_a_recycled_phone_number_opens_nothing(world: World) -> None:
    """The same phone on two accounts proves nothing: numbers are given to somebody else after a while."""
    id_number, phone = new_id_number(), "13800003333"
    owner = world.real_person("测试人", id_number)
    world.bind_phone(owner, phone)
    stranger = world.log_in("wechat")
    world.bind_phone(stranger, phone)
    claimed = stranger.post("/v1/me/claim", {"name": "测试人", "id_number": id_number})
    assert claimed.code == "proven_elsewhere"
    assert stranger.account_id != owner.account_id


def test_people_with_like_names_do_not_meet(world: World) -> None:
    first, second = new_id_number(), new_id_number()
    one = world.claimant("王伟", first)
    world.prove(world.log_in("alipay"), "王伟", second)
    assert one.get("/v1/me").json["level"] == "claimed"


def test_a_claim_opens_no_enterprise(world: World) -> None:
    enterprise = world.enterprise()
    thief = world.log_in("wechat")
    body = {"name": "甲代表", "id_number": enterprise.id_number}
    assert thief.post("/v1/me/claim", body).code == "proven_elsewhere"
    handler = new_id_number()
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    mandate = {"name": "乙经办", "id_number": handler, "scope": ["*"], "until": "2026-12-31"}
    assert enterprise.representative.post(path, mandate).status == 201
    claimant = world.claimant("乙经办", handler).acting(enterprise.organization_id)
    assert claimant.get("/v1/appointments").code == "mandate_invalid"


@pytest.mark.parametrize("what", ["waiting list", "ticket"])
def test_other_things_of_a_claim_are_locked_too(world: World, what: str) -> None:
    id_number = new_id_number()
    thief, hall = world.claimant("张三", id_number), world.hall()
    if what == "waiting list":
        path = "/v1/waiting"
        made = thief.post(path, {"hall": hall, "services": [HOUSING], "date": TOMORROW}).json["id"]
    else:
        path = "/v1/appointments"
        made = booked(world, thief)
    assert thief.get(f"{path}/{made}").status == 200
    world.prove(world.log_in("alipay"), "张三", id_number)
    again = world.log_in("wechat", thief.user)
    world.prove(again, "李四", new_id_number())
    assert again.get(f"{path}/{made}").code == "not_found"


REASON = {"reason": "窗口误核验，已与本人核对"}


def take_back(world: World, client: Client) -> Any:
    return world.staff("security").post(f"/v1/accounts/{client.account_id}/take_back_proof", REASON)


def test_a_wrong_proof_is_taken_back_and_the_login_is_free_again(world: World) -> None:
    """A helper's phone was proven as the person who stood at the window."""
    id_number, own = new_id_number(), new_id_number()
    helper = world.real_person("张三", id_number)
    account, appointment = helper.account_id, booked(world, helper)
    assert take_back(world, helper).status == 200
    assert helper.get("/v1/me").status == 401
    again = world.log_in("wechat", helper.user)
    assert again.get("/v1/me").json["level"] == "logged_in"
    world.pump()
    assert "proof_taken_back" in {message["event"] for message in again.get("/v1/messages").json["items"]}
    world.prove(again, "李四", own)
    assert again.get(f"/v1/appointments/{appointment}").code == "not_found"
    owner = world.log_in("alipay")
    world.prove(owner, "张三", id_number)
    row = open_dispute(world, account)
    assert row["prover"] == owner.account_id
    given = world.staff("security").post(f"/v1/disputes/{row['id']}/give", REASON)
    assert given.json["status"] == "given"
    assert owner.get(f"/v1/appointments/{appointment}").status == 200


def test_a_fraudulent_proof_beside_a_true_one_loses_everything_of_it(world: World) -> None:
    enterprise = world.enterprise()
    thief = world.real_person("甲代表", enterprise.id_number)
    acting = thief.acting(enterprise.organization_id)
    assert acting.get("/v1/applications").status == 200, "two proofs are equally strong"
    account = thief.account_id
    assert take_back(world, thief).status == 200
    assert acting.get("/v1/applications").status == 401
    assert open_dispute(world, account)["prover"] == enterprise.representative.account_id
    assert enterprise.client.get("/v1/applications").status == 200
    again = world.log_in("wechat", thief.user)
    refused = again.post("/v1/me/claim", {"name": "甲代表", "id_number": enterprise.id_number})
    assert refused.code == "proven_elsewhere"


def test_only_a_proof_can_be_taken_back_and_merged_logins_are_parted_first(world: World) -> None:
    assert take_back(world, world.claimant()).code == "not_proven"
    id_number = new_id_number()
    wechat, alipay = world.log_in("wechat"), world.log_in("alipay")
    world.merge(wechat, alipay, "张三", id_number)
    assert take_back(world, wechat).code == "merged_accounts_first"


def test_what_was_parted_by_a_decision_does_not_come_back_by_a_proof(world: World) -> None:
    thief, _, account, appointment = stolen(world)
    number = next(number for number, name in reversed(world.simulators.departments.people.items()) if name == "张三")
    again = world.log_in("wechat", thief.user)
    world.prove(again, "张三", number)
    assert again.get(f"/v1/appointments/{appointment}").status == 200
    administrator = world.staff("security")
    rows = administrator.get("/v1/disputes?status=given").json["items"]
    path = f"/v1/disputes/{next(row['id'] for row in rows if row['account_id'] == account)}"
    assert administrator.post(f"{path}/reopen", REASON).json["status"] == "open"
    world.prove(again, "张三", number)
    assert again.get(f"/v1/appointments/{appointment}").code == "not_found"
    assert administrator.get(path).json["status"] == "open"


def test_the_desk_sees_what_happened_to_both_accounts_and_every_decision(world: World) -> None:
    _, owner, account, _ = stolen(world)
    security, path = world.staff("security"), f"/v1/disputes/{open_dispute(world, account)['id']}"
    assert security.post(f"{path}/keep_locked", {"reason": "联系不上当事人"}).status == 200
    world.pump()
    evidence = security.get(f"{path}/evidence").json
    assert [row["type"] for row in evidence["decisions"]] == ["dispute_opened", "dispute_kept_locked"]
    assert (evidence["decisions"][1]["by"], evidence["decisions"][1]["reason"]) == ("security", "联系不上当事人")
    assert "identity_claimed" in {row["type"] for row in evidence["locked_account"]}
    assert "identity_proven" in {row["type"] for row in evidence["prover"]}
    assert owner.account_id
