"""Who read personal data: found by the auditor, seen by the person, told when no case took the reader there."""

from __future__ import annotations

from chalicelib.kernel import clock
from scenes.world import Client, Enterprise, World, new_id_number


def received(client: Client, event: str) -> bool:
    """Whether a message about this event is in the inbox."""
    return event in {message["event"] for message in client.get("/v1/messages").json["items"]}


def waiting_application(enterprise: Enterprise) -> str:
    return str(enterprise.apply(route_class="inter_provincial", destination="杭州")["id"])


def test_a_reading_is_found_by_officer_unit_person_and_day_and_the_enterprise_sees_it(world: World) -> None:
    enterprise = world.enterprise()
    application = waiting_application(enterprise)
    officer = world.staff("officer.b")
    assert officer.get(f"/v1/tasks/{application}-review").status == 200
    world.pump()
    auditor = world.staff("auditor")
    day = str(clock.today())
    party = enterprise.organization_id
    for body in (
        {"officer": "officer.b"},
        {"unit": "transport_bureau"},
        {"party": party},
        {"party": party, "day": day},
    ):
        page = auditor.post("/v1/readings/search", body).json
        (row,) = [row for row in page["items"] if row["subject"] == f"APPLICATION#{application}"]
        assert (row["officer"], row["unit"], row["party"], row["own_case"]) == (
            "officer.b",
            "transport_bureau",
            party,
            True,
        )
    rows = []
    cursor: dict[str, str] = {}
    while True:
        page = auditor.post("/v1/readings/search", {"day": day, **cursor}).json
        rows += page["items"]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert f"APPLICATION#{application}" in {row["subject"] for row in rows}
    assert auditor.post("/v1/readings/search", {"officer": "officer.b", "day": "2020-01-01"}).json["items"] == []
    own = enterprise.client.get("/v1/me/readings").json["items"]
    seen = next(row for row in own if row["kind"] == "application")
    assert (seen["id"], seen["unit"]) == (application, "transport_bureau")
    assert "officer.b" not in str(own)
    assert world.real_person().get("/v1/me/readings").json["items"] == []


def test_a_search_by_a_person_is_a_reading_itself(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(id_number=number)
    auditor = world.staff("auditor")
    assert auditor.post("/v1/readings/search", {"id_number": number}).json["items"] == []
    assert auditor.post("/v1/readings/search", {"id_number": new_id_number()}).json["items"] == []
    world.pump()
    (row,) = citizen.get("/v1/me/readings").json["items"]
    assert row["kind"] == "readings"
    found = auditor.post("/v1/readings/search", {"id_number": number, "cursor": "0."}).json["items"]
    assert [one["officer"] for one in found] == ["auditor"]
    world.pump()
    assert len(citizen.get("/v1/me/readings").json["items"]) == 2, "whatever cursor the auditor makes up"


def test_an_unclear_search_is_refused(world: World) -> None:
    auditor = world.staff("auditor")
    for body in ({}, {"officer": "officer.a", "unit": "transport_bureau"}):
        assert auditor.post("/v1/readings/search", body).code == "search_unclear"
    assert auditor.post("/v1/readings/search", {"id_number": "110105194912310022"}).code == "id_number_invalid"


def test_a_reading_without_a_case_is_told(world: World) -> None:
    """A colleague has the case; whoever looks beside it is seen by the applicant."""
    enterprise = world.enterprise()
    application = waiting_application(enterprise)
    handler, curious = world.staff("officer.a"), world.staff("officer.b")
    assert handler.post(f"/v1/tasks/{application}-review/claim").status == 200
    assert handler.get(f"/v1/applications/{application}").status == 200
    world.pump()
    assert not received(enterprise.representative, "personal_data_read_without_case")
    assert curious.get(f"/v1/applications/{application}").status == 200
    world.pump()
    assert received(enterprise.representative, "personal_data_read_without_case")
    rows = enterprise.client.get("/v1/me/readings").json["items"]
    assert {row["own_case"] for row in rows} == {True, False}


def test_a_certificate_is_read_without_a_case(world: World) -> None:
    enterprise = world.enterprise()
    certificate = enterprise.certificate()
    assert world.staff("officer.a").get(f"/v1/certificates/{certificate}").status == 200
    world.pump()
    assert received(enterprise.representative, "personal_data_read_without_case")
