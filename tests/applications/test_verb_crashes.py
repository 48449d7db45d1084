"""A process that dies before, after or unheard at each write of each verb; and then the verb once more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.applications import guards, service, store
from chalicelib.applications.process import OwedMaterial
from chalicelib.applications.service import cases
from chalicelib.applications.store import queues
from chalicelib.catalog import service as catalog
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import history
from scenes import joint, tampering
from scenes.joint import OPINION, JointCase
from scenes.promises import promised
from scenes.world import Client, World
from tests.cities import Alter
from tests.interleaving import Crash, dying_at

Prepare = Callable[[JointCase], None]
BACK = {"step": "planning", "reason": "重新核对"}
EXPERTS = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "专家评审"}
NAMED = {"to": "housing.b", "reason": "请办理"}


def accepted(case: JointCase) -> None:
    case.accepted()


def taken(case: JointCase) -> None:
    case.accepted()
    case.claim("structure")


def through_the_branches(case: JointCase) -> None:
    case.accepted()
    for step in ("structure", "environment", "shelter", "traffic"):
        case.approve(step)
    case.claim("decision")


def before_the_head(case: JointCase) -> None:
    through_the_branches(case)
    case.done("planner", "approve", "decision", OPINION)
    case.claim("decision", "planning.head", seat=2)


def delegated(case: JointCase) -> None:
    taken(case)
    case.done("housing", "delegate", "structure", NAMED)


def signed(case: JointCase) -> None:
    taken(case)
    case.done("housing", "add_signer_before", "structure", NAMED)


def asked(case: JointCase) -> None:
    taken(case)
    case.done("housing", "consult", "structure", {"unit": "transport_bureau", "words": "请提意见"})
    case.claim("structure", "officer.a", seat=2)


def paused(case: JointCase) -> None:
    taken(case)
    case.done("housing", "open_procedure", "structure", EXPERTS)


def voted(case: JointCase) -> None:
    taken(case)
    case.done("housing", "approve", "structure", OPINION)


def told_by_four(case: JointCase) -> None:
    """Only the planner has not said what is missing."""
    for place, username in enumerate(("housing", "ecology", "shelter", "officer.a"), 1):
        case.claim("intake_check", username, seat=place)
        verb = "request_correction" if username == "housing" else "confirm_papers"
        body = {"items": [{"field": "/form/site", "what": "请补充"}]} if username == "housing" else None
        case.done(username, verb, "intake_check", body, seat=place)
    case.claim("planning")


def asked_for_gaps(case: JointCase) -> None:
    case.claim("intake_check", "housing")


def informed(case: JointCase) -> None:
    taken(case)
    case.done("housing", "send_copy", "structure", {"unit": "transport_bureau", "words": "请知悉"})


def supervised(case: JointCase) -> None:
    taken(case)
    path = f"/v1/applications/{case.id}/supervise"
    assert case.staff("supervisor").post(path, {"words": "为何未办?"}).status == 200


def owing(case: JointCase) -> None:
    """As if the applicant had chosen to bring the material later."""
    taken(case)
    item = store.application(case.id)
    assert item is not None
    item.process.owed = [OwedMaterial(material="fire_chapter", days=5)]
    tampering.overwrite(item)


def asked_first(case: JointCase) -> None:
    case.claim("planning")


MOST_WRITES = 30
MOST_POINTS = 9
UNITS = {"housing": "housing_bureau", "planner": "natural_resources"}
EXTENSION = {"days": 5, "document": "规划延告〔2026〕3号", "reason": "案情复杂"}
OVER = {"kind": "expert_review", "result": "通过"}
GAPS = {"items": [{"field": "/form/site", "what": "请补充地点"}]}
# what was before, who, which verb, on which step and seat, with what; the event that happens once
VERBS: list[tuple[Prepare, str, str, str, int, Any, str]] = [
    (accepted, "housing", "claim", "structure", 1, None, "task_claimed"),
    (taken, "housing", "release", "structure", 1, None, "task_released"),
    (taken, "housing", "approve", "structure", 1, OPINION, "step_approved"),
    (taken, "housing", "refuse", "structure", 1, {"opinion": "不符合"}, "step_refused"),
    (taken, "housing", "transfer", "structure", 1, NAMED, "task_transferred"),
    (taken, "housing", "delegate", "structure", 1, NAMED, "task_delegated"),
    (delegated, "housing.b", "answer_delegation", "structure", 1, {"words": "可以"}, "delegate_answered"),
    (delegated, "housing", "take_back", "structure", 1, None, "delegation_taken_back"),
    (taken, "housing", "add_signer_before", "structure", 1, NAMED, "signer_added"),
    (taken, "housing", "add_signer_after", "structure", 1, NAMED, "signer_added"),
    (signed, "housing", "remove_signer", "structure", 2, {"reason": "不用了"}, "signer_removed"),
    (taken, "housing", "consult", "structure", 1, {"unit": "transport_bureau", "words": "请提"}, "opinion_requested"),
    (asked, "officer.a", "give_opinion", "structure", 2, {"words": "可行"}, "opinion_given"),
    (taken, "housing", "send_copy", "structure", 1, {"unit": "finance_bureau", "words": "请知"}, "copy_sent"),
    (taken, "housing", "open_procedure", "structure", 1, EXPERTS, "procedure_opened"),
    (paused, "housing", "close_procedure", "structure", 1, OVER, "procedure_closed"),
    (voted, "housing", "recall", "structure", 1, {"reason": "看错"}, "step_recalled"),
    (through_the_branches, "planner", "return_to", "decision", 1, BACK, "step_returned"),
    (through_the_branches, "planner", "approve", "decision", 1, OPINION, "vote_cast"),
    (before_the_head, "planning.head", "approve", "decision", 2, OPINION, "application_completed"),
    (asked_for_gaps, "housing", "request_correction", "intake_check", 1, GAPS, "gaps_stated"),
    (told_by_four, "planner", "confirm_papers", "planning", 1, None, "correction_requested"),
    (accepted, "housing.head", "assign", "structure", 1, NAMED, "task_assigned"),
    (taken, "housing.head", "reassign", "structure", 1, NAMED, "task_reassigned"),
    (informed, "officer.a", "mark_read", "structure", 2, None, "copy_read"),
    (through_the_branches, "planning.head", "extend", "decision", 1, EXTENSION, "limit_extended"),
    (supervised, "housing", "answer_supervision", "structure", 1, {"words": "明日办结"}, "supervision_answered"),
    (owing, "housing", "receive_material", "structure", 1, {"material": "fire_chapter"}, "material_supplied"),
    (asked_first, "planner", "not_accept", "planning", 1, {"opinion": "不属于本机关职权"}, "application_not_accepted"),
]  # fmt: skip
IDS = [f"{row[2]} {row[3]} {row[0].__name__}" for row in VERBS]


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("row", VERBS, ids=IDS)
def test_a_verb_survives_a_death_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, row: tuple[Any, ...], mode: str
) -> None:
    """A case of its own for each write, until one is reached that the verb does not have."""
    prepare, username, verb, step, seat, body, event = row
    known: dict[str, Client] = {}
    tried: list[JointCase] = []
    for point in itertools.count(1):
        case = joint.submitted(world)
        case.clients = known
        prepare(case)
        case.staff(username)
        before = _times(case, event)
        with dying_at(monkeypatch, point, mode) as seen, suppress(Crash):
            case.do(username, verb, step, body, seat=seat)
        again = case.do(username, verb, step, body, seat=seat)
        assert again.status < 500, again.json
        assert _times(case, event) == before + 1, f"after a death {mode} write {point}"
        _check_rows(case, f"{mode} write {point}")
        tried.append(case)
        if seen[0] < point:
            break
        assert point < MOST_WRITES
    _check_queues(tried, mode)


Act = Callable[[JointCase], Any]


def _urge(case: JointCase) -> Any:
    return case.applicant.post(f"/v1/applications/{case.id}/urge")


def _supervise(case: JointCase) -> Any:
    return case.staff("supervisor").post(f"/v1/applications/{case.id}/supervise", {"words": "为何未办?"})


def _give_back(case: JointCase) -> Any:
    """What ``hand_over`` does to each case of a leaver."""
    head = Actor(kind="staff", id="housing.head", unit="housing_bureau", roles=("unit_head",), person="a head")
    return service.tasks.give_back(head, case.id, "housing", "已调离")


def _move(case: JointCase) -> Any:
    item = store.application(case.id)
    assert item is not None
    steps = {step.code: step.code for step in service.definition_of(item).workflow.steps}
    body = {"version": catalog.current(joint.SERVICE)[0], "steps": steps, "reason": "事项更新"}
    return case.staff("administrator").post(f"/v1/applications/{case.id}/move_definition", body)


ACTS: list[tuple[Act, str, str]] = [
    (_urge, "application_urged", "urged_today"),
    (_supervise, "application_supervised", "supervision_open"),
    (_give_back, "task_released", ""),
    (_move, "definition_changed", ""),
]


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize(("act", "event", "repeated"), ACTS, ids=[event for _, event, _ in ACTS])
def test_what_is_done_to_a_whole_case_survives_a_death_at_every_write(
    world: World, alter: Alter, monkeypatch: pytest.MonkeyPatch, act: Act, event: str, repeated: str, mode: str
) -> None:
    """Done once, or done again by the repeat where that is a deed of its own: moved twice to the same version."""
    waiting = [joint.submitted(world) for _ in range(MOST_POINTS)]
    if act is _move:
        alter(f"services/{joint.SERVICE}/workflow.json", lambda workflow: workflow["steps"][0].update(days=2))
    known: dict[str, Client] = {}
    tried: list[JointCase] = []
    for point, case in enumerate(waiting, 1):
        case.clients = known
        taken(case)
        case.staff("supervisor")
        case.staff("administrator")
        with dying_at(monkeypatch, point, mode) as seen, suppress(Crash):
            act(case)
        again = act(case)
        if repeated and _times(case, event) == 1 and not isinstance(again, str):
            assert again.status == 200 or again.code == repeated
        most = 2 if act is _move else 1
        assert 1 <= _times(case, event) <= most, f"after a death {mode} write {point}"
        _check_rows(case, f"{mode} write {point}")
        tried.append(case)
        if seen[0] < point:
            _check_queues(tried, mode)
            return
    pytest.fail("there are more writes than points")


CHECKS = [
    ("confirm_promise", {"words": "已核查，属实"}, "promise_kept"),
    ("report_false_promise", {"reason": "名下有两套住房"}, "promise_broken"),
]


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize(("verb", "body", "event"), CHECKS)
def test_the_check_of_a_promise_survives_a_death_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str, body: Any, event: str, mode: str
) -> None:
    """A false promise revokes the certificate and is put on record with it, or nothing is."""
    officer = world.staff("housing")
    for point in itertools.count(1):
        buyer, application = promised(world)
        task = f"/v1/tasks/{application}-promise_check"
        assert officer.post(f"{task}/claim").status == 200
        with dying_at(monkeypatch, point, mode) as seen, suppress(Crash):
            officer.post(f"{task}/{verb}", body)
        again = officer.post(f"{task}/{verb}", body)
        assert again.status < 500, again.json
        world.pump()
        events = [entry.type for entry in history.entries(f"APPLICATION#{application}")[0]]
        assert events.count(event) == 1, f"after a death {mode} write {point}"
        revoked = verb == "report_false_promise"
        assert (buyer.get(f"/v1/applications/{application}").json["status"] == "revoked") == revoked
        item = store.application(application)
        assert item is not None
        assert (store.credit(item.applicant) is not None) == revoked
        if seen[0] < point:
            return
        assert point < MOST_WRITES


def test_every_verb_is_among_them() -> None:
    """All but ``comment``: the same words said twice are two comments, and decide nothing."""
    covered = {row[2] for row in VERBS} | {row[0] for row in CHECKS}
    assert set(guards.GUARDS) - covered == {"comment"}


def _times(case: JointCase, event: str) -> int:
    case.world.pump()
    return [entry.type for entry in history.entries(f"APPLICATION#{case.id}")[0]].count(event)


def _check_rows(case: JointCase, when: str) -> None:
    """Every task that is open is shown."""
    item = store.application(case.id)
    assert item is not None
    for row in cases.rows_of(cases.case_of(item), item).values():
        assert queues.has_row(row), f"a task that nobody sees after a death {when}: {row.sk}"


def _check_queues(tried: list[JointCase], mode: str) -> None:
    """What is shown besides is gone after the nightly check, which walks all queues: once for all the deaths."""
    assert service.jobs.check_queues(lambda: True)["stuck"] == 0
    for case in tried:
        item = store.application(case.id)
        assert item is not None
        rows = cases.rows_of(cases.case_of(item), item)
        for username in ("housing", "planner"):
            ids = {row.id for row in rows.values() if row.unit == UNITS[username] and row.post == "officer"}
            assert {row["id"] for row in case.queue(username)} == ids, f"{case.id} after a death {mode}"
