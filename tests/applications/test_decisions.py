"""What the rules decide, as the applicant and the officer see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.kernel import clock
from scenes.world import Enterprise, World


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def tomorrow() -> str:
    return str(clock.today() + timedelta(1))


CASES: dict[str, tuple[Callable[[Enterprise], Any], str]] = {
    "licence expired": (lambda e: e.record("transport_licences").update(expires=tomorrow()), "licence_expired"),
    "licence suspended": (lambda e: e.record("transport_licences").update(status="suspended"), "licence_expired"),
    "insurance expired": (
        lambda e: e.record("carrier_insurance", e.plates[0]).update(to=tomorrow()),
        "insurance_expired",
    ),
    "driver's qualification expired": (
        lambda e: e.record("drivers", e.driver).update(expires=tomorrow()),
        "driver_not_qualified",
    ),
    "driver for goods": (lambda e: e.record("drivers", e.driver).update(category="goods"), "driver_not_qualified"),
    "class not in scope": (
        lambda e: e.record("transport_licences").update(classes=["intra_county"]),
        "class_not_covered",
    ),
    "vehicle's certificate expired": (
        lambda e: e.record("vehicles", e.plates[0]).update(certificate_expires=tomorrow()),
        "vehicle_certificate_expired",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_keeps_and_shows_its_reason(enterprise: Enterprise, name: str) -> None:
    prepare, code = CASES[name]
    prepare(enterprise)
    refused = enterprise.apply()
    assert refused["status"] == "refused" and "certificate_id" not in refused
    assert [finding["code"] for finding in refused["findings"]] == [code]
    assert refused["findings"][0]["reason"]["zh"] and refused["findings"][0]["reason"]["en"]
    enterprise.world.pump()
    last = enterprise.client.get(f"/v1/applications/{refused['id']}/timeline").json["entries"][-1]
    assert (last["type"], last["reasons"]) == ("application_refused", [code])


def test_all_reasons_are_told_at_once(enterprise: Enterprise) -> None:
    enterprise.record("transport_licences").update(classes=[])
    enterprise.record("drivers", enterprise.driver).update(category="goods")
    codes = {finding["code"] for finding in enterprise.apply()["findings"]}
    assert codes == {"class_not_covered", "driver_not_qualified"}


def test_what_does_not_concern_the_office_is_not_accepted(enterprise: Enterprise) -> None:
    last = clock.today() - timedelta(1)
    refused = enterprise.apply(valid_from=str(last))
    assert refused["status"] == "not_accepted" and "due_on" not in refused
    assert [finding["code"] for finding in refused["findings"]] == ["period_past"]


def test_nobody_looks_up_other_peoples_data_with_a_form(enterprise: Enterprise) -> None:
    other = enterprise.world.enterprise()
    drafted = enterprise.draft(plate=other.plates[0], driver_certificate=other.driver)
    kept = enterprise.client.get(f"/v1/applications/{drafted['id']}").json
    assert "driver_name" not in kept["form"] and kept["facts"] == {}
    asked = [query["key"] for query in enterprise.world.simulators.departments.queries]
    assert other.plates[0] not in asked and other.driver not in asked


def test_fifteen_days_are_allowed_and_sixteen_are_not(enterprise: Enterprise) -> None:
    last = clock.today() + timedelta(14)
    assert enterprise.apply(valid_to=str(last))["status"] == "completed"
    longer = enterprise.apply(plate=enterprise.plates[1], valid_to=str(last + timedelta(1)))
    assert [finding["code"] for finding in longer["findings"]] == ["too_many_days"]


def test_one_vehicle_has_one_sticker_at_a_time(enterprise: Enterprise) -> None:
    enterprise.certificate()
    start = clock.today() + timedelta(4)
    overlapping = enterprise.apply(valid_from=str(start), valid_to=str(start + timedelta(2)))
    assert [finding["code"] for finding in overlapping["findings"]] == ["period_overlaps"]
    following = enterprise.apply(valid_from=str(start + timedelta(1)), valid_to=str(start + timedelta(2)))
    assert following["status"] == "completed"


def test_incomplete_facts_mean_that_a_person_looks(enterprise: Enterprise) -> None:
    enterprise.record("vehicles", enterprise.plates[0]).pop("inspection_expires")
    waiting = enterprise.apply()
    assert waiting["status"] == "received"
    assert "facts_incomplete" in [finding["code"] for finding in waiting["findings"]]


def test_what_the_registers_say_at_submission_decides(enterprise: Enterprise) -> None:
    application = enterprise.draft()
    assert application["check"]["outcome"] == "approve"
    enterprise.record("transport_licences").update(status="suspended")
    assert enterprise.client.post(f"/v1/applications/{application['id']}/submit").json["status"] == "refused"


def test_submitting_twice_decides_once(enterprise: Enterprise) -> None:
    application = enterprise.draft()["id"]
    first = enterprise.client.post(f"/v1/applications/{application}/submit").json
    second = enterprise.client.post(f"/v1/applications/{application}/submit").json
    assert first == second
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1
