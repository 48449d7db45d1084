"""What must be true of a service's fees: whole fen, known items, collecting units, and an example for every row.

What makes a fee smaller comes from a register or from an officer, never from what the applicant alone says. The
examples are played again with all combinations of the applicant's choices: none may be approved by the rules alone and
cost less. What can be filled in freely decides about optional items only.
Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import zen

from chalicelib.applications import decisions, forms
from chalicelib.catalog.definition import City, Example, ServiceDefinition
from chalicelib.payments.service import Charge

Found = Iterator[tuple[str, str, str]]


def structure(definition: ServiceDefinition, city: City) -> Found:
    """The fee items of ``service.json`` and the rows of ``fees.json``."""
    item, units = definition.item, {unit.code for unit in city.units}
    codes = [fee.code for fee in item.fees]
    if bool(codes) != bool(definition.fees):
        yield "fees.json", "", "service.json names fee items if and only if there is a fees.json"
    if codes and not item.online_payment:
        yield "service.json", "$.online_payment", "must be true for a service with fees"
    if codes and definition.certificate.exclusive:
        yield "certificate.json", "$.exclusive", "the period could be lost between approval and payment; leave it out"
    for fee in item.fees:
        if codes.count(fee.code) > 1:
            yield "service.json", f"$.fees {fee.code}", "two fee items have one code"
        if fee.unit not in units:
            yield "service.json", f"$.fees {fee.code}.unit", f"no unit {fee.unit} in city.json"
    if definition.fees:
        yield from _plain_tables("fees.json", definition.fees)
        yield from _plain_tables("rules.json", definition.rules)
    yield from _rows(definition, set(codes))


def _plain_tables(file: str, graph: dict[str, Any]) -> Found:
    """What could not be seen by the checks below: other nodes, other columns of conditions, the context as a whole."""
    for node in graph.get("nodes", []):
        kind = node.get("type")
        if kind not in _NODES:
            yield file, "", f"a service with fees has tables only, not {kind}"
        if kind != "decisionTableNode":
            continue
        inputs = node["content"].get("inputs", [])
        if len(inputs) != 1 or inputs[0].get("field"):
            yield file, str(node["name"]), "a service with fees has one column of conditions, which names no field"
    for place, row in _rows_of(graph):
        if "$" in f"{row.get('when', '')} {row.get('amount', '')}":
            yield file, place, "$ is not allowed in a service with fees: name the fields"


_NODES = ("inputNode", "decisionTableNode", "outputNode")


def _rows(definition: ServiceDefinition, items: set[str]) -> Found:
    seen: set[str] = set()
    for place, row in _places(definition):
        for name in ("when", "amount"):
            mistake = zen.validate_expression(row.get(name, ""))
            if mistake:
                yield "fees.json", place, f"{name}: {mistake['source']}"
        for name in ("code", "item", "zh", "en"):
            if not _literal(row.get(name, "")):
                yield "fees.json", place, f"{name} must be a text in quotes"
        if _literal(row.get("item", "")) not in items:
            yield "fees.json", place, f"no fee item {row.get('item')} in service.json"
        code = str(_literal(row.get("code", "")))
        if code in seen:
            yield "fees.json", place, f"code {code} stands in another row already"
        seen.add(code)


def _places(definition: ServiceDefinition) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _rows_of(definition.fees)


def _rows_of(graph: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of all tables, each with its place."""
    for node in graph.get("nodes", []):
        if node.get("type") == "decisionTableNode":
            for number, row in enumerate(node["content"]["rules"], 1):
                yield f"{node['name']} row {number}", row


