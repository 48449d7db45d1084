"""Definitions and calendars that change under running cases: versions, mappings, and limits that are computed anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.applications import service, store
from chalicelib.applications.service import cases
from chalicelib.applications.store import queues, watchlist
from chalicelib.catalog import service as catalog
from chalicelib.certificates import service as certificates
from functions import check_queues, recompute_limits, sweep_applications
from publishing import city_folder, publication
from scenes import joint, paying
from scenes.joint import OPINION, JointCase
from scenes.world import Client, Reply, World, new_id_number
from tests.cities import CITY, Alter
from tests.interleaving import Crash
from tools import move_cases

FOLDER = f"services/{joint.SERVICE}"


def version() -> int:
    return catalog.current(joint.SERVICE)[0]


# Versions


def test_a_case_keeps_the_version_and_the_hash_of_its_definition(world: World, alter: Alter) -> None:
    case = joint.submitted(world)
    before = case.view()
    alter(f"{FOLDER}/workflow.json", lambda workflow: workflow["steps"][0].update(days=2))
    after = case.view()
    assert (after["service_version"], after["definition_digest"]) == (
        before["service_version"],
        before["definition_digest"],
    )
    assert after["definition_digest"] == catalog.digest(joint.SERVICE, after["service_version"])
    assert joint.submitted(world).view()["service_version"] == version() != before["service_version"]
    assert case.accepted().view()["status"] == "accepted", "the old version is still there"


def test_a_new_version_counts_from_its_day_on(world: World, alter: Alter) -> None:
    before = version()
    guide = f"/v1/services/{joint.SERVICE}"
    alter(f"{FOLDER}/service.json", lambda item: item.update(effective_from="2026-11-09", promised_days=13))
    shown = world.anonymous().get(guide).json
    assert (shown["version"], shown["item"]["promised_days"]) == (before, 12)
    assert shown["upcoming"] == {"version": before + 1, "effective_from": "2026-11-09"}
    assert joint.submitted(world).view()["service_version"] == before
    world.pass_time(days=7)
    shown = world.anonymous().get(guide).json
    assert (shown["version"], shown["item"]["promised_days"]) == (before + 1, 13) and "upcoming" not in shown
    assert joint.submitted(world).view()["service_version"] == before + 1


def test_a_service_that_is_not_in_force_yet_takes_no_applications(world: World, alter: Alter) -> None:
    read = city_folder.read_folder(CITY)
    definition = next(one for one in read.services if one.item.code == joint.SERVICE)
    item = msgspec.structs.replace(definition.item, code="new_review", effective_from=date(2026, 12, 1))
    later = msgspec.structs.replace(definition, item=item)
    catalog.publish(read.city, [*read.services, later], read.halls, read.lists)
    try:
        refused = world.real_person().post("/v1/applications", {"service": "new_review"})
        assert (refused.status, refused.code) == (409, "service_not_yet")
        assert "2026-12-01" in refused.json["title"]
    finally:
        publication.publish_folder(CITY, publication.KEEP)


# Moving to another version

MAPPING = {code: code for code in ("planning", "structure", "environment", "shelter", "traffic", "decision")}


def rename(workflow: Any) -> None:
    """The structure's step gets another name."""
    text = json.dumps(workflow).replace('"structure"', '"building"')
    workflow.update(json.loads(text))


