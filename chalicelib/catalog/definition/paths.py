"""The ways through a workflow: what may begin, what lies behind a step, where a case may be sent back to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.catalog.definition.workflow import Step, Workflow


def ready_steps(steps: Sequence[tuple[str, Sequence[str]]], done: Iterable[str]) -> list[str]:
    """The steps that may begin: not done, and everything that they come after is done."""
    finished = set(done)
    return [code for code, after in steps if code not in finished and finished.issuperset(after)]


def unreachable(workflow: Workflow) -> list[str]:
    """The steps that can never begin, because they wait for each other."""
    steps = [(step.code, step.after) for step in workflow.steps]
    done: list[str] = []
    while ready := ready_steps(steps, done):
        done += ready
    return sorted({step.code for step in workflow.steps} - set(done))


def followers(workflow: Workflow, code: str) -> set[str]:
    """Every step that comes after a step, directly or not."""
    found: set[str] = set()
    size = -1
    while size < len(found):
        size = len(found)
        for step in workflow.steps:
            if code in step.after or found.intersection(step.after):
                found.add(step.code)
    return found


def dominators(workflow: Workflow) -> dict[str, set[str]]:
    """For each step the steps that every way to it passes, itself among them.

    A step that comes after several waits for all of them, and each of them is a way to it.
    """
    found: dict[str, set[str]] = {}
    for step in _in_order(workflow):
        ways = [found[before] for before in step.after]
        common = set.intersection(*ways) if ways else set()
        found[step.code] = common | {step.code}
    return found


def _in_order(workflow: Workflow) -> list[Step]:
    """The steps, each behind those that it comes after."""
    steps = [(step.code, step.after) for step in workflow.steps]
    done: list[str] = []
    while ready := ready_steps(steps, done):
        done += ready
    return [workflow.step(code) for code in done]


def return_targets(workflow: Workflow, step: str, open_steps: Iterable[str], done: Iterable[str]) -> list[str]:
    """Where a step may send the case back to: what it names, was done, and lies on every way to every open step.

    A step in one branch of a parallel block is no such place: the other branch would go on meanwhile.
    """
    passed = dominators(workflow)
    finished = set(done)
    targets = []
    for code in workflow.step(step).return_to:
        is_before_all = all(code in passed[other] and code != other for other in open_steps)
        if code in finished and is_before_all:
            targets.append(code)
    return targets


def longest_way(workflow: Workflow, days: Mapping[str, int]) -> tuple[int, list[str]]:
    """The most days that a case can take through the steps one after the other, and these steps."""
    ends: dict[str, tuple[int, list[str]]] = {}
    for step in _in_order(workflow):
        before = max((ends[code] for code in step.after), default=(0, []))
        ends[step.code] = (before[0] + days[step.code], [*before[1], step.code])
    return max(ends.values())


def columns(workflow: Workflow) -> list[list[Step]]:
    """The steps in columns: each stands behind all that it comes after."""
    column: dict[str, int] = {}
    for step in _in_order(workflow):
        column[step.code] = max((column[code] + 1 for code in step.after), default=0)
    width = max(column.values()) + 1
    return [[step for step in workflow.steps if column[step.code] == place] for place in range(width)]
