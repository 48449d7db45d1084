"""Acting for an enterprise: representatives, handlers, mandates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from chalicelib.kernel.security import vault
from scenes.world import Client, Enterprise, World, new_credit_code, new_id_number


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def appoint(enterprise: Enterprise, id_number: str, **changes: object) -> dict[str, object]:
    body = {
        "name": "乙经办",
        "id_number": id_number,
        "scope": ["tour_bus_sticker"],
        "until": str(clock.today() + timedelta(30)),
        **changes,
    }
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    answer = enterprise.representative.post(path, body)
    found: dict[str, object] = answer.json
    return found


def test_registering_twice_finds_the_same_enterprise(enterprise: Enterprise) -> None:
    again = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code.lower()})
    assert again.json["principal_id"] == enterprise.organization_id


def test_only_the_legal_representative_registers(world: World, enterprise: Enterprise) -> None:
    answer = world.real_person().post("/v1/organizations", {"credit_code": enterprise.credit_code})
    assert (answer.status, answer.code) == (403, "not_legal_representative")


@pytest.mark.parametrize(
    ("credit_code", "code"),
    [("91350100M000100Y44", "credit_code_invalid"), ("91350100M000100Y43", "enterprise_unknown")],
)
def test_wrong_and_unknown_credit_codes(world: World, credit_code: str, code: str) -> None:
    answer = world.real_person().post("/v1/organizations", {"credit_code": credit_code})
    assert (answer.status, answer.code) == (422, code)


def test_an_enterprise_that_was_struck_off_is_refused(world: World, enterprise: Enterprise) -> None:
    enterprise.record("business_licences")["status"] = "revoked"
    answer = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code})
    assert answer.code == "enterprise_not_active"


def test_real_name_comes_first(world: World) -> None:
    answer = world.log_in("wechat").post("/v1/organizations", {"credit_code": new_credit_code()})
    assert (answer.status, answer.code) == (403, "proof_required")


def test_a_handler_acts_within_the_mandate_and_both_are_recorded(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number)
    handler = world.real_person("乙经办", id_number)
    world.accept_mandates(handler)
    mine = handler.get("/v1/mandates").json["items"]
    assert [mandate["principal_id"] for mandate in mine] == [enterprise.organization_id]

    acting = handler.acting(enterprise.organization_id)
    begun = acting.post("/v1/applications", {"service": "tour_bus_sticker"})
    assert begun.status == 201
    world.pump()
    drafted = history.entries(f"APPLICATION#{begun.json['id']}")[0][0]
    assert (drafted.actor, drafted.acting_for) == (handler.account_id, enterprise.organization_id)


def test_a_mandate_covers_only_its_services(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number, scope=["house_purchase_certificate"])
    acting = world.handler(enterprise, id_number)
    assert acting.post("/v1/applications", {"service": "tour_bus_sticker"}).code == "mandate_does_not_cover"
    existing = enterprise.draft()["id"]
    assert acting.get(f"/v1/applications/{existing}").status == 404
    assert acting.get("/v1/applications").json["items"] == []


def test_a_mandate_ends_with_its_last_day(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number, until=str(clock.today() + timedelta(1)))
    handler = world.real_person("乙经办", id_number)
    world.accept_mandates(handler)
    acting = handler.acting(enterprise.organization_id)
    assert acting.get("/v1/applications").status == 200
    world.pass_time(days=2)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": handler.refresh_token}).json
    acting.token = renewed["access_token"]
    assert acting.get("/v1/applications").code == "mandate_invalid"


def test_a_revoked_mandate_ends_at_once(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    mandate = appoint(enterprise, id_number)
    acting = world.handler(enterprise, id_number)
    assert acting.get("/v1/applications").status == 200
    path = f"/v1/organizations/{enterprise.organization_id}/mandates/{mandate['id']}"
    assert enterprise.representative.delete(path).json["valid"] is False
    assert acting.get("/v1/applications").code == "mandate_invalid"


def test_a_handler_appoints_nobody(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number)
    handler = world.real_person("乙经办", id_number)
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    body = {"name": "丙经办", "id_number": new_id_number(), "scope": ["*"], "until": "2026-12-31"}
    assert handler.post(path, body).status == handler.get(path).status == 404


def test_a_mandate_for_the_representative_changes_nothing(enterprise: Enterprise) -> None:
    answer = appoint(enterprise, enterprise.id_number)
    assert (answer["role"], answer["scope"]) == ("legal_representative", ["*"])


@pytest.mark.parametrize("days", [0, -1, 4 * 366])
def test_a_mandate_has_a_sensible_end(enterprise: Enterprise, days: int) -> None:
    assert (
        appoint(enterprise, new_id_number(), until=str(clock.today() + timedelta(days)))["code"]
        == "mandate_period_invalid"
    )


def test_a_day_that_does_not_exist_is_refused(enterprise: Enterprise) -> None:
    assert appoint(enterprise, new_id_number(), until="2027-02-30")["code"] == "invalid_request"


def test_nobody_acts_for_an_enterprise_without_mandate(world: World, enterprise: Enterprise) -> None:
    stranger = world.real_person().acting(enterprise.organization_id)
    assert stranger.get("/v1/applications").code == "mandate_invalid"
    assert world.log_in("wechat").acting(enterprise.organization_id).get("/v1/me").code == "mandate_invalid"


def test_names_of_handlers_are_masked(enterprise: Enterprise) -> None:
    appoint(enterprise, new_id_number())
    listed = enterprise.representative.get(f"/v1/organizations/{enterprise.organization_id}/mandates").json["items"]
    assert {mandate["holder"] for mandate in listed} == {"甲**", "乙**"}


def test_a_new_legal_representative_ends_the_former_ones_mandate(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    enterprise.record("business_licences")["legal_representative_id_number"] = id_number
    successor = world.real_person("新代表", id_number)
    assert successor.post("/v1/organizations", {"credit_code": enterprise.credit_code}).json["valid"] is True
    assert enterprise.client.get("/v1/applications").code == "mandate_invalid"
    assert successor.acting(enterprise.organization_id).get("/v1/applications").status == 200


def test_representation_lasts_a_year_and_is_renewed_by_asking_the_register_again(
    world: World, enterprise: Enterprise
) -> None:
    def relogged() -> None:
        enterprise.representative.token = world.log_in("wechat", enterprise.representative.user).token

    world.pass_time(days=366)
    relogged()
    assert enterprise.client.get("/v1/applications").code == "mandate_invalid"
    path = "/v1/organizations"
    body = {"credit_code": enterprise.credit_code}
    assert enterprise.representative.post(path, body).code == "fresh_proof_required"
    world.prove(enterprise.representative, "甲代表", enterprise.id_number)
    renewed = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code}).json
    assert renewed["valid"] is True
    assert enterprise.client.get("/v1/applications").status == 200


@pytest.mark.parametrize("entry", ["", "tour_bus_sticker,x", "*,x", "办理"])
def test_a_scope_names_services_one_by_one(enterprise: Enterprise, entry: str) -> None:
    body = {"name": "乙经办", "id_number": "x" * 18, "scope": [entry], "until": str(clock.today() + timedelta(30))}
    answer = enterprise.representative.post(f"/v1/organizations/{enterprise.organization_id}/mandates", body)
    assert (answer.status, answer.json["fields"][0]["path"]) == (422, "/scope/0")


def offered(enterprise: Enterprise, id_number: str) -> str:
    mandate = appoint(enterprise, id_number)
    assert mandate["status"] == "offered"
    return f"/v1/mandates/{mandate['id']}"


def test_a_mandate_counts_only_after_the_person_accepted_it(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    path = offered(enterprise, id_number)
    handler = world.real_person("乙经办", id_number)
    acting = handler.acting(enterprise.organization_id)
    assert acting.get("/v1/applications").code == "mandate_invalid"
    assert world.real_person().post(f"{path}/accept").code == "not_found"
    assert enterprise.representative.post(f"{path}/accept").code == "not_found"
    assert handler.post(f"{path}/accept").json["status"] == "accepted"
    assert handler.post(f"{path}/accept").code == "mandate_wrong_state"
    assert acting.get("/v1/applications").status == 200
    assert handler.post(f"{path}/decline").json["status"] == "ended"
    assert acting.get("/v1/applications").code == "mandate_invalid"
    assert appoint(enterprise, id_number)["status"] == "offered", "and asked again"


def test_the_person_hears_of_an_offer_and_can_decline_it(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    handler = world.real_person("乙经办", id_number)
    path = offered(enterprise, id_number)
    world.pump()
    told = {message["event"] for message in handler.get("/v1/messages").json["items"]}
    assert "mandate_offered" in told
    assert handler.post(f"{path}/decline").json["status"] == "ended"
    world.pump()
    assert handler.get("/v1/mandates").json["items"][0]["valid"] is False


def test_the_answer_tells_nothing_of_the_person(world: World, enterprise: Enterprise) -> None:
    """Known or unknown: the same shape, and an id that is made by chance, not from the number."""
    known, unknown = new_id_number(), new_id_number()
    world.real_person("乙经办", known)
    first, second = appoint(enterprise, known), appoint(enterprise, unknown)
    assert {**first, "id": ""} == {**second, "id": ""}
    index = vault.blind_index("id_number", known)
    assert index not in json.dumps(first)
    assert index not in json.dumps(enterprise.representative.get("/v1/mandates").json)
    assert vault.blind_index("credit_code", enterprise.credit_code) != enterprise.organization_id


def test_a_mandate_is_given_by_a_proof_now(world: World, enterprise: Enterprise) -> None:
    world.pass_time(minutes=11)
    assert appoint(enterprise, new_id_number())["code"] == "fresh_proof_required"
    world.prove(enterprise.representative, "甲代表", enterprise.id_number)
    assert appoint(enterprise, new_id_number())["status"] == "offered"


def test_the_former_representative_ends_the_day_the_register_says_so(world: World, enterprise: Enterprise) -> None:
    handler_number, next_number = new_id_number(), new_id_number()
    appoint(enterprise, handler_number)
    handler = world.handler(enterprise, handler_number)
    draft = enterprise.draft()
    enterprise.record("business_licences")["legal_representative_id_number"] = next_number

    refused = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    assert (refused.status, refused.code) == (403, "representative_changed")
    assert enterprise.client.get("/v1/applications").code == "mandate_invalid"
    assert handler.get("/v1/applications").code == "mandate_invalid", "waits for the new one's word"

    successor = world.real_person("新代表", next_number)
    assert successor.post("/v1/organizations", {"credit_code": enterprise.credit_code}).json["valid"] is True
    assert handler.get("/v1/applications").code == "mandate_invalid"
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    rows = successor.get(path).json["items"]
    assert sorted(row["status"] for row in rows) == ["accepted", "ended", "waiting"]
    body = {"name": "乙经办", "id_number": handler_number, "scope": ["*"], "until": str(clock.today() + timedelta(30))}
    assert successor.post(path, body).json["status"] == "accepted"
    assert handler.get("/v1/applications").status == 200


def test_a_handler_submits_only_while_the_register_knows_the_representative(
    world: World, enterprise: Enterprise
) -> None:
    number = new_id_number()
    appoint(enterprise, number)
    handler = world.handler(enterprise, number)
    draft = enterprise.draft()
    enterprise.record("business_licences")["legal_representative_id_number"] = new_id_number()
    assert handler.post(f"/v1/applications/{draft['id']}/submit").code == "representative_changed"
    enterprise.record("business_licences")["status"] = "revoked"
    second = world.enterprise()
    draft = second.draft()
    second.record("business_licences")["status"] = "revoked"
    assert second.client.post(f"/v1/applications/{draft['id']}/submit").code == "enterprise_not_active"


def test_a_register_out_of_order_changes_nothing(world: World, enterprise: Enterprise) -> None:
    draft = enterprise.draft()
    world.simulators.departments.controls["faults"]({"fault": "http_500"})
    assert enterprise.client.post(f"/v1/applications/{draft['id']}/submit").code == "platform_unavailable"
    assert enterprise.client.post(f"/v1/applications/{draft['id']}/submit").status == 200


def test_the_name_follows_the_register(world: World, enterprise: Enterprise) -> None:
    enterprise.record("business_licences")["name"] = "示例旅游客运集团有限公司"
    again = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code})
    assert again.json["principal_name"] == "示例旅游客运集团有限公司"
    world.pump()
    entries, _ = history.entries(f"ORGANIZATION#{enterprise.organization_id}")
    assert entries[-1].type == "organization_renamed"
    assert entries[-1].data["former_name"] != "示例旅游客运集团有限公司", "the old one stays in the log"


def mandate_row(representative: Client, organization: str, mandate_id: object) -> dict[str, object]:
    rows = representative.get(f"/v1/organizations/{organization}/mandates").json["items"]
    (found,) = [row for row in rows if row["id"] == mandate_id]
    row: dict[str, object] = found
    return row


def test_an_offer_can_be_changed_and_taken_back(enterprise: Enterprise) -> None:
    number = new_id_number()
    first = appoint(enterprise, number)
    changed = appoint(enterprise, number, scope=["*"])
    assert (changed["id"], changed["status"], changed["scope"]) == (first["id"], "offered", ["*"])
    path = f"/v1/organizations/{enterprise.organization_id}/mandates/{first['id']}"
    assert enterprise.representative.delete(path).json["status"] == "ended"
    assert enterprise.representative.delete(path).code == "mandate_wrong_state"


def test_whoever_is_appointed_may_become_the_representative_and_the_former_one_may_return(
    world: World, enterprise: Enterprise
) -> None:
    """An offer lapses, whoever acted waits, and each of them can be the next representative."""
    licence = enterprise.record("business_licences")
    offered_number, first, second = new_id_number(), new_id_number(), new_id_number()
    lapsing = appoint(enterprise, offered_number)
    mandates = {number: appoint(enterprise, number) for number in (first, second)}
    people = {number: world.handler(enterprise, number) for number in (first, second)}
    heir = new_id_number()
    appoint(enterprise, heir)

    def change_representative(number: str, name: str) -> Client:
        licence["legal_representative_id_number"] = number
        person = world.real_person(name, number)
        registered = person.post("/v1/organizations", {"credit_code": enterprise.credit_code})
        assert registered.json["role"] == "legal_representative"
        return person

    next_one = change_representative(heir, "丁继任")
    assert mandate_row(next_one, enterprise.organization_id, lapsing["id"])["status"] == "ended"
    resigning = replace(people[second], acting_for="")
    assert resigning.post(f"/v1/mandates/{mandates[second]['id']}/decline").json["status"] == "ended"
    third = change_representative(first, "乙经办")
    returned = change_representative(enterprise.id_number, "甲代表")
    assert returned.acting(enterprise.organization_id).get("/v1/applications").status == 200
    assert third.acting(enterprise.organization_id).get("/v1/applications").code == "mandate_invalid"


def test_a_mandate_that_waits_can_be_ended_by_the_new_representative(world: World, enterprise: Enterprise) -> None:
    number, heir = new_id_number(), new_id_number()
    mandate = appoint(enterprise, number)
    world.handler(enterprise, number)
    enterprise.record("business_licences")["legal_representative_id_number"] = heir
    successor = world.real_person("新代表", heir)
    assert successor.post("/v1/organizations", {"credit_code": enterprise.credit_code}).status == 201
    assert mandate_row(successor, enterprise.organization_id, mandate["id"])["status"] == "waiting"
    path = f"/v1/organizations/{enterprise.organization_id}/mandates/{mandate['id']}"
    assert successor.delete(path).json["status"] == "ended"