def test_a_running_case_moves_only_by_an_explicit_mapping(world: World, alter: Alter) -> None:
    case = joint.submitted(world).accepted()
    case.claim("structure")

    alter(f"{FOLDER}/examples.json", lambda examples: [one.update(steps=[]) for one in examples])
    alter(f"{FOLDER}/workflow.json", rename)
    administrator = case.staff("administrator")
    path = f"/v1/applications/{case.id}/move_definition"
    body = {"version": version(), "steps": MAPPING, "reason": "事项更新，住建环节改名"}
    wrong = administrator.post(path, body)
    assert (wrong.status, wrong.code) == (422, "mapping_invalid") and "structure" in wrong.json["title"]
    assert administrator.post(path, {**body, "version": 9999}).code == "service_unknown"
    swapped = {**MAPPING, "structure": "traffic", "traffic": "building"}
    assert administrator.post(path, {**body, "steps": swapped}).code == "mapping_invalid", "another unit's vote"
    moved = administrator.post(path, {**body, "steps": {**MAPPING, "structure": "building"}})
    assert moved.status == 200, moved.json
    assert case.view()["service_version"] == version()
    assert case.events()[-1] == "definition_changed"
    (row,) = case.queue("housing")
    assert (row["step"], row["officer"]) == ("building", "housing"), "the officer keeps the task"
    assert case.done("housing", "approve", "building", OPINION)["status"] == "accepted"


def test_a_reason_moves_with_its_step(world: World, alter: Alter) -> None:
    case = joint.submitted(world).accepted()
    case.claim("structure")
    case.done("housing", "refuse", "structure", {"opinion": "抗震等级偏低"})
    alter(f"{FOLDER}/examples.json", lambda examples: [one.update(steps=[]) for one in examples])
    alter(f"{FOLDER}/workflow.json", rename)
    body = {"version": version(), "steps": {**MAPPING, "structure": "building"}, "reason": "事项更新，住建环节改名"}
    assert case.staff("administrator").post(f"/v1/applications/{case.id}/move_definition", body).status == 200
    for step in ("environment", "shelter", "traffic"):
        case.approve(step)
    told = case.applicant.get(f"/v1/applications/{case.id}").json
    assert (told["status"], told["refusal"]["reason"]) == ("refused", "抗震等级偏低")


def test_a_case_that_is_decided_is_not_moved(world: World) -> None:
    case = joint.submitted(world).accepted()
    for step in ("structure", "environment", "shelter", "traffic"):
        case.approve(step)
    case.decide()
    body = {"version": version(), "steps": MAPPING, "reason": "事项更新"}
    answer = case.staff("administrator").post(f"/v1/applications/{case.id}/move_definition", body)
    assert answer.code == "wrong_state"


def test_a_job_moves_all_running_cases_of_a_version(
    world: World, alter: Alter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = [joint.submitted(world).accepted() for _ in range(2)]
    before = version()
    alter(f"{FOLDER}/workflow.json", lambda workflow: workflow["steps"][0].update(days=2))
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps(MAPPING), encoding="utf-8")
    monkeypatch.setattr(move_cases, "_use_system", lambda: 0)
    assert move_cases.main([joint.SERVICE, str(before), str(version()), str(steps), "事项更新"]) == 0
    assert f"part {watchlist.PARTS} of {watchlist.PARTS}" in capsys.readouterr().out
    assert {case.view()["service_version"] for case in moving} == {version()}


# A promise where the decision costs something


def promised_purchase(world: World, alter: Alter) -> tuple[Client, str]:
    """A registration that rests on a promise and waits for its money."""
    commitment = {
        "text": {"zh": "承诺登记信息属实", "en": "I promise that the record is right"},
        "consequence": {"zh": "撤销", "en": "It is revoked"},
        "replaces": ["housing_under_review"],
        "unit": "natural_resources",
        "check_days": 10,
        "legal_basis": "国办发〔2020〕42号",
    }
    alter("services/real_estate_registration/service.json", lambda item: item.update(commitment=commitment))
    number = new_id_number()
    record = {"homes": 0, "under_review": True, "contract_kind": "home"}
    world.simulators.departments.registers["housing"][number] = [record]
    buyer = world.real_person("丁购房", number)
    begun = buyer.post("/v1/applications", {"service": "real_estate_registration"}).json
    path = f"/v1/applications/{begun['id']}"
    form = {**begun["form"], "district": "玄武区", "property_kind": "home", "extra_copies": 0, "with_plan": False}
    assert buyer.put(f"{path}/form", {"form": form}).json["outcome"] == "review"
    buyer.put(f"{path}/promises", {"commitment": True})
    assert buyer.post(f"{path}/submit").json["status"] == "approved"
    return buyer, path


