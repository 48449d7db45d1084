"""Acting for an enterprise by its electronic business licence, or by paper at a window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.kernel import clock
from scenes.world import Client, Enterprise, Reply, World, new_credit_code, new_id_number


def scan(world: World, credit_code: str, holder: str, days: int | None = None) -> str:
    """Somebody shows the enterprise's licence; what the mini-program gets."""
    until = str(clock.today() + timedelta(days)) if days is not None else None
    wanted = {"credit_code": credit_code, "holder_id_number": holder, "until": until}
    return str(world.simulators.departments.controls["business_licences"](wanted)["token"])


def by_licence(client: Client, token: str) -> Reply:
    return client.post("/v1/organizations/by_licence", {"token": token})


def unknown_enterprise(world: World) -> tuple[str, str]:
    """An enterprise that nobody has registered here yet: its credit code and its representative's number."""
    enterprise = world.enterprise()
    code, number = new_credit_code(), new_id_number()
    licences = world.simulators.departments.registers["business_licences"]
    licences[code] = [{**enterprise.record("business_licences"), "legal_representative_id_number": number}]
    return code, number


def test_whom_the_licence_was_handed_to_acts_as_long_as_it_says(world: World) -> None:
    code, _ = unknown_enterprise(world)
    number = new_id_number()
    handler = world.real_person("乙经办", number)
    registered = by_licence(handler, scan(world, code, number, days=30))
    assert (registered.json["role"], registered.json["status"]) == ("handler", "accepted")
    assert registered.json["until"] == str(clock.today() + timedelta(30))
    acting = handler.acting(registered.json["principal_id"])
    assert acting.post("/v1/applications", {"service": "tour_bus_sticker"}).status in (201, 422)
    assert acting.get("/v1/applications").status == 200


def test_the_representative_is_recognised_by_the_licence_too(world: World) -> None:
    code, number = unknown_enterprise(world)
    representative = world.real_person("甲代表", number)
    registered = by_licence(representative, scan(world, code, number))
    assert registered.json["role"] == "legal_representative"


def test_a_licence_vouches_once_and_only_for_who_showed_it(world: World) -> None:
    code, _ = unknown_enterprise(world)
    number = new_id_number()
    thief, handler = world.real_person(), world.real_person("乙经办", number)
    token = scan(world, code, number, days=30)
    assert by_licence(thief, token).code == "business_licence_refused"
    assert by_licence(handler, token).code == "business_licence_refused", "used by the wrong one"
    token = scan(world, code, number, days=30)
    assert by_licence(handler, token).status == 200
    assert by_licence(handler, token).code == "business_licence_refused"
    assert by_licence(handler, "x" * 20).code == "business_licence_refused"


def test_handlers_by_licence_wait_when_the_representative_changes(world: World) -> None:
    enterprise = world.enterprise()
    number = new_id_number()
    handler = world.real_person("乙经办", number)
    registered = by_licence(handler, scan(world, enterprise.credit_code, number, days=30))
    acting = handler.acting(registered.json["principal_id"])
    draft = enterprise.draft()
    enterprise.record("business_licences")["legal_representative_id_number"] = new_id_number()
    assert acting.post(f"/v1/applications/{draft['id']}/submit").code == "representative_changed"
    assert acting.get("/v1/applications").code == "mandate_invalid"
    again = by_licence(handler, scan(world, enterprise.credit_code, number, days=30))
    assert again.json["valid"] is True, "the licence of today is the new one's word"


def at_window(world: World, client: Client, enterprise: Enterprise, **changes: Any) -> Reply:
    code = client.post("/v1/me/proof/code").json["code"]
    body = {
        "code": code,
        "credit_code": enterprise.credit_code,
        "scope": ["tour_bus_sticker"],
        "until": str(clock.today() + timedelta(90)),
    } | changes
    return world.staff("window.1").post("/v1/counter/mandates", body)


def test_a_clerk_who_has_seen_the_papers_lets_somebody_act(world: World) -> None:
    enterprise = world.enterprise()
    handler = world.real_person("乙经办", new_id_number())
    registered = at_window(world, handler, enterprise)
    assert (registered.json["role"], registered.json["scope"]) == ("handler", ["tour_bus_sticker"])
    acting = handler.acting(enterprise.organization_id)
    draft = enterprise.draft()
    assert acting.post(f"/v1/applications/{draft['id']}/submit").status == 200
    assert at_window(world, enterprise.representative, enterprise).json["role"] == "legal_representative"


def test_what_a_clerk_cannot_do(world: World) -> None:
    enterprise = world.enterprise()
    claimant = world.claimant()
    assert at_window(world, claimant, enterprise).code == "proof_required"
    handler = world.real_person("乙经办", new_id_number())
    assert at_window(world, handler, enterprise, code="00000000").code == "proof_code_invalid"
    assert at_window(world, handler, enterprise, credit_code=new_credit_code()).code == "enterprise_unknown"
    assert at_window(world, handler, enterprise, until=str(clock.today())).code == "mandate_period_invalid"


def test_the_name_of_the_register_is_taken_when_it_matters(world: World) -> None:
    enterprise = world.enterprise()
    draft = enterprise.draft()
    enterprise.record("business_licences")["name"] = "改名旅游客运有限公司"
    assert enterprise.client.post(f"/v1/applications/{draft['id']}/submit").status == 200
    again = enterprise.representative.post("/v1/organizations", {"credit_code": enterprise.credit_code})
    assert again.json["principal_name"] == "改名旅游客运有限公司"


def test_the_enterprise_hears_of_whom_a_clerk_let_act(world: World) -> None:
    enterprise = world.enterprise()
    accomplice = world.real_person("丁某")
    assert at_window(world, accomplice, enterprise).status == 200
    world.pump()
    rows = enterprise.representative.get("/v1/messages").json["items"]
    assert [row["event"] for row in rows].count("mandate_assumed") == 2, "of the own registration, and of this"


def test_numbers_of_two_kinds_of_documents_are_not_mixed_up(world: World) -> None:
    """A representative with a permit is recognised; somebody whose passport has the same number is not."""
    number = "H24681357"
    code, _ = unknown_enterprise(world)
    world.simulators.departments.registers["business_licences"][code][0]["legal_representative_id_number"] = number
    world.simulators.departments.people[number] = "陈大文"
    passport = {"document": "passport", "country": "USA", "born": "1980-01-01"}
    permit = {"document": "permit_hong_kong_macau", "born": "1980-01-01"}
    for papers, answer in ((passport, "not_legal_representative"), (permit, "")):
        person = world.log_in("wechat")
        shown = person.post("/v1/me/proof/code").json["code"]
        body = {"code": shown, "name": "陈大文", "id_number": number, **papers}
        assert world.staff("window.1").post("/v1/counter/proofs", body).status == 200
        assert person.post("/v1/organizations", {"credit_code": code}).code == answer
