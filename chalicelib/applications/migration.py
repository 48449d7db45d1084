"""Moving a running case to another version of its workflow, by an explicit mapping of its steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.applications import rules
from chalicelib.applications.process import OWN_STEPS, Process
from chalicelib.catalog.definition import Workflow


def fault(before: Workflow, after: Workflow, process: Process, steps: Mapping[str, str]) -> tuple[str, str] | None:
    """Why a mapping cannot be used, in Chinese and English; None if it can.

    Every step that the case has begun or skipped is mapped to a step of the new version, each to another one, of the
    same unit, answered in the same way: a vote is never handed to somebody else. What has to come before a step that is
    open or done, in the new version, is done or skipped too.
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
        if former[old].answer != known[new].answer:
            return f"环节 {old} 和 {new} 的表决方式不同", f"{old} and {new} are answered in different ways"
    return _fault_of_order(after, process, steps)


def _fault_of_order(after: Workflow, process: Process, steps: Mapping[str, str]) -> tuple[str, str] | None:
    """Why the case would have gone past a step of the new version; None if it has not."""
    done = {steps[one.code] for one in process.steps if one.status == rules.STEP_DONE and one.code in steps}
    passed = done | {steps[code] for code in process.skipped}
    begun = [one.code for one in process.steps if one.status in (rules.STEP_OPEN, rules.STEP_DONE)]
    for code in begun:
        if code in OWN_STEPS:
            continue
        for before in after.step(steps[code]).after:
            if before not in passed:
                zh = f"新版本中 {before} 应当在 {steps[code]} 之前办理，而办件已经越过"
                return zh, f"{before} comes before {steps[code]} now, and the case has gone past it"
    return None


def apply(process: Process, steps: Mapping[str, str]) -> None:
    """Give the case's steps their names in the new version; rounds, seats, votes and days stay."""
    for state in process.steps:
        state.code = steps.get(state.code, state.code)
    process.skipped = sorted(steps.get(code, code) for code in process.skipped)
    process.told = [_renamed(mark, steps) for mark in process.told]
    process.extended_by = steps.get(process.extended_by, process.extended_by)
    for procedure in process.procedures:
        procedure.step = steps.get(procedure.step, procedure.step)


def _renamed(mark: str, steps: Mapping[str, str]) -> str:
    """What was told about a step stays told under its new name."""
    kind, separator, code = mark.partition(":")
    return f"{kind}{separator}{steps.get(code, code)}"