def report_false_promise(world: World, path: str) -> Reply:
    officer = world.staff("registrar")
    task = f"/v1/tasks/{path.rpartition('/')[2]}-promise_check"
    officer.post(f"{task}/claim")
    return officer.post(f"{task}/report_false_promise", {"reason": "登记与实际不符"})


def test_a_false_promise_behind_a_paid_result_without_a_certificate_revokes_the_decision(
    world: World, alter: Alter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The money was for a result that there was: it is given back by a refund, if at all."""
    buyer, path = promised_purchase(world, alter)
    (bill,) = buyer.get(path).json["bills"]
    order = buyer.post("/v1/payments", {"bills": [bill]}).json
    paying.wechat(world, order["id"])
    paying.settle(world)
    assert buyer.get(path).json["status"] == "completed"
    monkeypatch.setattr(certificates.revocation, "of_application", lambda _: None)
    assert report_false_promise(world, path).json["status"] == "revoked"
    assert buyer.get(f"/v1/bills/{bill}").json["status"] == "settled"


def test_a_false_promise_before_the_bill_is_paid_revokes_the_decision_too(world: World, alter: Alter) -> None:
    buyer, path = promised_purchase(world, alter)
    assert report_false_promise(world, path).json["status"] == "revoked"
    (bill,) = buyer.get(path).json["bills"]
    assert buyer.get(f"/v1/bills/{bill}").json["status"] == "cancelled"


# Calendars


def holiday(*days: str) -> Callable[[Any], object]:
    return lambda year: year["off"].extend(days)


def test_a_published_calendar_moves_every_running_limit_and_people_are_told(world: World, alter: Alter) -> None:
    case = joint.submitted(world).accepted()
    finished = joint.submitted(world, floor_area=280).accepted()
    finished.approve("structure")
    finished.approve("shelter")
    finished.decide()
    recompute_limits.handler({})
    assert case.view()["due_on"] == "2026-11-18"
    alter("calendar/2026.json", holiday("2026-11-04", "2026-11-05"))
    done = recompute_limits.handler({})
    assert done["done"] and done["altered"] >= 1 and done["failed"] == 0
    assert recompute_limits.handler({}) == done, "nothing is left to do"
    assert case.view()["due_on"] == "2026-11-20"
    (row,) = case.queue("housing")
    assert row["due_on"] == "2026-11-11", "the queue is in its new order"
    assert case.events().count("limits_recomputed") == 1
    assert "limits_recomputed" not in finished.events()
    messages = case.applicant.get("/v1/messages").json["items"]
    assert any("2026年11月20日" in message["text"] for message in messages)
    seen = case.staff("administrator").get("/v1/jobs/limits").json
    assert seen["part"] == seen["parts"] and "ended_at" in seen


def test_a_calendar_moves_also_what_is_owed_and_what_is_to_be_corrected(world: World, alter: Alter) -> None:
    owing = joint.submitted(world, later=["fire_chapter"]).accepted()
    correcting = joint.submitted(world, floor_area=280)
    for place, username in ((1, "housing"), (2, "shelter")):
        correcting.claim("intake_check", username, seat=place)
        correcting.done(username, "confirm_papers", "intake_check", seat=place)
    correcting.claim("planning")
    gaps = {"items": [{"field": "/form/site", "what": "请补充"}]}
    correcting.done("planner", "request_correction", "planning", gaps)
    recompute_limits.handler({})
    path = f"/v1/applications/{correcting.id}"
    assert owing.view()["owed"] == [{"material": "fire_chapter", "until": "2026-11-09"}]
    assert correcting.applicant.get(path).json["correct_by"] == "2026-11-16"
    alter("calendar/2026.json", holiday("2026-11-04", "2026-11-05"))
    assert recompute_limits.handler({})["failed"] == 0
    assert owing.view()["owed"] == [{"material": "fire_chapter", "until": "2026-11-11"}]
    assert correcting.applicant.get(path).json["correct_by"] == "2026-11-18"
    assert any("补正期限调整为2026年11月18日" in text for text in _texts(correcting))
    assert any("后补材料的期限调整为2026年11月11日" in text for text in _texts(owing))


def test_a_calendar_moves_what_is_owed_while_the_clock_stands(world: World, alter: Alter) -> None:
    owing = joint.submitted(world, later=["fire_chapter"]).accepted()
    owing.claim("structure")
    procedure = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "专家评审"}
    owing.done("housing", "open_procedure", "structure", procedure)
    alter("calendar/2026.json", holiday("2026-11-04", "2026-11-05"))
    recompute_limits.handler({})
    assert owing.view()["owed"] == [{"material": "fire_chapter", "until": "2026-11-11"}]
    assert any("后补材料的期限调整为2026年11月11日" in text for text in _texts(owing))


def _texts(case: JointCase) -> list[str]:
    case.world.pump()
    return [message["text"] for message in case.applicant.get("/v1/messages").json["items"]]


def test_the_job_is_interrupted_and_goes_on(world: World, alter: Alter, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [joint.submitted(world).accepted() for _ in range(3)]
    recompute_limits.handler({})
    alter("calendar/2026.json", holiday("2026-11-04"))
    first = service.jobs.recompute_limits(lambda: False)
    assert first.ended_at is None and first.part == 1, "after each page it asks whether there is time"

    def dying(*_: object) -> bool:
        raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(service.jobs, "_visit", dying)
        for _ in range(watchlist.PARTS):
            service.jobs.recompute_limits(lambda: False)
    while not recompute_limits.handler({})["done"]:
        pass
    assert {case.view()["due_on"] for case in several} == {"2026-11-19"}


def test_a_verb_between_the_calendar_and_the_job_tells_the_new_day_too(world: World, alter: Alter) -> None:
    case = joint.submitted(world).accepted()
    alter("calendar/2026.json", holiday("2026-11-04"))
    case.claim("structure")
    assert case.view()["due_on"] == "2026-11-19" and case.events().count("limits_recomputed") == 1
    recompute_limits.handler({})
    assert case.events().count("limits_recomputed") == 1
    assert len(case.queue("housing")) == 1, "the row of the old day is gone"


# The nightly check


def test_the_nightly_check_removes_rows_of_tasks_that_are_over_and_writes_missing_ones(world: World) -> None:
    case = joint.submitted(world).accepted()
    item = store.application(case.id)
    assert item is not None
    rows = cases.rows_of(cases.case_of(item), item)
    housing = next(row for row in rows.values() if row.unit == "housing_bureau")
    shelter = next(row for row in rows.values() if row.unit == "civil_defence")
    stray = queues.QueueRow(**{**housing.attribute_values, "sk": f"2026-11-03#{case.id}-planning", "step": "planning"})
    cases.write_if_newer(queues.new_row_write(stray))
    cases.write_if_newer(queues.row_removal(shelter, int(item.version)))
    assert len(case.queue("housing")) == 2 and case.queue("shelter") == []
    found = check_queues.handler({})
    assert found["removed"] >= 1 and found["written"] >= 1 and found["stuck"] == 0
    assert len(case.queue("housing")) == 1 and len(case.queue("shelter")) == 1
    again = check_queues.handler({})
    assert (again["removed"], again["written"]) == (0, 0)


def test_a_case_that_nobody_can_act_on_is_an_alarm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    joint.submitted(world).accepted()
    monkeypatch.setattr(cases, "rows_of", lambda *_: {})
    assert check_queues.handler({})["stuck"] >= 1


def test_a_case_that_is_over_leaves_the_list_of_running_ones(world: World) -> None:
    case = joint.submitted(world)
    assert watchlist.clock_of(case.id) is not None
    case.applicant.post(f"/v1/applications/{case.id}/withdraw", {"reason": "不建了"})
    world.pass_time(days=10)
    while sweep_applications.handler({})["visited"]:
        pass
    assert watchlist.clock_of(case.id) is None
