"""A case as departments decide it: five units, one notice, and every verb, through the API."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.applications import refusals, store
from chalicelib.applications.service import deciding
from chalicelib.delivery.store import Address, Choice
from functions import sweep_applications, tell_units
from scenes import joint, tampering
from scenes.joint import OPINION, JointCase
from scenes.promises import promised
from scenes.world import World
from tests.interleaving import Crash


@pytest.fixture
def case(world: World) -> JointCase:
    """Waits for five units."""
    return joint.submitted(world)


@pytest.fixture
def reviewed(world: World) -> JointCase:
    """Accepted; four units review it at the same time."""
    return joint.submitted(world).accepted()


def points(*fields: str) -> dict[str, Any]:
    return {"items": [{"field": f"/form/{field}", "what": f"请补充{field}"} for field in fields], "note": "图纸不全"}


def test_five_units_decide_a_case(world: World) -> None:
    """Two units' wishes in one notice, a transfer, an added signer, an expert review, a return, a substitute."""
    case = joint.submitted(world)
    for place, username in ((1, "housing"), (2, "ecology"), (3, "shelter"), (4, "officer.a")):
        case.claim("intake_check", username, seat=place)
    case.done("housing", "request_correction", "intake_check", points("project"))
    case.done("shelter", "request_correction", "intake_check", points("site"), seat=3)
    case.done("ecology", "confirm_papers", "intake_check", seat=2)
    case.done("officer.a", "confirm_papers", "intake_check", seat=4)
    seen = case.applicant.get(f"/v1/applications/{case.id}").json
    assert (seen["status"], seen["corrections"]) == ("received", []), "nothing is told before all units have spoken"
    case.claim("planning")
    case.done("planner", "confirm_papers", "planning")

    told = case.applicant.get(f"/v1/applications/{case.id}").json
    assert told["status"] == "correction" and told["correct_by"] == "2026-11-16"
    assert [(one["unit"], one["field"]) for one in told["corrections"]] == [
        ("housing_bureau", "/form/project"),
        ("civil_defence", "/form/site"),
    ]
    assert case.queue("planner") == []
    answered = case.applicant.post(f"/v1/applications/{case.id}/corrections", {"form": case.form})
    assert answered.json["status"] == "received"
    (row,) = case.queue("planner")
    assert (row["mark"], row["officer"]) == ("corrected", "planner"), "each unit's own task goes on"
    assert case.queue("ecology") == []
    for place, username in ((1, "housing"), (3, "shelter")):
        (row,) = case.queue(username)
        assert (row["mark"], row["officer"]) == ("corrected", username)
        seen = case.staff(username).get(f"/v1/tasks/{row['id']}").json
        assert len(seen["application"]["corrections"]) == 2, "the list is there to compare"
        case.done(username, "confirm_papers", "intake_check", seat=place)

    assert case.done("planner", "approve", "planning", OPINION)["status"] == "accepted"
    case.claim("structure", "housing")
    case.done("housing", "transfer", "structure", {"to": "housing.b", "reason": "转给结构专业"})
    case.done("housing.b", "add_signer_after", "structure", {"to": "housing", "reason": "请复核结构计算"})
    opened = case.done(
        "housing.b",
        "open_procedure",
        "structure",
        {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "超限高层，组织专家评审"},
    )
    assert opened["light"] == "grey" and "due_on" not in opened
    assert case.do("housing.b", "approve", "structure", OPINION).code == "case_paused"
    for step in ("environment", "shelter", "traffic"):
        case.claim(step)

    world.pass_time(days=14)
    case.log_in_again()
    assert case.timeline()["next"]["what"]["zh"] == "专家评审进行中，不计入办理时限"
    closed = case.done("housing.b", "close_procedure", "structure", {"kind": "expert_review", "result": "评审通过"})
    # accepted on the 2nd; paused on the 2nd until the 16th: twelve working days after that
    assert closed["due_on"] == "2026-12-02"

    case.done("housing.b", "approve", "structure", OPINION)
    assert case.done("housing", "approve", "structure", OPINION, seat=2)["status"] == "accepted"
    for step in ("environment", "shelter", "traffic"):
        case.done(joint.OFFICERS[step], "approve", step, OPINION)

    case.claim("decision")
    case.done("planner", "return_to", "decision", {"step": "planning", "reason": "容积率计算有误，重新核对"})
    (row,) = case.queue("planner")
    assert (row["step"], row["mark"]) == ("planning", "returned")
    case.done("planner", "approve", "planning", OPINION)
    for step in ("structure", "environment", "shelter", "traffic"):
        who = "housing.b" if step == "structure" else joint.OFFICERS[step]
        case.done(who, "approve", step, OPINION)

    with case.away("planner", "registrar"):
        case.done("registrar", "approve", "decision", OPINION)
    case.claim("decision", "planning.head", seat=2)
    done = case.done("planning.head", "approve", "decision", OPINION, seat=2)
    assert done["status"] == "completed" and done["certificate_id"]
    assert case.queue("planner") == [] and case.queue("planning.head", "unit_head") == []

    entries = case.timeline(case.staff("planner"))["entries"]
    by = {(entry["type"], entry["who"]["zh"]) for entry in entries}
    assert ("vote_cast", "不动产登记员 Registrar") in by, "the substitute acts in the own name"
    assert [entry["note"] for entry in entries if entry["type"] == "procedure_opened"] == ["超限高层，组织专家评审"]
    assert "publicity" not in case.events() and case.view()["published_until"] == "2026-11-23"


