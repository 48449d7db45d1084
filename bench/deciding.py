"""What deciding a case costs: each verb, a unit's queue with ten and with 100,000 tasks.

Results are part of ``bench/results/journey.json``; the goals are held as limits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.applications import store
from chalicelib.applications.store import queues, watchlist
from chalicelib.kernel import aws, clock
from chalicelib.kernel.settings import settings
from scenes import joint
from scenes.joint import OPINION, JointCase

if TYPE_CHECKING:
    from bench.__main__ import Journey

FEW = 10
MANY = 100_000
UNIT = "ecology_bureau"
NAMED = {"to": "housing.b", "reason": "请办理"}
EXPERTS = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "专家评审"}
VERBS = (
    "verb: claim", "verb: transfer", "verb: delegate", "verb: answer a delegation", "verb: add a signer",
    "verb: remove a signer", "verb: consult", "verb: comment", "verb: approve one of four", "verb: recall",
    "verb: approve, the next begins", "verb: state what is missing", "verb: confirm papers", "verb: assign",
    "verb: release", "verb: send a copy", "verb: refuse one of four", "verb: approve first of two",
)  # fmt: skip
"""Verbs that touch one task."""
ALL_TASKS = (
    "verb: approve, four units begin", "verb: return to a step", "verb: open a procedure", "verb: close a procedure",
    "verb: extend",
)  # fmt: skip
"""Verbs that touch every open task of a case, at one or two units each, or move the day on which it is looked at."""
WHOLE_CASE = ("verb: the one notice", "verb: decide")
"""What ends a stage of the case: the list of what is missing; the decision, with its certificate and its messages."""
MOST = {VERBS: (3.0, 6.0), ALL_TASKS: (13.0, 9.0), WHOLE_CASE: (12.0, 14.0)}
"""Write units in front and behind, at most (docs/decisions/deciding.md)."""
MOST_MS = 6.0
QUEUE = "a unit's queue, {count} tasks"
MOST_RATIO = 1.2


class Deciding:
    """Cases of five units, one for each round."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    def run(self, rounds: int) -> None:
        """All rows; it is the next day afterwards, at the hour at which it began."""
        begun = clock.now()
        for _ in range(rounds):
            self._play()
            self._notice()
            self._decision()
        self._queues(rounds)
        self._journey.world.set_time(begun + timedelta(days=1))

    def _play(self) -> None:
        case = joint.submitted(self._journey.world)
        case.confirm_all()
        self._measure("approve, four units begin", case, "planner", "approve", "planning", OPINION)
        self._measure("claim", case, "housing", "claim", "structure", {})
        self._measure("transfer", case, "housing", "transfer", "structure", NAMED)
        case.staff("housing.b").renew()
        case.done("housing.b", "transfer", "structure", {**NAMED, "to": "housing"})
        self._measure("delegate", case, "housing", "delegate", "structure", NAMED)
        words = {"words": "没有问题"}
        self._measure("answer a delegation", case, "housing.b", "answer_delegation", "structure", words)
        self._measure("add a signer", case, "housing", "add_signer_before", "structure", NAMED)
        self._measure("remove a signer", case, "housing", "remove_signer", "structure", {"reason": "不用了"}, seat=2)
        ask = {"unit": "transport_bureau", "words": "请提意见"}
        case.claim("environment")
        self._measure("consult", case, "ecology", "consult", "environment", ask)
        self._measure("comment", case, "housing", "comment", "structure", words)
        self._measure("open a procedure", case, "housing", "open_procedure", "structure", EXPERTS)
        over = {"kind": "expert_review", "result": "通过"}
        self._measure("close a procedure", case, "housing", "close_procedure", "structure", over)
        self._measure("approve one of four", case, "housing", "approve", "structure", OPINION)
        self._measure("recall", case, "housing", "recall", "structure", {"reason": "看错了"})
        for step in ("environment", "shelter", "traffic"):
            self._journey.world.pass_time(seconds=61)
            case.staff(joint.OFFICERS[step]).renew()
            case.approve(step)
        self._measure("approve, the next begins", case, "housing", "approve", "structure", OPINION)
        case.staff("planner").renew()
        case.claim("decision")
        back = {"step": "planning", "reason": "重新核对"}
        self._measure("return to a step", case, "planner", "return_to", "decision", back)

    def _notice(self) -> None:
        """One unit misses something, the others do not; the last one's word sends the notice."""
        case = joint.submitted(self._journey.world)
        points = {"items": [{"field": "/form/site", "what": "请补充地点"}]}
        for seat, who in enumerate(("housing", "ecology", "shelter", "officer.a"), 1):
            case.claim("intake_check", who, seat=seat)
        case.claim("planning")
        self._measure("state what is missing", case, "housing", "request_correction", "intake_check", points)
        self._measure("confirm papers", case, "ecology", "confirm_papers", "intake_check", {}, seat=2)
        for seat, who in ((3, "shelter"), (4, "officer.a")):
            case.done(who, "confirm_papers", "intake_check", seat=seat)
        self._measure("the one notice", case, "planner", "confirm_papers", "planning", {})

    def _decision(self) -> None:
        """A case that one unit refuses, and one that is extended, and decided by two."""
        refused = joint.submitted(self._journey.world).accepted()
        self._measure("assign", refused, "housing.head", "assign", "structure", NAMED)
        refused.claim("environment")
        self._measure("release", refused, "ecology", "release", "environment", {})
        refused.claim("environment")
        copied = {"unit": "finance_bureau", "words": "请知悉"}
        self._measure("send a copy", refused, "ecology", "send_copy", "environment", copied)
        no = {"opinion": "不符合规划"}
        self._measure("refuse one of four", refused, "ecology", "refuse", "environment", no)
        case = joint.submitted(self._journey.world).accepted()
        for step in ("structure", "environment", "shelter", "traffic"):
            case.approve(step)
        case.claim("decision")
        longer = {"days": 5, "document": "延告〔2026〕3号", "reason": "案情复杂"}
        self._measure("extend", case, "planning.head", "extend", "decision", longer)
        self._measure("approve first of two", case, "planner", "approve", "decision", OPINION)
        case.claim("decision", "planning.head", seat=2)
        self._measure("decide", case, "planning.head", "approve", "decision", OPINION, seat=2)

    def _measure(
        self, name: str, case: JointCase, who: str, verb: str, step: str, body: dict[str, Any], seat: int = 1
    ) -> None:
        # A day has 86,400 seconds, and officers act on one case minutes apart: what the head carries of the last minute
        # for readers of the timeline is gone by then.
        self._journey.world.pass_time(seconds=61)
        client = case.staff(who)
        client.renew()
        path = f"/v1/tasks/{case.task(step, seat)}/{verb}"
        self._journey.measure(f"verb: {name}", lambda: client.post(path, body))

    def _queues(self, rounds: int) -> None:
        """The first page of a queue, whose tasks are nobody's: rows without cases."""
        officer = self._journey.world.staff("ecology")
        fill(0, FEW)
        for _ in range(rounds):
            self._journey.measure(QUEUE.format(count=FEW), lambda: officer.get("/v1/tasks"))
        fill(FEW, MANY)
        for _ in range(rounds):
            self._journey.measure(QUEUE.format(count=MANY), lambda: officer.get("/v1/tasks"))


