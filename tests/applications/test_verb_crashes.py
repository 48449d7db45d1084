"""A process that dies before, after or unheard at each write of each verb; and then the verb once more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.applications import service, store
from chalicelib.applications.service import cases
from chalicelib.kernel.events import history
from scenes import joint
from scenes.joint import OPINION, JointCase
from scenes.world import World
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


GAPS = {"items": [{"field": "/form/site", "what": "请补充地点"}]}
# what was before, who, which verb, on which step and seat, with what; the most writes; the events of it, however often
VERBS: list[tuple[Prepare, str, str, str, int, Any, int, dict[str, int]]] = [
    (accepted, "housing", "claim", "structure", 1, None, 2, {"task_claimed": 6}),
    (taken, "housing", "release", "structure", 1, None, 2, {"task_released": 1}),
    (taken, "housing", "approve", "structure", 1, OPINION, 2, {"step_approved": 2}),
    (taken, "housing", "refuse", "structure", 1, {"opinion": "不符合"}, 2, {"step_refused": 1}),
    (taken, "housing", "transfer", "structure", 1, NAMED, 2, {"task_transferred": 1}),
    (taken, "housing", "delegate", "structure", 1, NAMED, 2, {"task_delegated": 1}),
    (delegated, "housing.b", "answer_delegation", "structure", 1, {"words": "可以"}, 2, {"delegate_answered": 1}),
    (delegated, "housing", "take_back", "structure", 1, None, 2, {"delegation_taken_back": 1}),
    (taken, "housing", "add_signer_before", "structure", 1, NAMED, 3, {"signer_added": 1}),
    (taken, "housing", "add_signer_after", "structure", 1, NAMED, 1, {"signer_added": 1}),
    (signed, "housing", "remove_signer", "structure", 2, {"reason": "不用了"}, 3, {"signer_removed": 1}),
    (taken, "housing", "consult", "structure", 1, {"unit": "transport_bureau", "words": "请提"}, 2,
     {"opinion_requested": 1}),
    (asked, "officer.a", "give_opinion", "structure", 2, {"words": "可行"}, 2, {"opinion_given": 1}),
    (taken, "housing", "send_copy", "structure", 1, {"unit": "finance_bureau", "words": "请知"}, 2, {"copy_sent": 1}),
    (taken, "housing", "open_procedure", "structure", 1, EXPERTS, 9, {"procedure_opened": 1}),
    (paused, "housing", "close_procedure", "structure", 1, {"kind": "expert_review", "result": "通过"}, 9,
     {"procedure_closed": 1}),
    (voted, "housing", "recall", "structure", 1, {"reason": "看错"}, 2, {"step_recalled": 1}),
    (through_the_branches, "planner", "return", "decision", 1, BACK, 3, {"step_returned": 1}),
    (through_the_branches, "planner", "approve", "decision", 1, OPINION, 3, {"vote_cast": 1}),
    (before_the_head, "planning.head", "approve", "decision", 2, OPINION, 2, {"application_completed": 1}),
    (asked_for_gaps, "housing", "request_correction", "intake_check", 1, GAPS, 3, {"gaps_stated": 1}),
    (told_by_four, "planner", "confirm_papers", "planning", 1, None, 2, {"correction_requested": 1}),
]  # fmt: skip
IDS = [f"{row[2]} {row[3]} {row[0].__name__}" for row in VERBS]


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("row", VERBS, ids=IDS)
def test_a_verb_survives_a_death_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, row: tuple[Any, ...], mode: str
) -> None:
    prepare, username, verb, step, seat, body, writes, events = row
    case = joint.submitted(world)
    prepare(case)
    case.staff(username)
    for point in range(1, writes + 1):
        with dying_at(monkeypatch, point, mode) as seen, suppress(Crash):
            case.do(username, verb, step, body, seat=seat)
        again = case.do(username, verb, step, body, seat=seat)
        assert again.status < 500, again.json
        if seen[0] < point:
            break
    world.pump()
    happened = [entry.type for entry in history.entries(f"APPLICATION#{case.id}")[0]]
    for name, times in events.items():
        assert happened.count(name) == times, f"{name} has happened {happened.count(name)} times"
    found = service.jobs.check_queues(lambda: True)
    assert found["stuck"] == 0
    item = store.application(case.id)
    assert item is not None
    rows = cases.rows_of(cases.case_of(item), item)
    assert all(store.has_row(one) for one in rows.values())
    shown = {row_["id"]: row_.get("officer") for name in ("housing", "planner") for row_ in case.queue(name)}
    assert all(shown.get(one.id, one.officer) in (one.officer, None) for one in rows.values())