def test_which_steps_run_follows_from_the_form_and_the_findings(world: World) -> None:
    small = joint.submitted(world, floor_area=280)
    assert small.view()["skipped"] == ["environment", "traffic"]
    case = joint.submitted(world, floor_area=8_000, has_basement=False)
    assert case.view()["skipped"] == ["shelter", "traffic"]


def test_a_small_project_is_approved_at_once(world: World) -> None:
    applicant = world.real_person("戊建设")
    begun = applicant.post("/v1/applications", {"service": joint.SERVICE}).json
    form = {**begun["form"], "project": "门卫室", "site": "示例市", "floor_area": 60, "has_basement": False}
    applicant.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    assert applicant.post(f"/v1/applications/{begun['id']}/submit").json["status"] == "completed"


# What is missing


def test_all_units_say_that_nothing_is_missing_and_the_case_is_accepted(case: JointCase) -> None:
    assert case.view()["status"] == "received"
    case.confirm_all()
    view = case.view()
    assert (view["status"], view["accepted_on"], view["due_on"]) == ("accepted", "2026-11-02", "2026-11-18")
    assert case.queue("housing") == [], "whose step comes later has nothing to do yet"
    assert case.do("planner", "request_correction", "planning", points("site")).code == "correction_too_late"


def test_a_corrected_form_decides_anew_which_units_review_it(world: World) -> None:
    """A small project that becomes a large one by its correction is not spared three departments."""
    case = joint.submitted(world, floor_area=4_900, has_basement=False)
    case.claim("intake_check", "housing")
    case.done("housing", "confirm_papers", "intake_check")
    case.claim("planning")
    case.done("planner", "request_correction", "planning", points("site"))
    large = {**case.form, "floor_area": 90_000, "has_basement": True}
    assert case.applicant.post(f"/v1/applications/{case.id}/corrections", {"form": large}).json["status"] == "received"
    case.done("planner", "approve", "planning", OPINION)
    view = case.view()
    assert view["skipped"] == []
    assert {step["code"] for step in view["steps"] if step["status"] == "open"} == {
        "structure",
        "environment",
        "shelter",
        "traffic",
    }


def test_a_point_about_a_field_that_the_form_does_not_have_is_refused(case: JointCase) -> None:
    case.claim("planning")
    refused = case.do("planner", "request_correction", "planning", points("horoscope"))
    assert refused.code == "invalid_request" and refused.json["fields"][0]["path"] == "/items/0/field"


def test_a_unit_says_once_what_it_misses(case: JointCase) -> None:
    case.claim("intake_check", "housing")
    case.done("housing", "request_correction", "intake_check", points("project"))
    assert case.do("housing", "confirm_papers", "intake_check").code == "task_done"
    case.claim("planning")
    case.done("planner", "request_correction", "planning", points("site"))
    assert case.do("planner", "confirm_papers", "planning").code == "gaps_stated_before"


def test_the_notice_is_sent_on_the_last_day_with_what_was_said_by_then(world: World, case: JointCase) -> None:
    case.claim("intake_check", "housing")
    case.done("housing", "request_correction", "intake_check", points("project"))
    world.pass_time(days=4)  # Friday, the fourth working day
    assert sweep_applications.handler({})["failed"] == 0
    case.log_in_again()
    assert case.events()[-1] == "gap_check_due"
    world.pass_time(days=3)  # Monday, 16:00
    sweep_applications.handler({})
    case.log_in_again()
    told = case.applicant.get(f"/v1/applications/{case.id}").json
    assert told["status"] == "correction" and len(told["corrections"]) == 1
    assert case.events()[-1] == "correction_requested"


def test_nothing_told_in_five_working_days_is_an_acceptance_from_the_day_of_receipt(
    world: World, case: JointCase
) -> None:
    world.pass_time(days=4)
    sweep_applications.handler({})
    world.pass_time(days=4)  # Tuesday, the sixth working day
    sweep_applications.handler({})
    sweep_applications.handler({})
    case.log_in_again()
    assert case.events()[-3:] == ["gap_check_due", "application_deemed_accepted", "step_overdue"]
    view = case.view()
    assert (view["accepted_on"], view["due_on"]) == ("2026-11-02", "2026-11-18")
    assert case.queue("ecology") == []


def test_the_responsible_unit_may_refuse_to_accept(case: JointCase) -> None:
    case.claim("intake_check", "housing")
    body = {"opinion": "不属于本机关职权范围", "legal_basis": "行政许可法第三十二条"}
    assert case.do("housing", "not_accept", "intake_check", body).code == "only_lead_unit"
    case.claim("planning")
    case.done("planner", "not_accept", "planning", body)
    seen = case.applicant.get(f"/v1/applications/{case.id}").json
    assert seen["status"] == "not_accepted"
    assert (seen["refusal"]["reason"], seen["refusal"]["legal_basis"]) == (body["opinion"], body["legal_basis"])
    assert "六十日内" in seen["refusal"]["remedy"]["zh"] and "60 days" in seen["refusal"]["remedy"]["en"]


