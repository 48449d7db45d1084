"""Officers: queue, claim, correction, decision, limits."""

from __future__ import annotations

from typing import Any

import pytest

from scenes.world import Client, Enterprise, World


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def waiting(enterprise: Enterprise, **changes: Any) -> tuple[dict[str, Any], str]:
    """An application that an officer must look at, and the path of its task."""
    applied = enterprise.apply(route_class="inter_provincial", destination="杭州", **changes)
    assert applied["status"] == "received"
    return applied, f"/v1/tasks/{applied['id']}-review"


def queued(officer: Client, application_id: str) -> dict[str, Any] | None:
    cursor = ""
    while True:
        page = officer.get(f"/v1/tasks?cursor={cursor}" if cursor else "/v1/tasks").json
        for row in page["items"]:
            if row["application_id"] == application_id:
                found: dict[str, Any] = row
                return found
        cursor = page.get("cursor")
        if not cursor:
            return None


CORRECTION = {"items": [{"field": "/form/stops", "what": "请补充途经地湖州"}], "note": "途经地不完整"}


def test_an_officer_takes_a_task_and_approves(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    row = queued(officer, applied["id"])
    assert row is not None and row["light"] == "yellow" and "officer" not in row
    claimed = officer.post(f"{task}/claim").json
    assert claimed["task"]["officer"] == "officer.a"
    assert claimed["application"]["form"]["destination"] == "杭州"
    done = officer.post(f"{task}/approve", {"opinion": "备案信息一致，同意"}).json
    assert done["status"] == "completed" and done["certificate_id"]
    assert queued(officer, applied["id"]) is None
    world.pump()
    entries = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json["entries"]
    assert [entry["type"] for entry in entries[2:]] == [
        "task_claimed",
        "application_accepted",
        "step_approved",
        "application_reviewed",
        "application_approved",
        "application_completed",
    ]
    approved = entries[4]
    assert (approved["note"], approved["unit"]["zh"]) == ("备案信息一致，同意", "示例市交通运输局")
    assert enterprise.print(done["certificate_id"]).startswith(b"%PDF")


def test_an_officer_refuses_with_a_reason_that_the_applicant_reads(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    assert officer.post(f"{task}/refuse", {"opinion": "备案信息与合同不符"}).json["status"] == "refused"
    entry = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json["entries"][-1]
    assert (entry["type"], entry["note"]) == ("application_refused", "备案信息与合同不符")
    assert queued(officer, applied["id"]) is None


def test_a_task_belongs_to_whoever_took_it(world: World, enterprise: Enterprise) -> None:
    _, task = waiting(enterprise)
    first, second = world.staff("officer.a"), world.staff("officer.b")
    assert second.post(f"{task}/approve", {"opinion": "同意"}).code == "task_not_yours"
    first.post(f"{task}/claim")
    assert first.post(f"{task}/claim").status == 200
    for action, body in (
        ("claim", {}),
        ("release", {}),
        ("approve", {"opinion": "同意"}),
        ("refuse", {"opinion": "不行"}),
        ("request_correction", CORRECTION),
    ):
        assert second.post(f"{task}/{action}", body).code == "task_taken", action
    assert "officer" not in first.post(f"{task}/release").json["task"]
    assert second.post(f"{task}/claim").json["task"]["officer"] == "officer.b"


def test_officers_of_another_unit_see_nothing(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    stranger = world.staff("housing")
    assert queued(stranger, applied["id"]) is None
    for answer in (
        stranger.get(task),
        stranger.post(f"{task}/claim"),
        stranger.get(f"/v1/applications/{applied['id']}"),
    ):
        assert (answer.status, answer.code) == (404, "not_found")


def test_a_correction_stops_the_clock_and_goes_back_to_the_same_officer(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    assert applied["due_on"] == "2026-11-03"
    officer = world.staff()
    officer.post(f"{task}/claim")
    assert officer.post(f"{task}/request_correction", CORRECTION).json["status"] == "correction"
    assert queued(officer, applied["id"]) is None

    seen = enterprise.client.get(f"/v1/applications/{applied['id']}").json
    points = [{"field": "/form/stops", "what": "请补充途经地湖州", "unit": "transport_bureau"}]
    assert seen["corrections"] == points and seen["correct_by"] == "2026-11-09"
    timeline = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json
    assert timeline["entries"][-1]["note"] == "途经地不完整"
    assert timeline["next"]["by"] == "2026-11-09"

    world.pass_time(days=3)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": enterprise.representative.refresh_token})
    enterprise.representative.token = renewed.json["access_token"]
    form = {**seen["form"], "stops": ["镇江", "湖州"], "valid_from": "2026-11-06", "valid_to": "2026-11-08"}
    answered = enterprise.client.post(f"/v1/applications/{applied['id']}/corrections", {"form": form}).json
    assert (answered["status"], answered["due_on"], answered["corrections"]) == ("received", "2026-11-06", [])
    row = queued(world.staff("officer.b"), applied["id"])
    assert row is not None and row["officer"] == "officer.a"


def test_a_correction_may_lead_to_instant_approval(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    form = enterprise.client.get(f"/v1/applications/{applied['id']}").json["form"] | {"route_class": "inter_city"}
    answered = enterprise.client.post(f"/v1/applications/{applied['id']}/corrections", {"form": form}).json
    assert answered["status"] == "completed"
    assert officer.post(f"{task}/approve", {"opinion": "同意"}).code == "task_done"


def test_a_wrong_correction_changes_nothing_and_can_be_sent_again(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    path = f"/v1/applications/{applied['id']}"
    before = enterprise.client.get(path).json
    assert enterprise.client.post(f"{path}/corrections", {"form": {}}).code == "form_invalid"
    assert enterprise.client.get(path).json == before
    corrected = {"form": {**before["form"], "stops": ["镇江", "湖州"]}}
    assert enterprise.client.post(f"{path}/corrections", corrected).json["status"] == "received"


def test_a_correction_that_never_comes_counts_as_withdrawn(world: World, enterprise: Enterprise) -> None:
    from functions import lapse_corrections

    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    world.pass_time(days=7)
    assert lapse_corrections.handler({}) == {"lapsed": 0}
    world.pass_time(days=1)
    assert lapse_corrections.handler({})["lapsed"] >= 1
    assert lapse_corrections.handler({}) == {"lapsed": 0}
    status = world.anonymous().get(f"/v1/progress?receipt={applied['receipt']}").json
    assert status["what"]["zh"] == "已撤回"


def test_nobody_corrects_what_was_not_asked_for(enterprise: Enterprise) -> None:
    applied = enterprise.draft()
    path = f"/v1/applications/{applied['id']}/corrections"
    assert enterprise.client.post(path, {"form": applied["form"]}).code == "wrong_state"


def test_an_applicant_withdraws_and_the_queue_is_empty(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    path = f"/v1/applications/{applied['id']}"
    assert enterprise.client.post(f"{path}/withdraw", {"reason": "行程取消"}).json["status"] == "withdrawn"
    officer = world.staff()
    assert queued(officer, applied["id"]) is None
    assert officer.post(f"{task}/claim").code == "task_done"
    assert enterprise.client.post(f"{path}/withdraw").code == "wrong_state"


def test_an_applicant_withdraws_instead_of_correcting(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    withdrawn = enterprise.client.post(f"/v1/applications/{applied['id']}/withdraw", {"reason": "行程取消"})
    assert withdrawn.json["status"] == "withdrawn"


def test_what_is_decided_cannot_be_withdrawn(enterprise: Enterprise) -> None:
    applied = enterprise.apply()
    assert enterprise.client.post(f"/v1/applications/{applied['id']}/withdraw").code == "wrong_state"


def test_an_approval_repeated_answers_as_the_first_time_and_other_verbs_are_too_late(
    world: World, enterprise: Enterprise
) -> None:
    _, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    first = officer.post(f"{task}/approve", {"opinion": "同意"})
    assert officer.post(f"{task}/approve", {"opinion": "同意"}).json == first.json
    assert officer.post(f"{task}/refuse", {"opinion": "不行"}).code == "task_done"
    assert officer.post(f"{task}/claim").code == "task_done"


def test_an_opinion_is_needed(world: World, enterprise: Enterprise) -> None:
    _, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    for action in ("approve", "refuse"):
        assert officer.post(f"{task}/{action}", {"opinion": ""}).code == "invalid_request"
    assert officer.post(f"{task}/request_correction", {"items": []}).code == "invalid_request"


def test_overdue_is_red(world: World, enterprise: Enterprise) -> None:
    applied, _ = waiting(enterprise)
    world.pass_time(days=2)
    assert world.anonymous().get(f"/v1/progress?receipt={applied['receipt']}").json["light"] == "red"


def test_parallel_steps_are_decided_together(world: World, enterprise: Enterprise, tmp_path: Any) -> None:
    """A service whose two units review at once: both must approve, in any order."""
    import json
    import shutil
    from pathlib import Path

    from publishing import publication

    city = Path(__file__).parents[2] / "city"
    folder = Path(shutil.copytree(city, tmp_path / "city"))
    steps = [
        {"code": "review", "name": {"zh": "交通审查", "en": "Transport"}, "unit": "transport_bureau", "days": 1},
        {"code": "housing", "name": {"zh": "住房会审", "en": "Housing"}, "unit": "housing_bureau", "days": 1},
        {
            "code": "sign",
            "name": {"zh": "签发", "en": "Signing"},
            "unit": "transport_bureau",
            "days": 1,
            "after": ["review", "housing"],
        },
    ]
    service = folder / "services/tour_bus_sticker"
    (service / "workflow.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    item = json.loads((service / "service.json").read_text(encoding="utf-8"))
    item |= {"joint_units": ["housing_bureau"], "processing": "promised", "promised_days": 2, "statutory_days": 20}
    (service / "service.json").write_text(json.dumps(item), encoding="utf-8")
    publication.publish_folder(folder, publication.KEEP)
    try:
        applied, task = waiting(enterprise)
        other, _ = waiting(enterprise)
    finally:
        publication.publish_folder(city, publication.KEEP)
    transport, housing = world.staff("officer.a"), world.staff("housing")
    path = f"/v1/tasks/{other['id']}-housing"
    assert housing.post(f"{path}/claim").status == 200
    assert housing.post(f"{path}/approve", {"opinion": "同意"}).json["status"] == "received"
    assert transport.post(f"/v1/tasks/{other['id']}-review/claim").status == 200
    papers = transport.post(f"/v1/tasks/{other['id']}-review/confirm_papers")
    assert papers.json["status"] == "accepted", "when no unit misses anything"
    withdrawn = enterprise.client.post(f"/v1/applications/{other['id']}/withdraw", {"reason": "行程取消"})
    assert withdrawn.json["status"] == "withdrawn", "also after one of the units has approved"
    for officer, step in ((housing, "housing"), (transport, "review"), (transport, "sign")):
        path = f"/v1/tasks/{applied['id']}-{step}"
        assert officer.post(f"{path}/claim").status == 200, step
        done = officer.post(f"{path}/approve", {"opinion": "同意"}).json
    assert done["status"] == "completed"
    assert task.endswith("-review")


def test_reading_personal_data_is_recorded_before_it_is_shown(
    world: World, enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.applications import store
    from chalicelib.kernel.errors import UNAVAILABLE
    from chalicelib.kernel.events import history
    from chalicelib.kernel.storage import tables

    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.get(task)
    officer.get(f"/v1/applications/{applied['id']}")
    enterprise.client.get(f"/v1/applications/{applied['id']}")
    readings = tables.query(store.ApplicationReadingItem, f"READING#APPLICATION#{applied['id']}").items
    assert len(readings) == 2, "the applicant's own reading is nobody's business"
    world.pump()
    recorded, _ = history.entries(readings[0].subject)
    assert (recorded[0].type, recorded[0].actor, recorded[0].unit) == (
        "personal_data_read",
        "officer.a",
        "transport_bureau",
    )

    def unavailable(*_: object) -> None:
        raise UNAVAILABLE()

    monkeypatch.setattr(store, "record_reading", unavailable)
    refused = officer.get(task)
    assert refused.status == 503 and "form" not in refused.json


def test_a_period_taken_in_the_meantime_is_told_to_the_officer(world: World, enterprise: Enterprise) -> None:
    _, task = waiting(enterprise)
    enterprise.certificate()
    officer = world.staff()
    officer.post(f"{task}/claim")
    refused = officer.post(f"{task}/approve", {"opinion": "同意"})
    assert (refused.status, refused.code) == (409, "approval_blocked")
    assert refused.json["fields"][0]["code"] == "period_overlaps"
    assert officer.post(f"{task}/refuse", {"opinion": "该车辆此期间已有标贴"}).json["status"] == "refused"


def test_what_is_missing_is_told_once(world: World, enterprise: Enterprise) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    form = enterprise.client.get(f"/v1/applications/{applied['id']}").json["form"]
    enterprise.client.post(f"/v1/applications/{applied['id']}/corrections", {"form": form})
    assert officer.post(f"{task}/request_correction", CORRECTION).code == "correction_asked_once"
    assert officer.post(f"{task}/approve", {"opinion": "同意"}).json["status"] == "completed"


def test_a_correction_after_its_last_day_is_too_late_even_if_no_schedule_ran(
    world: World, enterprise: Enterprise
) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    form = enterprise.client.get(f"/v1/applications/{applied['id']}").json["form"]
    world.pass_time(days=8)
    enterprise.representative.token = world.log_in("wechat", enterprise.representative.user).token
    late = enterprise.client.post(f"/v1/applications/{applied['id']}/corrections", {"form": form})
    assert (late.status, late.code) == (409, "wrong_state")
    assert enterprise.client.get(f"/v1/applications/{applied['id']}").json["status"] == "withdrawn"


def test_an_officer_cannot_approve_what_the_rules_forbid_by_now(world: World, enterprise: Enterprise) -> None:
    _, task = waiting(enterprise)
    world.staff().post(f"{task}/claim")
    world.pass_time(days=10)
    officer = world.staff()
    refused = officer.post(f"{task}/approve", {"opinion": "同意"})
    assert (refused.status, refused.code) == (409, "approval_blocked")
    assert "period_past" in [field["code"] for field in refused.json["fields"]]


def test_an_officer_sees_what_the_registers_say(world: World, enterprise: Enterprise) -> None:
    _, task = waiting(enterprise)
    facts = world.staff().get(task).json["application"]["facts"]
    assert facts["transport_licence"]["status"] == "active" and facts["vehicle"]["owner"] == enterprise.credit_code


@pytest.mark.parametrize("change", [{"name": None}, {"name": "丙😀"}], ids=["name gone", "name that cannot be printed"])
def test_an_approval_needs_a_form_that_still_holds(
    world: World, enterprise: Enterprise, change: dict[str, Any]
) -> None:
    _, task = waiting(enterprise)
    enterprise.record("drivers", enterprise.driver).update(change)
    if change["name"] is None:
        enterprise.record("drivers", enterprise.driver).pop("name")
    officer = world.staff()
    officer.post(f"{task}/claim")
    refused = officer.post(f"{task}/approve", {"opinion": "同意"})
    assert (refused.status, refused.code) == (409, "approval_blocked")
    assert refused.json["fields"][0]["path"] == "/form/driver_name"


def test_a_correction_repeated_is_answered_as_before_and_another_one_is_refused(
    world: World, enterprise: Enterprise
) -> None:
    applied, task = waiting(enterprise)
    officer = world.staff()
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", CORRECTION)
    path = f"/v1/applications/{applied['id']}"
    form = {**enterprise.client.get(path).json["form"], "stops": ["镇江", "湖州"]}
    first = enterprise.client.post(f"{path}/corrections", {"form": form})
    assert enterprise.client.post(f"{path}/corrections", {"form": form}).json == first.json
    other = enterprise.client.post(f"{path}/corrections", {"form": {**form, "stops": ["常州"]}})
    assert (other.status, other.code) == (409, "wrong_state")


def test_the_queue_shows_tasks_of_a_service_that_is_no_longer_offered(
    world: World, enterprise: Enterprise, tmp_path: Any
) -> None:
    import json
    import shutil
    from pathlib import Path

    from publishing import publication

    applied, _ = waiting(enterprise)
    city = Path(__file__).parents[2] / "city"
    folder = Path(shutil.copytree(city, tmp_path / "city"))
    shutil.rmtree(folder / "services" / "tour_bus_sticker")
    shutil.rmtree(folder / "halls")
    plain = json.loads((folder / "city.json").read_text(encoding="utf-8"))
    (folder / "city.json").write_text(json.dumps({**plain, "delivery": None}), encoding="utf-8")
    publication.publish_folder(folder, publication.KEEP)
    try:
        row = queued(world.staff(), applied["id"])
        assert row is not None and row["service_name"]["en"].startswith("Tour bus sticker")
    finally:
        publication.publish_folder(city, publication.KEEP)
