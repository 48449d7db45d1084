"""Results that are no certificate: a benefit to the applicant's own account, a filing, an answer in words."""

from __future__ import annotations

from typing import Any

from chalicelib.applications import store
from scenes.world import Client, World
from tests.cities import Alter

SUBSIDY = "rental_subsidy"
FILING = "housing_lease_filing"
ACCOUNT = "6222000000001234"
OPINION = {"opinion": "材料齐全，符合条件，同意"}
LEASE = {"role": "tenant", "address": "玄武区示例路 8 号", "begins_on": "2026-11-10", "months": 12, "rent": 3200}


def submitted(world: World, service: str, form: dict[str, Any]) -> tuple[Client, str]:
    applicant = world.real_person("丁租房")
    begun = applicant.post("/v1/applications", {"service": service})
    assert begun.status == 201, begun.json
    path = f"/v1/applications/{begun.json['id']}"
    saved = applicant.put(f"{path}/form", {"form": {**begun.json["form"], **form}})
    assert saved.status == 200 and saved.json["problems"] == [], saved.json
    assert applicant.post(f"{path}/submit").json["status"] == "received"
    return applicant, path


def approved(world: World, path: str, opinion: dict[str, str]) -> dict[str, Any]:
    officer = world.staff("housing")
    task = f"/v1/tasks/{path.rpartition('/')[2]}-review"
    assert officer.post(f"{task}/claim").status == 200
    answer = officer.post(f"{task}/approve", opinion)
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def subsidy(**changes: Any) -> dict[str, Any]:
    return {"members": 3, "months": 12, "address": "玄武区示例路 8 号", "account": ACCOUNT, **changes}


def test_a_benefit_pays_so_much_to_the_applicant_s_own_account(world: World) -> None:
    applicant, path = submitted(world, SUBSIDY, subsidy())
    assert approved(world, path, OPINION)["status"] == "completed"
    seen = applicant.get(path).json
    assert "certificate_id" not in seen
    assert seen["result"] == {
        "kind": "benefit",
        "name": {"zh": "租赁补贴发放决定", "en": "Decision on the rent subsidy"},
        "decided_on": "2026-11-02",
        "amount": {"amount": 1_080_000, "currency": "CNY"},
        "account": "************1234",
    }
    world.pump()
    assert applicant.get(f"{path}/timeline").json["entries"][-1]["type"] == "application_finished"
    inbox = applicant.get("/v1/messages").json["items"]
    assert any("结果请看办件详情" in message["text"] for message in inbox)


def test_nobody_is_paid_to_somebody_else_s_account(world: World) -> None:
    applicant = world.real_person("丁租房")
    begun = applicant.post("/v1/applications", {"service": SUBSIDY}).json
    path = f"/v1/applications/{begun['id']}"
    form = {**begun["form"], **subsidy(account_holder="戊某")}
    checked = applicant.put(f"{path}/form", {"form": form}).json
    assert [(one["path"], one["code"]) for one in checked["problems"]] == [
        ("/form/account_holder", "account_of_somebody_else")
    ]
    refused = applicant.post(f"{path}/submit")
    assert (refused.status, refused.code) == (422, "form_invalid")


def test_an_amount_above_the_definition_s_is_not_approved(world: World, alter: Alter) -> None:
    alter(f"services/{SUBSIDY}/service.json", lambda item: item["benefit"].update(most=2_000_000))
    applicant, path = submitted(world, SUBSIDY, subsidy(members=8))
    officer = world.staff("housing")
    task = f"/v1/tasks/{path.rpartition('/')[2]}-review"
    officer.post(f"{task}/claim")
    blocked = officer.post(f"{task}/approve", OPINION)
    assert (blocked.status, blocked.code) == (409, "approval_blocked")
    assert blocked.json["fields"][0]["code"] == "benefit_unclear"
    assert "result" not in applicant.get(path).json


def test_the_account_is_nowhere_in_clear(world: World) -> None:
    _, path = submitted(world, SUBSIDY, subsidy())
    approved(world, path, OPINION)
    item = store.application(path.rpartition("/")[2])
    assert item is not None
    stored = f"{item.serialize()}{store.content_item(item).serialize()}"
    assert ACCOUNT not in stored and "6222" not in stored


def test_a_filing_needs_no_certificate(world: World) -> None:
    applicant, path = submitted(world, FILING, LEASE)
    assert approved(world, path, OPINION)["status"] == "completed"
    seen = applicant.get(path).json
    assert seen["result"]["kind"] == "filing" and "amount" not in seen["result"]
    assert applicant.get("/v1/certificates").json["items"] == []
    assert "result" not in world.anonymous().get(f"/v1/services/{FILING}").json
    wish = applicant.put(f"{path}/delivery", {"mode": "courier", "address": "0" * 26})
    assert wish.status in (409, 422)


def test_an_answer_is_what_the_officer_writes(world: World, alter: Alter) -> None:
    alter(f"services/{FILING}/service.json", lambda item: item.update(result_kind="answer"))
    applicant, path = submitted(world, FILING, LEASE)
    words = "经核实，该房屋可以备案，请在租期开始前办理。"
    assert approved(world, path, {"opinion": words})["status"] == "completed"
    assert applicant.get(path).json["result"]["answer"] == words


def test_a_note_for_staff_is_no_answer(world: World, alter: Alter) -> None:
    """The step ends by the removal of a signer, with a reason for staff: the answer is what the holder has written."""
    alter(f"services/{FILING}/service.json", lambda item: item.update(result_kind="answer"))
    applicant, path = submitted(world, FILING, LEASE)
    officer = world.staff("housing")
    task = f"/v1/tasks/{path.rpartition('/')[2]}-review"
    officer.post(f"{task}/claim")
    asked = officer.post(f"{task}/add_signer_after", {"to": "housing.b", "reason": "请复核"})
    assert asked.status == 200, asked.json
    words = "经核实，该房屋可以备案。"
    assert officer.post(f"{task}/approve", {"opinion": words}).json["status"] == "accepted"
    removed = officer.post(f"{task}-2/remove_signer", {"reason": "同事今日请假"})
    assert removed.json["status"] == "completed", removed.json
    assert applicant.get(path).json["result"]["answer"] == words
