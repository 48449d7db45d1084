"""What must be true of ``workflow.json``: no dead end, no circle, no step or condition that never applies; the law.

Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import zen

from chalicelib.applications import limits
from chalicelib.applications.process import OWN_STEPS
from chalicelib.catalog.definition import City, Example, ServiceDefinition, Step, paths
from publishing import rule_rows

FILE = "workflow.json"
Found = Iterator[tuple[str, str, str]]


def structure(definition: ServiceDefinition, city: City) -> Found:
    """The workflow as a graph, its units, its limits, its conditions."""
    steps = definition.workflow.steps
    codes = [step.code for step in steps]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield FILE, f"$.steps {code}", "two steps have one code"
    if len(set(codes)) < len(codes):
        return
    unknown = False
    for step in steps:
        for other in step.after:
            if other not in codes:
                unknown = True
                yield FILE, f"$.steps {step.code}.after", f"no step {other}"
    if unknown:
        return
    waiting = paths.unreachable(definition.workflow)
    for code in waiting:
        yield FILE, f"$.steps {code}.after", "can never begin: the steps wait for each other"
    if waiting:
        return
    yield from _check_steps(definition, city)
    yield from _check_returns(definition)
    yield from _check_limits(definition)
    yield from _check_procedures(definition)
    yield from _check_promises(definition)
    yield from _check_publicity(definition)


def _check_steps(definition: ServiceDefinition, city: City) -> Found:
    units = {unit.code for unit in city.units}
    rows = rule_rows.codes(definition)
    for step in definition.workflow.steps:
        place = f"$.steps {step.code}"
        if step.code in OWN_STEPS:
            yield FILE, place, f"{', '.join(OWN_STEPS)} are steps of every workflow; choose another code"
        for unit in [step.unit, *step.consulted]:
            if unit not in units:
                yield FILE, f"{place}.unit", f"no unit {unit} in city.json"
        if step.unit in step.consulted or len(set(step.consulted)) < len(step.consulted):
            yield FILE, f"{place}.consulted", "a unit is consulted once, and not by itself"
        yield from _check_condition(step, rows)
        if step.answer.method != "ratio" and step.answer.share != 100:
            yield FILE, f"{place}.answer.share", "only a ratio has a share"
    conditional = [step for step in definition.workflow.steps if step.is_conditional]
    if len(conditional) == len(definition.workflow.steps):
        yield FILE, "$.steps", "every step has a condition: a case that meets none would end undecided"


def _check_condition(step: Step, rows: dict[str, str]) -> Found:
    if step.when:
        mistake = zen.validate_expression(step.when)
        if mistake:
            yield FILE, f"$.steps {step.code}.when", str(mistake["source"])
    for code in step.found:
        if code not in rows:
            yield FILE, f"$.steps {step.code}.found", f"no row of rules.json has the code {code}"


def _check_returns(definition: ServiceDefinition) -> Found:
    """A target must lie on every way to the step: in one branch of a parallel block the other would go on."""
    passed = paths.dominators(definition.workflow)
    known = {step.code for step in definition.workflow.steps}
    for step in definition.workflow.steps:
        possible = sorted(passed[step.code] - {step.code})
        for target in step.return_to:
            if target not in known:
                yield FILE, f"$.steps {step.code}.return_to", f"no step {target}"
            elif target not in possible:
                reason = f"{target} is not on every way to {step.code}; possible: {', '.join(possible) or 'none'}"
                yield FILE, f"$.steps {step.code}.return_to", reason


def _check_limits(definition: ServiceDefinition) -> Found:
    item = definition.item
    steps = definition.workflow.steps
    own = {step.code: step.days for step in steps}
    days = {code: given for code, given in own.items() if isinstance(given, int)}
    if len(steps) > 1:
        for code in sorted(set(own) - set(days)):
            yield FILE, f"$.steps {code}.days", "a workflow of several steps gives each of them a limit"
    if len(days) == len(steps):
        longest, way = paths.longest_way(definition.workflow, days)
        if longest > item.promised_days:
            reason = f"{' - '.join(way)} takes {longest} working days, the promise is {item.promised_days}"
            yield FILE, "$.steps", reason
    joint = len(definition.workflow.units()) > 1
    lawful = limits.LAWFUL_JOINT_DAYS if joint else limits.LAWFUL_DAYS
    is_permit = item.task_type == "行政许可"
    if is_permit and item.statutory_days > lawful and not item.limit_basis:
        reason = f"a permit is decided within {lawful} working days (行政许可法 42); name the law in limit_basis"
        yield "service.json", "$.statutory_days", reason
    most = limits.LAWFUL_JOINT_EXTENSION if joint else limits.LAWFUL_EXTENSION
    for step in steps:
        if step.extension_days > most and not item.limit_basis:
            yield FILE, f"$.steps {step.code}.extension_days", f"at most {most} working days (行政许可法 42)"
    for unit in definition.workflow.units():
        if unit not in (item.unit, *item.joint_units):
            yield "service.json", "$.joint_units", f"the workflow has a step of {unit}, which is not named here"


_PRIVATE_PATHS = ("number", "phone", "id_number")
_PUBLIC_TYPES = ("string", "integer", "number", "boolean")


def _check_publicity(definition: ServiceDefinition) -> Found:
    """What is made public is a field of the form with one value, and nobody's ID number or phone."""
    workflow = definition.workflow
    for step in workflow.steps:
        if step.publicity_days and isinstance(step.days, int) and step.days * 7 < step.publicity_days * 5:
            reason = f"the limit of {step.days} working days is over before {step.publicity_days} days of publicity are"
            yield FILE, f"$.steps {step.code}.publicity_days", reason
    is_public = bool(workflow.published_days) or any(step.publicity_days for step in workflow.steps)
    if is_public != bool(workflow.published_fields):
        reason = "name the fields that anybody may read" if is_public else "nothing is made public: no days are given"
        yield FILE, "$.published_fields", reason
    properties = definition.form["properties"]
    for name in workflow.published_fields:
        described = properties.get(name)
        if described is None:
            yield FILE, "$.published_fields", f"no field {name} in form.json"
            continue
        source = str(described.get("x-fixed") or described.get("x-prefill") or "")
        is_private = source.rpartition(".")[2] in _PRIVATE_PATHS or described.get("format") == "id-number"
        is_plain = described.get("type") in _PUBLIC_TYPES or "enum" in described
        if is_private or not is_plain:
            yield FILE, "$.published_fields", f"{name} is not for the public: one plain value, no ID number, no phone"


