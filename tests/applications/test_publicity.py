"""What is made public (公示): before a step decides, after an approval, and nothing that is private."""

from __future__ import annotations

from typing import Any

from scenes import joint
from scenes.joint import OPINION, JointCase
from scenes.promises import promised
from scenes.world import World
from tests.cities import Alter

PATH = f"/v1/publicity?service={joint.SERVICE}"


def shown(world: World, case: JointCase) -> list[dict[str, Any]]:
    """What anybody reads of a case, which its project's name tells apart."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = world.anonymous().get(PATH + cursor)
        assert answer.status == 200, answer.json
        items += answer.json["items"]
        if "cursor" not in answer.json:
            break
        cursor = f"&cursor={answer.json['cursor']}"
    return [item for item in items if value(item, "project") == case.form["project"]]


def value(item: dict[str, Any], name: str) -> str:
    for field in item["fields"]:
        if field["name"] == name:
            return str(field["value"])
    return ""


def decided(case: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        case.approve(step)
    case.decide()


def test_an_approval_is_public_for_its_days_and_names_only_what_the_definition_names(world: World) -> None:
    case = joint.submitted(world, project="北苑公示一号").accepted()
    assert shown(world, case) == []
    decided(case)
    (item,) = shown(world, case)
    assert (item["is_decided"], item["since"], item["until"]) == (True, "2026-11-02", "2026-11-09")
    assert [field["name"] for field in item["fields"]] == ["applicant", "project", "site", "floor_area"]
    assert item["fields"][1]["title"] == {"zh": "项目名称", "en": "Project"}
    assert case.id not in str(item) and case.view()["id"] == case.id
    world.pass_time(days=7)
    assert len(shown(world, case)) == 1, "the last day counts"
    world.pass_time(days=1)
    assert shown(world, case) == []


def test_what_is_about_to_be_decided_is_public_until_it_is_withdrawn(world: World, alter: Alter) -> None:
    alter(
        f"services/{joint.SERVICE}/workflow.json",
        lambda workflow: workflow["steps"][0].update(publicity_days=4),
    )
    case = joint.submitted(world, project="北苑公示二号")
    (item,) = shown(world, case)
    assert (item["is_decided"], item["about"]["zh"], item["until"]) == (False, "规划条件核对", "2026-11-06")
    case.confirm_all()
    refused = case.staff("planner").post(f"/v1/tasks/{case.task('planning')}/approve", OPINION)
    assert refused.code == "publicity_not_over"
    assert case.applicant.post(f"/v1/applications/{case.id}/withdraw").status == 200
    assert shown(world, case) == []


def test_a_person_s_name_is_masked(world: World, alter: Alter) -> None:
    service = "house_purchase_certificate"
    alter(
        f"services/{service}/workflow.json",
        lambda workflow: workflow.update(published_days=5, published_fields=["name", "district"]),
    )
    # Proposed, and perhaps changed by the applicant: it is a name all the same.
    proposed = {"title": "姓名", "x-en": "Name", "type": "string", "x-prefill": "applicant.name"}
    alter(f"services/{service}/form.json", lambda form: form["properties"].update(name=proposed))
    promised(world)
    (item,) = world.anonymous().get(f"/v1/publicity?service={service}").json["items"]
    assert value(item, "name") == "丁**" and value(item, "district") == "玄武区"


def test_a_service_that_there_is_not(world: World) -> None:
    assert world.anonymous().get("/v1/publicity?service=nothing").code == "service_unknown"