def _literal(text: str) -> str | None:
    """The text in quotes, None for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def examples(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """Run the fee rules against the examples that are approved, by the rules or (``review``) by an officer."""
    used: set[str] = set()
    reductions: set[str] = set()
    for example in given:
        try:
            rows = decisions.fee_rows(definition, _context(example, example.form))
        except (decisions.FeesUnclear, RuntimeError, KeyError, TypeError) as error:
            yield example.name, f"fees.json: {str(error).splitlines()[0]}"
            continue
        if example.outcome not in ("approve", "review"):
            continue
        used |= {row.code for row in rows}
        reductions |= {row.code for row in rows if row.amount < 0}
        charged = {charge.item: charge.amount for charge in decisions.charges(definition, rows) if charge.amount}
        if charged != example.fees:
            yield example.name, f"expected fees {example.fees}, the rules say {charged}"
    for place, row in _places(definition):
        if _literal(row["code"]) not in used:
            yield "", f"no example that is approved or reviewed exercises fees.json {place}"
    for fault in _free_answers(definition, reductions):
        yield "", fault
    yield from _cheaper_choices(definition, given)


def _context(example: Example, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "today": str(example.today),
        "applicant": example.applicant,
        "form": form,
        "facts": example.facts,
        "overlap": example.overlap,
    }


# What the applicant alone decides, and pays less by it


def _fields_of(definition: ServiceDefinition, expression: str) -> set[str]:
    """The fields of the form that an expression reads; empty text for one that cannot be seen (``form["x"]``).

    A fact that is looked up by a field of the form is as good as that field.
    """
    found = set(re.findall(r"\bform\b(?:\.(\w+))?", expression))
    for source in definition.item.sources:
        field = source.key.removeprefix("form.")
        if field != source.key and re.search(rf"\bfacts\.{source.name}\b", expression):
            found.add(field)
    return found


def _choices(definition: ServiceDefinition) -> dict[str, list[Any]]:
    """What applicants may choose among in each field that offers a choice; ``_ABSENT`` where they may leave it out."""
    required = definition.form.get("required", [])
    found: dict[str, list[Any]] = {}
    for name, described in definition.form.get("properties", {}).items():
        if "x-fixed" in described:
            continue
        if "enum" in described:
            found[name] = list(described["enum"])
        elif described.get("type") == "boolean":
            found[name] = [True, False]
        if name in found and name not in required:
            found[name].append(_ABSENT)
    return found


_ABSENT = "(left out)"


def _answered(form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """The form with these answers in the place of its own."""
    changed = form | answers
    return {name: value for name, value in changed.items() if value is not _ABSENT}


def _free_answers(definition: ServiceDefinition, reductions: set[str]) -> Iterator[str]:
    """Rows that read what the applicant fills in freely: numbers, texts, lists. No example can play all of them.

    An optional fee item is one of which the applicant says how much is wanted; only its reductions are looked at.
    """
    properties = definition.form.get("properties", {})
    # What is fixed comes from a register, and so does a choice among what a register has (x-options).
    bound = {name for name, described in properties.items() if "x-fixed" in described or "x-options" in described}
    known = bound | set(_choices(definition))
    optional = {fee.code for fee in definition.item.fees if fee.optional}
    for place, row in _places(definition):
        is_quantity = _literal(row["item"]) in optional and _literal(row["code"]) not in reductions
        if is_quantity and not _QUANTITY.fullmatch(row["amount"].strip()):
            yield f"fees.json {place}: the amount of an optional item is a number, or form.<field> * number"
        if is_quantity:
            continue
        for name in sorted(_fields_of(definition, f"{row['when']} {row['amount']}") - known):
            yield (
                f"fees.json {place} depends on form.{name}, which the applicant fills in freely: take it from a "
                "register (x-fixed), let people choose among values (enum), or mark the fee item as optional in "
                "service.json"
            )
    # A rule about a choice that decides about money must not be switched off by what is filled in freely.
    deciding = set(_choices(definition)) & _fields_of(definition, _text_of(definition.fees))
    for place, row in _rows_of(definition.rules):
        read = _fields_of(definition, row.get("when", ""))
        if not read & deciding:
            continue
        for name in sorted(read - known):
            yield (
                f"rules.json {place} looks at form.{', form.'.join(sorted(read & deciding))}, which decides about "
                f"fees, and at form.{name}, which the applicant fills in freely: make two rows of it"
            )


_QUANTITY = re.compile(r"\d+|form\.\w+ ?\* ?\d+")


def _text_of(graph: dict[str, Any]) -> str:
    """All expressions of a graph's tables."""
    return " ".join(f"{row.get('when', '')} {row.get('amount', '')}" for _, row in _rows_of(graph))


def _cheaper_choices(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """Examples that cost less by other choices of the applicant, and are approved by the rules alone all the same."""
    read = _fields_of(definition, f"{_text_of(definition.fees)} {_text_of(definition.rules)}")
    choices = {name: values for name, values in _choices(definition).items() if name in read}
    combinations = list(itertools.islice(itertools.product(*choices.values()), _MOST_COMBINATIONS + 1))
    if len(combinations) > _MOST_COMBINATIONS:
        yield (
            "",
            f"fees and rules depend on more than {_MOST_COMBINATIONS} combinations of the applicant's choices",
        )
        return
    told: set[str] = set()
    for example in given:
        played: list[tuple[dict[str, Any], dict[str, Charge]]] = []
        for values in combinations:
            answers = dict(zip(choices, values, strict=True))
            charged = _charged(definition, example, _answered(example.form, answers))
            if charged is not None:
                played.append((answers, charged))
        for fee in definition.item.fees:
            if fee.code in told or not played:
                continue
            costs = [(_own_share(charged.get(fee.code), fee.optional), answers) for answers, charged in played]
            least, cheapest = min(costs, key=lambda one: one[0])
            most, dearest = max(costs, key=lambda one: one[0])
            if least < most:
                told.add(fee.code)
                changed = {name: value for name, value in cheapest.items() if dearest[name] != value}
                yield (
                    example.name,
                    f"the applicant's own choice {json.dumps(changed, ensure_ascii=False)} makes {fee.code} "
                    f"{most - least} fen cheaper and is approved at once: let rules.json send it to review unless a "
                    "register says so, or fix the field from a fact (x-fixed)",
                )


_MOST_COMBINATIONS = 2000


def _own_share(charge: Charge | None, is_optional: bool) -> int:
    """What must not depend on a choice: the price, or, of an optional item, what is taken off the price."""
    if charge is None:
        return 0
    return charge.amount - charge.standard if is_optional else charge.amount


def _charged(definition: ServiceDefinition, example: Example, form: dict[str, Any]) -> dict[str, Charge] | None:
    """What is charged, by fee item; None unless the form is right and the rules approve by themselves."""
    if forms.check(definition.form, form):
        return None
    context = _context(example, form)
    try:
        if decisions.evaluate(definition, context):
            return None
        rows = decisions.fee_rows(definition, context)
    except (RuntimeError, KeyError, TypeError):
        return None  # told by the checks of the examples themselves
    return {charge.item: charge for charge in decisions.charges(definition, rows)}