def _check_procedures(definition: ServiceDefinition) -> Found:
    named = [procedure.kind for procedure in definition.workflow.procedures]
    used = {kind for step in definition.workflow.steps for kind in step.procedures}
    for step in definition.workflow.steps:
        for kind in step.procedures:
            if kind not in named:
                yield FILE, f"$.steps {step.code}.procedures", f"$.procedures does not say how long {kind} may take"
    for kind in sorted(set(named)):
        if named.count(kind) > 1:
            yield FILE, "$.procedures", f"{kind} stands twice"
        if kind not in used:
            yield FILE, f"$.procedures {kind}", "no step may open it"


def _check_promises(definition: ServiceDefinition) -> Found:
    item = definition.item
    for place, material in enumerate(item.materials):
        is_promised = material.need == "promised"
        is_described = bool(material.code) and bool(material.promised_days)
        if is_promised and (not is_described or not item.tolerance):
            reason = "a promised material needs code and promised_days, and the service a tolerance"
            yield "service.json", f"$.materials[{place}]", reason
    if item.commitment:
        rows = rule_rows.codes(definition)
        for code in item.commitment.replaces:
            if code not in rows:
                yield "service.json", "$.commitment.replaces", f"no row of rules.json has the code {code}"
        if item.commitment.unit not in definition.workflow.all_units():
            yield "service.json", "$.commitment.unit", "must have a step of the workflow"


def examples(definition: ServiceDefinition, given: list[tuple[Example, list[str]]]) -> Iterator[tuple[str, str]]:
    """Each example beside the steps that run for it: as expected, and every condition holds once and fails once."""
    ran: dict[str, set[bool]] = {step.code: set() for step in definition.workflow.steps}
    for example, steps in given:
        for code in ran:
            ran[code].add(code in steps)
        if example.steps and sorted(example.steps) != sorted(steps):
            yield example.name, f"expected the steps {sorted(example.steps)}, these run: {sorted(steps)}"
    for step in definition.workflow.steps:
        if step.is_conditional and ran[step.code] != {True, False}:
            yield "", f"no example shows that step {step.code} of workflow.json runs, and another that it is skipped"