# Votes and signers


def test_all_reasons_are_collected_before_a_case_is_refused(reviewed: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        reviewed.claim(step)
    no = {"opinion": "日照不足", "legal_basis": "城乡规划法第四十条"}
    assert reviewed.done("housing", "refuse", "structure", no)["status"] == "accepted"
    reviewed.done("ecology", "approve", "environment", OPINION)
    reviewed.done("shelter", "refuse", "shelter", {"opinion": "人防面积不足"})
    refused = reviewed.done("officer.a", "approve", "traffic", OPINION)
    assert refused["status"] == "refused"
    told = reviewed.applicant.get(f"/v1/applications/{reviewed.id}").json["refusal"]
    assert told["reason"] == "示例市住房保障和房产局：日照不足；示例市人民防空办公室：人防面积不足"
    assert told["legal_basis"] == "城乡规划法第四十条"
    assert reviewed.do("housing", "refuse", "structure", no).json["status"] == "refused", "a repeat answers the same"


def test_two_posts_answer_one_after_the_other(reviewed: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        reviewed.approve(step)
    assert reviewed.queue("planning.head", "unit_head") == [], "not the head's turn yet"
    assert reviewed.do("planning.head", "claim", "decision", seat=2).code == "seat_not_open"
    assert reviewed.do("planning.head", "claim", "decision").code == "not_for_your_post"
    reviewed.approve("decision")
    (row,) = reviewed.queue("planning.head", "unit_head")
    assert row["id"] == reviewed.task("decision", 2)
    assert reviewed.do("planner", "claim", "decision", seat=2).code == "not_for_your_post"


def test_a_remark_for_staff_is_no_reason_of_a_refusal(reviewed: JointCase) -> None:
    reviewed.claim("shelter")
    reviewed.done("shelter", "refuse", "shelter", {"opinion": "人防面积不足"})
    reviewed.approve("environment")
    reviewed.approve("traffic")
    reviewed.claim("structure")
    reviewed.done("housing", "add_signer_after", "structure", {"to": "housing.b", "reason": "请会签"})
    reviewed.done("housing", "approve", "structure", OPINION)
    refused = reviewed.done("housing", "remove_signer", "structure", {"reason": "此人正在接受内部调查"}, seat=2)
    assert refused["status"] == "refused", "the last step is answered"
    assert "内部调查" not in str(reviewed.timeline())
    told = reviewed.applicant.get(f"/v1/applications/{reviewed.id}").json["refusal"]
    assert told["reason"] == "人防面积不足"


def test_a_reason_stands_once_though_its_vote_was_cast_twice(
    reviewed: JointCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function dies after the reason was kept and before the vote; the officer asks again, in better words."""
    reviewed.claim("structure")
    with monkeypatch.context() as patched, suppress(Crash):
        patched.setattr(deciding, "conclude", die)
        reviewed.do("housing", "refuse", "structure", {"opinion": "不行"})
    reviewed.done("housing", "refuse", "structure", {"opinion": "抗震等级偏低"})
    for step in ("environment", "shelter", "traffic"):
        reviewed.approve(step)
    told = reviewed.applicant.get(f"/v1/applications/{reviewed.id}").json["refusal"]
    assert told["reason"] == "抗震等级偏低"


def test_the_rules_approve_nothing_that_a_unit_has_refused(case: JointCase) -> None:
    """Corrected so that nobody would have to look at it, the case still waits for its officers."""
    case.approve("planning")
    case.claim("structure")
    case.done("housing", "refuse", "structure", {"opinion": "抗震等级偏低"})
    case.claim("shelter")
    case.done("shelter", "confirm_papers", "shelter")
    case.claim("traffic")
    case.done("officer.a", "confirm_papers", "traffic")
    case.claim("environment")
    case.done("ecology", "request_correction", "environment", points("floor_area"))
    path = f"/v1/applications/{case.id}"
    assert case.applicant.get(path).json["status"] == "correction"
    small = {**case.form, "floor_area": 280, "has_basement": False}
    corrected = case.applicant.post(f"{path}/corrections", {"form": small})
    assert corrected.json["status"] in ("received", "accepted"), corrected.json
    assert case.queue("ecology") != [], "who has asked looks at the answer"


def die(*_: object, **__: object) -> None:
    raise Crash


def test_a_refusal_without_a_law_of_its_own_names_the_services(reviewed: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        reviewed.approve(step)
    reviewed.approve("decision")
    reviewed.claim("decision", "planning.head", seat=2)
    refused = reviewed.done("planning.head", "refuse", "decision", {"opinion": "不符合规划条件"}, seat=2)
    assert refused["status"] == "refused"
    told = reviewed.applicant.get(f"/v1/applications/{reviewed.id}").json["refusal"]
    assert (told["reason"], told["legal_basis"]) == ("不符合规划条件", "中华人民共和国城乡规划法第四十条")


def test_a_signer_before_acts_first_and_the_holder_decides(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.done("housing", "add_signer_before", "structure", {"to": "housing.b", "reason": "请先审结构"})
    assert reviewed.do("housing", "approve", "structure", OPINION).code == "seat_not_open"
    again = {"to": "housing.b", "reason": "请后签"}
    assert reviewed.do("housing", "add_signer_after", "structure", again).code == "seat_not_open"
    reviewed.done("housing.b", "refuse", "structure", {"opinion": "抗震等级偏低"}, seat=2)
    assert reviewed.do("housing", "add_signer_after", "structure", again).code == "signers_both_ways"
    reviewed.done("housing", "approve", "structure", OPINION)
    assert "step_approved" in reviewed.events()


def test_a_rejection_among_signers_after_is_the_holders(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    after = {"to": "housing.b", "reason": "请复核"}
    reviewed.done("housing", "add_signer_after", "structure", after)
    twice = reviewed.do("housing", "add_signer_after", "structure", after)
    assert twice.code == "two_persons_needed", "nobody signs twice"
    reviewed.done("housing", "approve", "structure", OPINION)
    reviewed.done("housing.b", "refuse", "structure", {"opinion": "计算书有误"}, seat=2)
    states = {step["code"]: step["status"] for step in reviewed.view()["steps"]}
    assert states["structure"] == "refused"


def test_who_added_a_signer_removes_them(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.done("housing", "add_signer_before", "structure", {"to": "housing.b", "reason": "请先审"})
    assert (
        reviewed.do("housing.b", "remove_signer", "structure", {"reason": "不需要"}, seat=2).code == "signer_not_added"
    )
    reviewed.done("housing", "remove_signer", "structure", {"reason": "不需要了"}, seat=2)
    reviewed.done("housing", "approve", "structure", OPINION)


def test_an_after_signer_who_is_removed_lets_the_vote_stand(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.done("housing", "add_signer_after", "structure", {"to": "housing.b", "reason": "请复核"})
    reviewed.done("housing", "approve", "structure", OPINION)
    reviewed.done("housing", "remove_signer", "structure", {"reason": "出差"}, seat=2)
    assert {step["code"]: step["status"] for step in reviewed.view()["steps"]}["structure"] == "done"


def test_a_delegate_answers_and_the_task_goes_back(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.done("housing", "delegate", "structure", {"to": "housing.b", "reason": "请先看结构"})
    assert reviewed.do("housing", "approve", "structure", OPINION).code == "with_delegate"
    assert reviewed.do("housing.b", "approve", "structure", OPINION).code == "task_taken"
    (row,) = reviewed.queue("housing.b")
    assert row["officer"] == "housing.b"
    reviewed.done("housing.b", "answer_delegation", "structure", {"words": "结构没有问题"})
    assert reviewed.do("housing.b", "answer_delegation", "structure", {"words": "再说一次"}).code == "not_delegated"
    reviewed.done("housing", "delegate", "structure", {"to": "housing.b", "reason": "再看一次"})
    reviewed.done("housing", "take_back", "structure")
    assert reviewed.do("housing", "take_back", "structure").code == "no_delegation"
    reviewed.done("housing", "approve", "structure", OPINION)


def test_another_unit_gives_an_opinion_and_another_one_is_informed(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    ask = {"unit": "transport_bureau", "words": "消防车道是否可行?"}
    reviewed.done("housing", "consult", "structure", ask)
    assert reviewed.do("housing", "consult", "structure", ask).code == "unit_not_possible"
    assert reviewed.do("housing", "consult", "structure", {**ask, "unit": "moon_bureau"}).code == "unit_not_possible"
    reviewed.done("housing", "send_copy", "structure", {"unit": "finance_bureau", "words": "涉及土地出让金"})
    rows = {row["kind"]: row for row in reviewed.queue("officer.a")}
    assert rows["consult"]["id"] == reviewed.task("structure", 2)
    reviewed.claim("structure", "officer.a", seat=2)
    assert reviewed.do("officer.a", "approve", "structure", OPINION, seat=2).code == "other_kind_of_task"
    reviewed.done("officer.a", "give_opinion", "structure", {"words": "可行"}, seat=2)
    assert reviewed.done("housing", "approve", "structure", OPINION)["status"] == "accepted"


def test_a_copy_shows_how_the_case_stands_and_nothing_that_was_filled_in(reviewed: JointCase) -> None:
    item = store.application(reviewed.id)
    assert item is not None
    address = Address(recipient="张收件", phone="13812345678", division="320102", detail="示例路 8 号")
    store.set_delivery(item, Choice(mode="courier", address=address))
    tampering.overwrite(item)
    reviewed.claim("structure")
    reviewed.done("housing", "send_copy", "structure", {"unit": "transport_bureau", "words": "请知悉"})
    own = reviewed.staff("housing").get(f"/v1/tasks/{reviewed.task('structure')}").json
    assert "phone" in own["application"]["delivery"]
    seen = reviewed.staff("officer.a").get(f"/v1/tasks/{reviewed.task('structure', 2)}").json
    assert seen["application"]["form"] == {} and seen["application"]["facts"] == {}
    assert "recipient" not in seen["application"]["delivery"] and "phone" not in seen["application"]["delivery"]
    assert seen["case"]["status"] == "accepted"
    assert reviewed.do("officer.a", "claim", "structure", seat=2).code == "other_kind_of_task"
    reviewed.done("officer.a", "mark_read", "structure", seat=2)
    assert reviewed.do("officer.a", "mark_read", "structure", seat=2).code == "task_done"


def test_a_note_of_the_officers_is_kept(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.done("housing", "comment", "structure", {"words": "已电话核实设计单位资质"})
    assert "comment_added" in reviewed.events()
    shown = [entry["type"] for entry in reviewed.timeline()["entries"]]
    assert "comment_added" not in shown and "papers_confirmed" not in shown, "officers' own business"
    assert {"application_accepted", "step_approved", "step_opened"} <= set(shown)


# Who has a task


def test_the_head_assigns_and_moves_tasks(reviewed: JointCase) -> None:
    to_a = {"to": "housing", "reason": "请办理"}
    assert reviewed.staff("housing").post(f"/v1/tasks/{reviewed.task('structure')}/assign", to_a).status == 403
    reviewed.done("housing.head", "assign", "structure", to_a)
    assert reviewed.do("housing.head", "assign", "structure", {**to_a, "to": "housing.b"}).code == "task_taken"
    reviewed.done("housing.head", "reassign", "structure", {"to": "housing.b", "reason": "工作量调整"})
    stranger = {"to": "ecology", "reason": "工作量调整"}
    assert reviewed.do("housing.head", "reassign", "structure", stranger).code == "no_such_colleague"
    assert (
        reviewed.do("housing.head", "reassign", "structure", {**stranger, "to": "nobody"}).code == "no_such_colleague"
    )
    reviewed.done("administrator", "reassign", "structure", {"to": "housing", "reason": "单位负责人空缺"})
    (row,) = reviewed.queue("housing")
    assert row["officer"] == "housing"


def test_a_leavers_tasks_go_back_to_the_pool(world: World, reviewed: JointCase) -> None:
    reviewed.claim("structure", "housing.b")
    head = reviewed.staff("housing.head")
    moved = head.post("/v1/tasks/hand_over", {"officer": "housing.b", "reason": "已调离"}).json
    while moved.get("cursor"):
        body = {"officer": "housing.b", "reason": "已调离", "cursor": moved["cursor"]}
        moved = head.post("/v1/tasks/hand_over", body).json
    (row,) = reviewed.queue("housing")
    assert "officer" not in row
    reviewed.approve("structure")


def test_a_hand_over_says_what_it_could_not_do(reviewed: JointCase, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed.claim("structure", "housing.b")
    receipt = reviewed.applicant.get(f"/v1/applications/{reviewed.id}").json["receipt"]
    left = []

    def fail(*_: object, **__: object) -> None:
        raise refusals.OWED(materials="fire_chapter")

    monkeypatch.setattr(deciding, "conclude", fail)
    answer = {"cursor": ""}
    while "cursor" in answer:
        body = {"officer": "housing.b", "reason": "已调离"}
        if answer["cursor"]:
            body["cursor"] = answer["cursor"]
        answer = reviewed.staff("housing.head").post("/v1/tasks/hand_over", body).json
        left += answer["left"]
    assert reviewed.view()["status"] == "accepted" and receipt in left


def test_a_substitute_of_another_unit_or_oneself_is_refused(reviewed: JointCase) -> None:
    housing = reviewed.staff("housing")
    days = {"first_day": "2026-02-02", "last_day": "2026-02-06"}
    assert housing.put("/v1/absences/housing", {"substitute": "planner", **days}).code == "substitute_not_possible"
    assert housing.put("/v1/absences/housing", {"substitute": "housing", **days}).code == "substitute_not_possible"
    assert housing.put("/v1/absences/planner", {"substitute": "housing", **days}).status == 404
    assert housing.put("/v1/absences/housing.b", {"substitute": "housing", **days}).code == "only_unit_head"
    turned = {"substitute": "housing.b", "first_day": "2026-11-06", "last_day": "2026-11-02"}
    assert housing.put("/v1/absences/housing", turned).code == "absence_invalid"
    head = reviewed.staff("housing.head")
    assert head.put("/v1/absences/housing.b", {"substitute": "housing", **days}).status == 200
    assert housing.get("/v1/absences/housing.b").code == "only_unit_head"
    assert head.get("/v1/absences/housing.b").json["substitute"] == "housing"


def test_a_substitute_acts_only_while_the_officer_is_away(world: World, reviewed: JointCase) -> None:
    reviewed.claim("structure", "housing.b")
    with reviewed.away("housing.b", "housing", last_day="2026-11-03"):
        reviewed.done("housing", "comment", "structure", {"words": "代办"})
        world.pass_time(days=2)
        reviewed.log_in_again()
        assert reviewed.do("housing", "approve", "structure", OPINION).code == "task_taken"


def test_a_colleague_whose_own_matter_it_is_gets_no_task(world: World) -> None:
    from local.staff import made_up_number

    number = made_up_number("housing.b")
    person = world.real_person("住房审核员乙", number)
    begun = person.post("/v1/applications", {"service": joint.SERVICE}).json
    form = {**begun["form"], "project": "自建房", "site": "示例市", "floor_area": 26_000, "has_basement": True}
    person.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    assert person.post(f"/v1/applications/{begun['id']}/submit").status == 200
    case = JointCase(world=world, applicant=person, id=begun["id"], form=form).accepted()
    case.claim("structure")
    named = {"to": "housing.b", "reason": "请办理"}
    for verb in ("transfer", "delegate", "add_signer_before", "add_signer_after"):
        assert case.do("housing", verb, "structure", named).code == "own_matter_of_colleague", verb
    assert case.do("housing.b", "claim", "structure").code == "own_matter"
    with case.away("housing", "housing.b"):
        assert case.do("housing.b", "approve", "structure", OPINION).code == "own_matter", "also as a substitute"


# Back


def test_a_return_into_the_middle_of_a_parallel_block_is_refused_with_what_is_possible(reviewed: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        reviewed.approve(step)
    reviewed.claim("decision")
    seen = reviewed.staff("planner").get(f"/v1/tasks/{reviewed.task('decision')}").json
    assert seen["return_to"] == ["planning"]
    back = reviewed.do("planner", "return_to", "decision", {"step": "structure", "reason": "退回住建"})
    assert back.code == "return_not_possible" and "planning" in back.json["title"]
    reviewed.claim("decision")
    reviewed.done("planner", "return_to", "decision", {"step": "planning", "reason": "重新核对"})
    view = reviewed.view()
    assert {step["code"]: step["round"] for step in view["steps"] if step["status"] == "open"} == {"planning": 2}
    assert view["due_on"] == "2026-11-18", "the clock runs on"


def test_an_officer_takes_the_own_vote_back_while_nobody_has_acted_on_it(reviewed: JointCase) -> None:
    reviewed.approve("structure")
    reviewed.done("housing", "recall", "structure", {"reason": "看错了图纸"})
    (row,) = reviewed.queue("housing")
    assert row["mark"] == "recalled"
    for step in ("environment", "shelter", "traffic"):
        reviewed.approve(step)
    reviewed.done("housing", "approve", "structure", OPINION)
    assert reviewed.queue("planner") != []
    reviewed.done("housing", "recall", "structure", {"reason": "再看一次"})
    assert reviewed.queue("planner") == [], "what the vote had opened is closed again"
    reviewed.done("housing", "approve", "structure", OPINION)
    reviewed.claim("decision")
    assert reviewed.do("housing", "recall", "structure", {"reason": "太晚"}).code == "not_recallable"
    assert reviewed.do("ecology", "recall", "structure", {"reason": "不是我的"}).status == 404


# Clocks


def test_only_what_the_step_allows_is_opened_and_by_a_document(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.claim("environment")
    body = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "专家评审"}
    assert reviewed.do("housing", "open_procedure", "structure", {**body, "document": ""}).code == "invalid_request"
    assert (
        reviewed.do("housing", "open_procedure", "structure", {**body, "kind": "hearing"}).code
        == "procedure_not_allowed"
    )
    assert reviewed.do("housing", "open_procedure", "structure", {**body, "days": 31}).code == "procedure_too_long"
    assert reviewed.do("ecology", "open_procedure", "environment", body).code == "procedure_not_allowed"
    assert (
        reviewed.do("housing", "close_procedure", "structure", {"kind": "expert_review", "result": "没有"}).code
        == "no_procedure"
    )
    reviewed.done("housing", "open_procedure", "structure", body)
    assert reviewed.do("housing", "open_procedure", "structure", body).code == "procedure_running"
    (row,) = reviewed.queue("housing")
    assert row["light"] == "grey" and "due_on" not in row
    assert reviewed.do("ecology", "approve", "environment", OPINION).code == "case_paused"
    reviewed.done("ecology", "comment", "environment", {"words": "等待评审"})


def test_a_procedure_that_takes_too_long_is_told(world: World, reviewed: JointCase) -> None:
    reviewed.claim("structure")
    body = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 2, "reason": "专家评审"}
    reviewed.done("housing", "open_procedure", "structure", body)
    world.pass_time(days=40)
    for _ in range(2):
        sweep_applications.handler({})
    reviewed.log_in_again()
    assert reviewed.events().count("procedure_overdue") == 1


def test_the_head_extends_the_limit_once(world: World, reviewed: JointCase) -> None:
    for step in ("structure", "environment", "shelter", "traffic"):
        reviewed.approve(step)
    body = {"days": 10, "document": "规划延告〔2026〕3号", "reason": "案情复杂"}
    assert reviewed.do("planner", "extend", "decision", body).status == 403
    assert reviewed.do("planning.head", "extend", "decision", {**body, "days": 16}).code == "extension_not_allowed"
    extended = reviewed.done("planning.head", "extend", "decision", body)
    assert extended["due_on"] == "2026-12-02" and reviewed.view()["extension_days"] == 10
    assert reviewed.do("planning.head", "extend", "decision", body).code == "extended_before"


def test_an_overdue_step_tells_its_unit_and_its_head_may_act(world: World, reviewed: JointCase) -> None:
    reviewed.claim("structure")
    reviewed.claim("environment")
    world.pass_time(days=8)  # Tuesday the 10th; the step's five working days end on the 9th
    sweep_applications.handler({})
    sweep_applications.handler({})
    reviewed.log_in_again()
    assert reviewed.events().count("step_overdue") == 1, "one event for all of them"
    (row,) = reviewed.queue("housing")
    assert (row["mark"], row["light"]) == ("overdue", "red")
    reviewed.claim("structure", "housing.head")
    reviewed.done("housing.head", "approve", "structure", OPINION)
    assert reviewed.view()["status"] == "accepted", "nothing is approved by waiting"


def test_an_overdue_case_is_told_once(world: World, reviewed: JointCase) -> None:
    world.pass_time(days=17)
    for _ in range(2):
        sweep_applications.handler({})
    reviewed.log_in_again()
    assert reviewed.events().count("application_overdue") == 1


def test_the_applicant_asks_to_hurry_once_a_working_day(world: World, reviewed: JointCase) -> None:
    path = f"/v1/applications/{reviewed.id}/urge"
    assert reviewed.applicant.post(path).status == 200
    assert {row["mark"] for row in reviewed.queue("housing")} == {"urged"}
    assert reviewed.applicant.post(path).code == "urged_today"
    world.pass_time(days=1)
    reviewed.log_in_again()
    assert reviewed.applicant.post(path).status == 200


def test_a_supervisor_asks_and_is_answered_in_writing(reviewed: JointCase) -> None:
    path = f"/v1/applications/{reviewed.id}/supervise"
    supervisor = reviewed.staff("supervisor")
    assert supervisor.post(path, {"words": "为何迟迟未办?"}).status == 200
    units = ["civil_defence", "ecology_bureau", "housing_bureau", "transport_bureau"]
    assert reviewed.view()["supervised"] == units
    assert supervisor.post(path, {"words": "再问一次"}).code == "supervision_open"
    reviewed.claim("traffic")
    reviewed.done("officer.a", "answer_supervision", "traffic", {"words": "正在计算交通量，明日办结"})
    assert reviewed.do("officer.a", "answer_supervision", "traffic", {"words": "再答"}).code == "no_supervision"
    assert reviewed.view()["supervised"] == units[:-1], "each unit answers for itself"
    assert supervisor.post(path, {"words": "再问一次"}).code == "supervision_open"
    for step in ("structure", "environment", "shelter"):
        reviewed.approve(step)
    assert supervisor.post(path, {"words": "再问一次"}).status == 200, "who has decided is not asked any more"
    assert reviewed.view()["supervised"] == ["transport_bureau"]


# 容缺 and 承诺


def test_the_decision_waits_for_what_is_owed(world: World) -> None:
    case = joint.submitted(world, later=["fire_chapter"]).accepted()
    assert case.view()["owed"] == [{"material": "fire_chapter", "until": "2026-11-09"}]
    for step in ("structure", "environment", "shelter", "traffic"):
        case.approve(step)
    case.approve("decision")
    case.claim("decision", "planning.head", seat=2)
    waiting = case.do("planning.head", "approve", "decision", OPINION, seat=2)
    assert waiting.code == "material_owed" and "fire_chapter" in waiting.json["title"]
    assert case.do("planning.head", "receive_material", "decision", {"material": "x"}, seat=2).code == "nothing_owed"
    case.done("planning.head", "receive_material", "decision", {"material": "fire_chapter"}, seat=2)
    assert case.done("planning.head", "approve", "decision", OPINION, seat=2)["status"] == "completed"


def test_a_small_project_with_something_owed_is_not_approved_at_once(world: World) -> None:
    case = joint.submitted(world, floor_area=60, has_basement=False, later=["fire_chapter"])
    assert case.view()["skipped"] == ["environment", "shelter", "traffic"]


def test_what_was_promised_at_submitting_stands_during_a_correction(world: World) -> None:
    case = joint.submitted(world, floor_area=280, later=["fire_chapter"])
    for place, username in ((1, "housing"), (2, "shelter")):
        case.claim("intake_check", username, seat=place)
        case.done(username, "confirm_papers", "intake_check", seat=place)
    case.claim("planning")
    case.done("planner", "request_correction", "planning", points("site"))
    path = f"/v1/applications/{case.id}/promises"
    assert case.applicant.put(path, {"later": []}).code == "promise_stands"
    assert case.applicant.put(path, {"later": ["fire_chapter"]}).status == 200


def test_what_is_owed_and_does_not_come_ends_the_case(world: World) -> None:
    case = joint.submitted(world, later=["fire_chapter"]).accepted()
    world.pass_time(days=8)
    sweep_applications.handler({})
    case.log_in_again()
    assert case.events()[-1] == "application_terminated"
    assert case.queue("housing") == []
    assert case.do("housing", "claim", "structure").code == "task_done"


def test_a_promise_is_only_taken_where_the_service_offers_it(world: World) -> None:
    applicant = world.real_person("戊建设")
    begun = applicant.post("/v1/applications", {"service": joint.SERVICE}).json
    path = f"/v1/applications/{begun['id']}/promises"
    assert applicant.put(path, {"later": ["drawings"]}).code == "promise_not_offered"
    assert applicant.put(path, {"commitment": True}).code == "promise_not_offered"
    assert applicant.put(path, {"later": ["fire_chapter"]}).json["later"] == [{"material": "fire_chapter"}]
    assert applicant.put(path, {}).json["later"] == [], "the ordinary way stays open"


def test_a_promise_is_checked_after_the_decision(world: World) -> None:
    _, application = promised(world)
    officer = world.staff("housing")
    task = f"/v1/tasks/{application}-promise_check"
    assert officer.post(f"{task}/claim").status == 200
    assert officer.post(f"{task}/approve", OPINION).code == "other_kind_of_task"
    kept = officer.post(f"{task}/confirm_promise", {"words": "已核查，属实"})
    assert kept.json["status"] == "completed"
    assert officer.post(f"{task}/confirm_promise", {"words": "再次"}).code == "task_done"


def test_a_false_promise_revokes_the_decision_and_no_further_one_is_taken(world: World) -> None:
    buyer, application = promised(world)
    officer = world.staff("housing")
    task = f"/v1/tasks/{application}-promise_check"
    officer.post(f"{task}/claim")
    broken = officer.post(f"{task}/report_false_promise", {"reason": "名下有两套住房"})
    assert broken.json["status"] == "revoked"
    certificate = buyer.get(f"/v1/applications/{application}").json["certificate_id"]
    assert buyer.get(f"/v1/certificates/{certificate}").json["status"] == "revoked"
    again = buyer.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    refused = buyer.put(f"/v1/applications/{again['id']}/promises", {"commitment": True})
    assert refused.code == "promise_not_possible"

    path = f"/v1/applications/{application}"
    assert buyer.get(path).json["promise_broken_on"] == "2026-11-02"
    words = {"reason": "已整改，予以信用修复"}
    assert world.staff("planning.head").post(f"{path}/restore_credit", words).status == 404
    head = world.staff("housing.head")
    assert "promise_broken_on" not in head.post(f"{path}/restore_credit", words).json
    assert head.post(f"{path}/restore_credit", words).code == "no_credit_record"
    assert buyer.get(f"{path}/timeline").json["entries"][-1]["type"] == "credit_restored"
    assert buyer.put(f"/v1/applications/{again['id']}/promises", {"commitment": True}).status == 200


def test_an_unchecked_promise_is_overdue(world: World) -> None:
    _, application = promised(world)
    world.pass_time(days=15)
    sweep_applications.handler({})
    officer = world.staff("housing")
    seen = officer.get(f"/v1/tasks/{application}-promise_check").json
    assert (seen["task"]["mark"], seen["task"]["light"]) == ("overdue", "red")


# What is possible


def test_an_officer_sees_which_verbs_are_possible_and_why_others_are_not(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    seen = reviewed.staff("housing").get(f"/v1/tasks/{reviewed.task('structure')}").json
    verbs = {verb["verb"]: verb for verb in seen["verbs"]}
    possible = {name for name, verb in verbs.items() if verb["possible"]}
    assert possible >= {"claim", "approve", "refuse", "transfer", "delegate", "add_signer_before", "open_procedure"}
    assert verbs["request_correction"]["code"] == "correction_too_late"
    assert verbs["assign"]["code"] == "only_unit_head" and verbs["assign"]["reason"]["zh"]
    assert verbs["recall"]["code"] == "not_recallable"


def test_a_verb_on_an_old_version_of_the_case_is_refused(reviewed: JointCase) -> None:
    reviewed.claim("structure")
    version = reviewed.view()["case_version"]
    reviewed.claim("environment")
    old = reviewed.do("housing", "approve", "structure", {**OPINION, "case_version": version})
    assert (old.status, old.code) == (409, "changed_meanwhile")
    now = reviewed.view()["case_version"]
    assert reviewed.do("housing", "approve", "structure", {**OPINION, "case_version": now}).status == 200


def test_a_task_that_was_moved_meanwhile_is_somebody_elses(reviewed: JointCase) -> None:
    reviewed.claim("structure", "housing.b")
    reviewed.done("housing.head", "reassign", "structure", {"to": "housing", "reason": "调整"})
    assert reviewed.do("housing.b", "approve", "structure", OPINION).code == "task_taken"


@pytest.mark.parametrize("task", ["x", "0-review", "review", "0-review-x", "0-review-99999", "-", "--", "0--1"])
def test_no_such_task(world: World, task: str) -> None:
    assert world.staff().get(f"/v1/tasks/{task}").status == 404


# Once a day


def test_a_unit_with_a_duty_phone_hears_each_morning_what_waits(world: World, case: JointCase) -> None:
    assert case.queue("housing") != []
    assert tell_units.handler({})["told"] == 1
    (message,) = world.simulators.sms.outbox
    assert message["phone"] == "13900000101" and "新到" in message["text"]
    tell_units.handler({})
    assert len(world.simulators.sms.outbox) == 1, "the provider knows the serial"
    world.pass_time(days=4)
    sweep_applications.handler({})
    tell_units.handler({})
    assert "催办督办 0 件" not in world.simulators.sms.outbox[-1]["text"], "the one notice is due"
    world.pass_time(days=1)  # a Saturday
    assert tell_units.handler({}) == {"told": 0}
