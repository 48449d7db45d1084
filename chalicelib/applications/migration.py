"""Moving a running case to another version of its workflow, by an explicit mapping of its steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.applications import events
from chalicelib.applications.process import OWN_STEPS, Process
from chalicelib.catalog.definition import Workflow

EVENT = events.DEFINITION_CHANGED


def fault(before: Workflow, after: Workflow, process: Process, steps: Mapping[str, str]) -> tuple[str, str] | None:
    """Why a mapping cannot be used, in Chinese and English; None if it can.

    Every step that the case has begun or skipped is mapped to a step of the new version, each to another one, of the
    same unit and with the same seats: a vote is never handed to somebody else.
    """
    begun = [step.code for step in process.steps if step.code not in OWN_STEPS] + process.skipped
    missing = sorted(set(begun) - set(steps))
    if missing:
        return f"没有说明环节 {', '.join(missing)} 对应哪个环节", f"steps without a counterpart: {', '.join(missing)}"
    if len(set(steps.values())) < len(steps):
        return "两个环节对应同一个环节", "two steps have one counterpart"
    known = {step.code: step for step in after.steps}
    former = {step.code: step for step in before.steps}
    for old, new in steps.items():
        if old not in former or new not in known:
            return f"没有环节 {old} 或 {new}", f"no step {old} or {new}"
        if former[old].unit != known[new].unit:
            return f"环节 {old} 和 {new} 不是同一单位", f"{old} and {new} are of different units"
        if former[old].answer.posts != known[new].answer.posts:
            return f"环节 {old} 和 {new} 的岗位不同", f"{old} and {new} have different seats"
    return None


def apply(process: Process, steps: Mapping[str, str]) -> None:
    """Give the case's steps their names in the new version; rounds, seats, votes and days stay."""
    for state in process.steps:
        state.code = steps.get(state.code, state.code)
    process.skipped = sorted(steps.get(code, code) for code in process.skipped)
    process.extended_by = steps.get(process.extended_by, process.extended_by)
    for procedure in process.procedures:
        procedure.step = steps.get(procedure.step, procedure.step)
