"""What deciding a case costs: each verb, a unit's queue with ten and with 100,000 tasks, limits computed anew.

Results are part of ``bench/results/journey.json``; the goals are held as limits. A verb that touches one task is held
to three write units in front. What touches every open task of a case (a special procedure, a step behind which four
units begin) costs one or two units for each of them, and stands in rows of its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from chalicelib.applications import service, store
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
    "verb: approve, the next begins", "verb: return to a step",
)  # fmt: skip
"""Verbs that touch one task."""
ALL_TASKS = ("verb: approve, four units begin", "verb: open a procedure", "verb: close a procedure")
MOST_WRITE_UNITS = 3.0
MOST_BEHIND = 6.0
MOST_MS = 6.0
MOST_FOR_ALL = 13.0
MOST_BEHIND_FOR_ALL = 9.0
"""Five open tasks, at two units each and the head; behind, a message to the applicant too."""
QUEUE = "a unit's queue, {count} tasks"
MOST_RATIO = 1.2
LIMITS_SAMPLE = 1000


class Deciding:
    """Cases of five units, one for each round."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    def run(self, rounds: int) -> dict[str, Any]:
        """All rows; and what is no request: the rate at which limits are computed anew."""
        for _ in range(rounds):
            self._play()
        self._queues(rounds)
        return self._limits()

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

    def _limits(self) -> dict[str, Any]:
        """How long it takes to look at all running cases again after a calendar was published."""
        case = joint.submitted(self._journey.world).accepted()
        copy_case(case.id, LIMITS_SAMPLE)
        started = time.process_time()
        job = service.jobs.recompute_limits(lambda: True)
        spent = time.process_time() - started
        each = spent / max(job.seen, 1)
        return {
            "limits_seen": job.seen,
            "limit_ms": round(each * 1000, 2),
            "hours_for_100000": round(each * 1e5 / 3600, 2),
        }


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
    for name in VERBS:
        row = by_name[name]
        costs_more = row["write_units"] > MOST_WRITE_UNITS or row["behind_write_units"] > MOST_BEHIND
        if costs_more or row["cpu_ms"] > MOST_MS:
            found.append(name)
    for name in ALL_TASKS:
        row = by_name[name]
        costs_more = row["write_units"] > MOST_FOR_ALL or row["behind_write_units"] > MOST_BEHIND_FOR_ALL
        if costs_more or row["cpu_ms"] > MOST_MS:
            found.append(name)
    few = by_name[QUEUE.format(count=FEW)]
    many = by_name[QUEUE.format(count=MANY)]
    # A full page has twenty rows, which are twice as many bytes.
    reads_more = many["read_units"] > few["read_units"] + 1
    if reads_more or many["cpu_ms"] > few["cpu_ms"] * MOST_RATIO:
        found.append(QUEUE.format(count=MANY))
    return found
