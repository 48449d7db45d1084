"""A second service, made of data alone, on the same journey: the electronic house-purchase certificate."""

from __future__ import annotations

from typing import Any

import pytest

from scenes.world import Client, World, new_id_number
from tests.certificates.pictures import decode, photo, raster


@pytest.fixture
def registers(world: World) -> dict[str, Any]:
    return world.simulators.departments.registers


def buyer(world: World, registers: dict[str, Any], **housing: Any) -> Client:
    """A resident of the city without a home, unless told otherwise."""
    id_number = new_id_number()
    registers["households"][id_number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][id_number] = [{"homes": 0, "under_review": False, **housing}]
    return world.real_person("丁购房", id_number)


def apply(client: Client) -> Any:
    draft = client.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    form = {**draft["form"], "district": "江宁区", "purpose": "first_home"}
    assert client.put(f"/v1/applications/{draft['id']}/form", {"form": form}).json["problems"] == []
    return client.post(f"/v1/applications/{draft['id']}/submit").json


def test_it_is_prefilled_approved_printed_scanned_and_revoked(world: World, registers: dict[str, Any]) -> None:
    person = buyer(world, registers)
    done = apply(person)
    assert done["status"] == "completed"
    assert done["form"]["name"] == "丁购房" and done["form"]["marital_status"] == "single"
    link = person.post(f"/v1/certificates/{done['certificate_id']}/prints").json["url"]
    pdf = person.get(link.removeprefix(world.environment.settings()["PUBLIC_URL"])).body
    number = decode(raster(pdf)).rsplit("/", 1)[1]
    assert decode(photo(pdf, seed=1)).endswith(number)
    scanned = world.anonymous().get(f"/v1/certificates/verify?number={number}").json
    assert (scanned["status"], scanned["valid_from"], scanned["valid_to"]) == ("valid", "2026-11-02", "2027-01-30")
    assert {line["label"]["en"]: line["value"] for line in scanned["lines"]}["Name"] == "丁**"
    timeline = person.get(f"/v1/applications/{done['id']}/timeline").json["entries"]
    assert timeline[-1]["type"] == "application_completed"
    reason = {"reason": "住房登记有误"}
    assert world.staff("officer.a").post(f"/v1/certificates/{done['certificate_id']}/revoke", reason).status == 404
    assert world.staff("housing").post(f"/v1/certificates/{done['certificate_id']}/revoke", reason).status == 200
    assert world.anonymous().get(f"/v1/certificates/verify?number={number}").json["status"] == "revoked"


def test_its_rules_refuse_with_reasons(world: World, registers: dict[str, Any]) -> None:
    refused = apply(buyer(world, registers, homes=2))
    assert refused["status"] == "refused"
    assert {finding["code"] for finding in refused["findings"]} == {"too_many_homes", "not_first_home"}


def test_its_officer_corrects_and_decides(world: World, registers: dict[str, Any]) -> None:
    person = buyer(world, registers, under_review=True)
    waiting = apply(person)
    assert waiting["status"] == "received"
    officer, task = world.staff("housing"), f"/v1/tasks/{waiting['id']}-review"
    officer.post(f"{task}/claim")
    correction = {"items": [{"field": "/form/district", "what": "请确认拟购房所在区"}]}
    assert officer.post(f"{task}/request_correction", correction).json["status"] == "correction"
    form = {**waiting["form"], "district": "鼓楼区"}
    assert person.post(f"/v1/applications/{waiting['id']}/corrections", {"form": form}).json["status"] == "received"
    assert officer.post(f"{task}/approve", {"opinion": "登记变更已核实"}).json["status"] == "completed"
