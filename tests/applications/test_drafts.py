"""Drafts: nothing to type that the city knows, a message for each field, what would happen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.applications import store
from chalicelib.applications.service import drafts
from chalicelib.kernel.access import Level
from scenes.world import Enterprise, World, new_id_number


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def save(enterprise: Enterprise, form: dict[str, Any], drafted: str = "") -> Any:
    application = drafted or enterprise.client.post("/v1/applications", {"service": "tour_bus_sticker"}).json["id"]
    return enterprise.client.put(f"/v1/applications/{application}/form", {"form": form}).json


def test_a_draft_is_prefilled_from_the_registers(enterprise: Enterprise) -> None:
    begun = enterprise.client.post("/v1/applications", {"service": "tour_bus_sticker"}).json
    assert begun["form"] == {
        "enterprise": "示例旅游客运有限公司",
        "credit_code": enterprise.credit_code,
        "licence_number": "苏交运管许可宁字320100000001号",
        "signer": "甲代表",
    }
    assert begun["options"] == {"plate": enterprise.plates, "driver_certificate": [enterprise.driver]}
    assert begun["status"] == "draft" and "receipt" not in begun


def test_values_of_the_registers_cannot_be_typed_over(enterprise: Enterprise) -> None:
    application = enterprise.draft(enterprise="别的公司", credit_code="91350100M000100Y43", driver_name="别人")
    kept = enterprise.client.get(f"/v1/applications/{application['id']}").json["form"]
    assert (kept["enterprise"], kept["driver_name"]) == ("示例旅游客运有限公司", "丙驾驶")
    assert kept["credit_code"] == enterprise.credit_code


def test_what_was_changed_stays_changed(enterprise: Enterprise) -> None:
    application = enterprise.draft(signer="乙经理")
    assert enterprise.client.get(f"/v1/applications/{application['id']}").json["form"]["signer"] == "乙经理"


@pytest.mark.parametrize(
    ("changes", "path", "zh", "en"),
    [
        (
            {"plate": "苏A1"},
            "/form/plate",
            "车牌号码:请填写完整车牌，例如 苏A12345",
            "Number plate: give the whole plate",
        ),
        ({"valid_from": "2026-02-30"}, "/form/valid_from", "有效期起有误，请核对", "From is not valid"),
        ({"valid_from": 20261102}, "/form/valid_from", "有效期起的类型不对", "From has the wrong type"),
        ({"stops": []}, "/form/stops", "主要途经地项数太少", "Main stops has too few entries"),
        ({"stops": ["镇江", "镇江"]}, "/form/stops", "主要途经地有重复项", "Main stops has the same entry twice"),
        ({"stops": ["镇江", "x"]}, "/form/stops/1", "途经地太短", "Stop is too short"),
        (
            {"route_class": "interstellar"},
            "/form/route_class",
            "包车类别请从给定选项中选择",
            "Class of charter must be",
        ),
        ({"origin": "x" * 31}, "/form/origin", "起点太长", "Origin is too long"),
        ({"colour": "red"}, "/form/colour", "没有“colour”这一项", "There is no field colour"),
    ],
)
def test_each_wrong_field_has_its_message_in_both_languages(
    enterprise: Enterprise, changes: dict[str, Any], path: str, zh: str, en: str
) -> None:
    problems = {problem["path"]: problem for problem in save(enterprise, enterprise.trip(**changes))["problems"]}
    assert zh in problems[path]["zh"] and en in problems[path]["en"]


def test_all_missing_fields_are_told_at_once(enterprise: Enterprise) -> None:
    problems = save(enterprise, {})["problems"]
    missing = {problem["path"] for problem in problems if problem["code"] == "required"}
    assert {"/form/plate", "/form/origin", "/form/stops", "/form/valid_to"} <= missing
    assert all(problem["zh"].startswith(("请填写", "部门登记中没有查到")) for problem in problems)


def test_an_incomplete_draft_is_kept_and_found_again(enterprise: Enterprise) -> None:
    begun = enterprise.client.post("/v1/applications", {"service": "tour_bus_sticker"}).json
    save(enterprise, {"origin": "南京"}, begun["id"])
    kept = enterprise.client.get(f"/v1/applications/{begun['id']}").json
    assert kept["form"]["origin"] == "南京" and kept["status"] == "draft"


def test_saving_tells_what_the_rules_would_say(enterprise: Enterprise) -> None:
    assert enterprise.draft()["check"]["outcome"] == "approve"
    too_long = enterprise.draft(valid_to="2026-11-20")["check"]
    assert too_long["outcome"] == "refuse"
    assert too_long["findings"][0]["reason"]["zh"] == "一次包车不超过 15 天"


def test_submitting_a_wrong_form_changes_nothing(enterprise: Enterprise) -> None:
    application = enterprise.draft(plate="苏A1")["id"]
    answer = enterprise.client.post(f"/v1/applications/{application}/submit")
    assert (answer.status, answer.code) == (422, "form_invalid")
    assert answer.json["fields"][0]["path"] == "/form/plate"
    assert enterprise.client.get(f"/v1/applications/{application}").json["status"] == "draft"


def test_a_person_does_not_apply_for_what_is_for_enterprises(world: World, enterprise: Enterprise) -> None:
    person = world.real_person().post("/v1/applications", {"service": "tour_bus_sticker"})
    assert (person.status, person.code) == (422, "service_not_for_applicant")
    acting = enterprise.client.post("/v1/applications", {"service": "house_purchase_certificate"})
    assert acting.code == "service_not_for_applicant"


def test_an_unknown_service_is_refused(world: World) -> None:
    assert world.real_person().post("/v1/applications", {"service": "flying_carpet"}).code == "service_unknown"


def test_a_draft_can_be_thrown_away(enterprise: Enterprise) -> None:
    application = enterprise.draft()["id"]
    assert enterprise.client.delete(f"/v1/applications/{application}").json["status"] == "discarded"
    assert enterprise.client.delete(f"/v1/applications/{application}").code == "wrong_state"
    assert enterprise.client.post(f"/v1/applications/{application}/submit").code == "wrong_state"


@pytest.mark.parametrize("fault", ["http_500", "nonsense"])
def test_registers_out_of_order_change_nothing_and_a_retry_succeeds(enterprise: Enterprise, fault: str) -> None:
    application = enterprise.draft()["id"]
    path = f"/v1/applications/{application}"
    enterprise.world.simulators.departments.controls["faults"]({"fault": fault})
    refused = enterprise.client.post(f"{path}/submit")
    assert (refused.status, refused.code) == (503, "platform_unavailable")
    enterprise.world.simulators.departments.controls["reset_faults"]({})
    assert enterprise.client.get(path).json["status"] == "draft"
    assert enterprise.client.post(f"{path}/submit").json["status"] == "completed"


def test_registers_are_asked_for_a_purpose(enterprise: Enterprise) -> None:
    application = enterprise.draft()["id"]
    asked = enterprise.world.simulators.departments.queries[-1]
    assert asked["purpose"] == {"service": "tour_bus_sticker", "application": application}


def test_applications_are_listed_newest_first_in_parts(world: World) -> None:
    person = world.real_person()
    made = []
    for _ in range(23):
        world.pass_time(seconds=1)
        made.append(person.post("/v1/applications", {"service": "house_purchase_certificate"}).json["id"])
    first = person.get("/v1/applications").json
    second = person.get(f"/v1/applications?cursor={first['cursor']}").json
    listed = [item["id"] for item in first["items"] + second["items"]]
    assert len(first["items"]) == 20 and sorted(listed) == sorted(made) and "cursor" not in second


def test_a_character_that_the_certificate_cannot_show_is_told_while_filling_in(enterprise: Enterprise) -> None:
    drafted = enterprise.draft(origin="南京😀")
    problem = drafted["check"]["problems"][0]
    assert (problem["path"], problem["code"]) == ("/form/origin", "glyph_missing")
    assert "😀" in problem["zh"]
    assert enterprise.client.post(f"/v1/applications/{drafted['id']}/submit").code == "form_invalid"


def test_a_form_nested_too_deeply_is_refused_before_it_is_kept(enterprise: Enterprise) -> None:
    drafted = enterprise.draft()
    path = f"/v1/applications/{drafted['id']}"
    before = enterprise.client.get(path).json
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    answer = enterprise.client.put(f"{path}/form", {"form": {"stops": deep}})
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert enterprise.client.get(path).json == before


def test_what_the_register_lacks_is_told_as_such(enterprise: Enterprise) -> None:
    problems = {one["path"]: one for one in enterprise.draft(driver_certificate="3201999999")["check"]["problems"]}
    assert problems["/form/driver_name"]["zh"] == "部门登记中没有查到驾驶员，请核对所选内容"


BLANK_TEXTS = [" ", "\u3000", "\u3000 \t\u00a0", "\u200b\ufeff", "\u3164\u2800"]


@pytest.mark.parametrize("blank", BLANK_TEXTS)
def test_a_field_of_blanks_only_is_empty(enterprise: Enterprise, blank: str) -> None:
    draft = enterprise.draft(origin=blank, stops=[blank, "镇江"], contract_number=f"{blank}HT-1{blank}")
    problems = {problem["path"]: problem for problem in draft["check"]["problems"]}
    assert list(problems) == ["/form/origin"]
    assert problems["/form/origin"]["zh"].startswith("请填写")
    saved = enterprise.client.get(f"/v1/applications/{draft['id']}").json["form"]
    assert "origin" not in saved and saved["stops"] == ["镇江"] and saved["contract_number"] == "HT-1"
    refused = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    assert refused.status == 422, refused.json


def test_what_a_register_pads_with_blanks_is_trimmed(enterprise: Enterprise) -> None:
    record = enterprise.record("business_licences")
    name = record["name"]
    record["name"] = f"{name}\u3000  "
    draft = enterprise.draft()
    saved = enterprise.client.get(f"/v1/applications/{draft['id']}").json["form"]
    assert name in saved.values()


def test_a_register_that_needs_more_proof_than_was_given_is_not_asked(world: World) -> None:
    """A service may be open to who only claims an identity; what registers know is not shown to them."""
    citizen = world.real_person("张三", number := new_id_number())
    begun = citizen.post("/v1/applications", {"service": "real_estate_registration"})
    item = store.application(begun.json["id"])
    assert item is not None
    world.simulators.departments.registers["housing"][number] = [{"homes": 1, "under_review": False}]
    definition = drafts.definition_of(item)
    party = drafts.applicant(item)
    assert drafts.gather_facts(item, definition, {}, party)
    claimed = msgspec.structs.replace(party, level=Level.CLAIMED)
    assert drafts.gather_facts(item, definition, {}, claimed) == {}
