"""Acting for an enterprise: representatives, handlers, mandates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from scenes.world import Enterprise, World, new_credit_code, new_id_number


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
    assert again.json["organization_id"] == enterprise.organization_id


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
    mine = handler.get("/v1/organizations").json["items"]
    assert [mandate["organization_id"] for mandate in mine] == [enterprise.organization_id]

    acting = handler.acting(enterprise.organization_id)
    begun = acting.post("/v1/applications", {"service": "tour_bus_sticker"})
    assert begun.status == 201
    world.pump()
    drafted = history.entries(f"APPLICATION#{begun.json['id']}")[0][0]
    assert (drafted.actor, drafted.acting_for) == (handler.account_id, enterprise.organization_id)


def test_a_mandate_covers_only_its_services(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number, scope=["house_purchase_certificate"])
    acting = world.real_person("乙经办", id_number).acting(enterprise.organization_id)
    assert acting.post("/v1/applications", {"service": "tour_bus_sticker"}).code == "mandate_does_not_cover"
    existing = enterprise.draft()["id"]
    assert acting.get(f"/v1/applications/{existing}").status == 404
    assert acting.get("/v1/applications").json["items"] == []


def test_a_mandate_ends_with_its_last_day(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    appoint(enterprise, id_number, until=str(clock.today() + timedelta(1)))
    handler = world.real_person("乙经办", id_number)
    acting = handler.acting(enterprise.organization_id)
    assert acting.get("/v1/applications").status == 200
    world.pass_time(days=2)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": handler.refresh_token}).json
    acting.token = renewed["access_token"]
    assert acting.get("/v1/applications").code == "mandate_invalid"


def test_a_revoked_mandate_ends_at_once(world: World, enterprise: Enterprise) -> None:
    id_number = new_id_number()
    mandate = appoint(enterprise, id_number)
    acting = world.real_person("乙经办", id_number).acting(enterprise.organization_id)
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
    renewed = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code}).json
    assert renewed["valid"] is True
    assert enterprise.client.get("/v1/applications").status == 200


@pytest.mark.parametrize("entry", ["", "tour_bus_sticker,x", "*,x", "办理"])
def test_a_scope_names_services_one_by_one(enterprise: Enterprise, entry: str) -> None:
    body = {"name": "乙经办", "id_number": "x" * 18, "scope": [entry], "until": str(clock.today() + timedelta(30))}
    answer = enterprise.representative.post(f"/v1/organizations/{enterprise.organization_id}/mandates", body)
    assert (answer.status, answer.json["fields"][0]["path"]) == (422, "/scope/0")