def fill(first: int, last: int) -> None:
    """Rows of a unit's queue, from the ``first`` to the ``last``."""
    sample = queues.QueueRow(
        queues.queue_key(UNIT, "officer"),
        "sample",
        step="environment",
        seat=1,
        kind="sign",
        post="officer",
        mark="new",
        unit=UNIT,
        service=joint.SERVICE,
        service_version=1,
        receipt="TASK-TASK-TASK",
        head_version=1,
        due_on=clock.today(),
        opened=clock.today(),
    ).serialize()
    keys = [f"2099-01-01#{number:026d}-environment" for number in range(first, last)]
    put_all([{**sample, "sk": {"S": key}} for key in keys])


def copy_case(application_id: str, copies: int) -> None:
    """Running cases like this one: its head and its place on the list, under other ids."""
    head = store.application(application_id)
    listed = watchlist.clock_of(application_id)
    assert head is not None and listed is not None
    items = []
    for number in range(copies):
        new = f"{number:026d}"
        items.append({**head.serialize(), "pk": {"S": f"APPLICATION#{new}"}})
        place = {"gsi1pk": {"S": f"RUNNING#{watchlist.part_of(new)}"}, "gsi1sk": {"S": new}}
        items.append({**listed.serialize(), "pk": {"S": f"CLOCK#{new}"}, **place})
    put_all(items)


def put_all(items: list[dict[str, Any]]) -> None:
    """Write items as they are, 25 at a time."""
    client = aws.session().create_client("dynamodb")
    table = settings().table_prefix + store.TABLE
    for start in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={table: requests})


def missed(rows: list[dict[str, Any]]) -> list[str]:
    """The goals that are not reached, by rows of the journey."""
    by_name = {row["name"]: row for row in rows}
    found = []
    for names, (most_in_front, most_behind) in MOST.items():
        for name in names:
            row = by_name[name]
            costs_more = row["write_units"] > most_in_front or row["behind_write_units"] > most_behind
            if costs_more or row["cpu_ms"] > MOST_MS:
                found.append(name)
    few = by_name[QUEUE.format(count=FEW)]
    many = by_name[QUEUE.format(count=MANY)]
    # A full page has twenty rows, which are twice as many bytes.
    reads_more = many["read_units"] > few["read_units"] + 1
    if reads_more or many["cpu_ms"] > few["cpu_ms"] * MOST_RATIO:
        found.append(QUEUE.format(count=MANY))
    return found
