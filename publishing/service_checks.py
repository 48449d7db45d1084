"""What must be true of a service's definition beyond its shape; rules are run against the examples.

Each check yields (file, place, reason) for what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import zen
from msgspec import UNSET

from chalicelib.applications import benefits, decisions, forms, rules
from chalicelib.catalog.definition import (
    Benefit,
    CertificateDefinition,
    City,
    Example,
    Once,
    QrElement,
    ServiceDefinition,
    TextElement,
)
from chalicelib.certificates import pdf
from chalicelib.certificates import rules as certificate_rules
from chalicelib.certificates import service as certificates
from chalicelib.kernel.errors import Problem
from publishing import fee_checks, fee_rows, rule_rows, workflow_checks

X_KEYWORDS = {"x-en", "x-fixed", "x-prefill", "x-options", "x-message"}
EFFECTS = ("not_accept", "refuse", "review")
APPLICANT_FIELDS = ("id", "kind", "name", "number")
SYSTEM_FACE = {"number", "issuer", "issued_on", "valid_from", "valid_to", "identifier"}
QR_NUMBER = "1" * 222
Found = Iterator[tuple[str, str, str]]


def structure(definition: ServiceDefinition, city: City, folder: str) -> dict[str, Found]:
    """The checks of each file."""
    return {
        "service.json": _check_item(definition, city, folder),
        "form.json": _check_form(definition),
        "workflow.json": workflow_checks.structure(definition, city),
        "rules.json": _check_rules(definition),
        "certificate.json": _check_result(definition),
        "fees.json": fee_checks.structure(definition, city),
    }


def _check_item(definition: ServiceDefinition, city: City, folder: str) -> Found:
    item = definition.item
    units, regions = {unit.code for unit in city.units}, {region.code for region in city.regions}
    if item.code != folder:
        yield "service.json", "$.code", f"is {item.code}, the folder is {folder}"
    if item.unit not in units:
        yield "service.json", "$.unit", f"no unit {item.unit} in city.json"
    for region in item.regions:
        if region not in regions:
            yield "service.json", "$.regions", f"no region {region} in city.json"
    for unit in item.joint_units:
        if unit not in units:
            yield "service.json", "$.joint_units", f"no unit {unit} in city.json"
    yield from _check_directory_entry(definition)


def _check_directory_entry(definition: ServiceDefinition) -> Found:
    item = definition.item
    if item.visits and item.visits_reason is UNSET:
        yield "service.json", "$.visits_reason", "whoever must come in person is told why"
    if not item.task_code.startswith(item.catalog_code):
        yield "service.json", "$.task_code", "must begin with the catalog_code"
    if item.promised_days > item.statutory_days:
        yield "service.json", "$.promised_days", "the promised limit exceeds the statutory limit"
    for source in item.sources:
        root, _, field = source.key.partition(".")
        known = (
            APPLICANT_FIELDS if root == "applicant" else definition.form.get("properties", {}) if root == "form" else ()
        )
        if field not in known:
            yield "service.json", f"$.sources {source.name}.key", f"{source.key} is no field of applicant or form"
    named = item.once.by if isinstance(item.once, Once) else []
    for field in named:
        if field not in definition.form.get("required", []):
            yield "service.json", "$.once.by", f"{field} is no field that form.json requires"
    if item.processing == "instant" and item.promised_days > 1:
        yield "service.json", "$.promised_days", "an instant service (即办件) promises 0 or 1 day"


def _check_form(definition: ServiceDefinition) -> Found:
    sources = {source.name for source in definition.item.sources}
    for file, schema in (("form.json", definition.form), ("facts.json", definition.facts)):
        try:
            jsonschema_rs.Draft202012Validator(schema, formats=forms.FORMATS, validate_formats=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            yield file, "", f"not a JSON Schema 2020-12: {str(error).splitlines()[0]}"
            return
    if definition.form.get("additionalProperties") is not False:
        yield "form.json", "$.additionalProperties", "must be false, so that unknown fields are refused"
    for name, described in definition.form.get("properties", {}).items():
        for place, reason in _check_field(described, sources):
            yield "form.json", f"$.properties.{name}{place}", reason


def _check_field(described: dict[str, Any], sources: set[str]) -> Iterator[tuple[str, str]]:
    if "title" not in described or "x-en" not in described:
        yield "", "needs title and x-en"
    for keyword in set(described) - X_KEYWORDS:
        if keyword.startswith("x-"):
            yield "", f"unknown keyword {keyword}; there are {', '.join(sorted(X_KEYWORDS))}"
    if described.get("format", "date") not in forms.FORMATS:
        yield "", f"unknown format {described['format']}; there are {', '.join(forms.FORMATS)}"
    message = described.get("x-message", {"zh": "x", "en": "x"})
    if not isinstance(message, dict) or set(message) != {"zh", "en"}:
        yield ".x-message", "needs zh and en"
    for keyword in ("x-prefill", "x-fixed"):
        path = described.get(keyword, "applicant.name").split(".")
        if path[0] not in ("applicant", "facts") or (path[0] == "facts" and path[1] not in sources):
            yield f".{keyword}", f"{'.'.join(path)} is no source of service.json"
    if described.get("x-options", "").split(".")[0] not in sources | {""}:
        yield ".x-options", f"{described['x-options']} is no source of service.json"


def _check_rules(definition: ServiceDefinition) -> Found:
    seen: set[str] = set()
    for node in definition.rules.get("nodes", []):
        if node.get("type") == "decisionTableNode" and node["content"].get("hitPolicy") != "collect":
            yield "rules.json", node["name"], "hitPolicy must be collect, so that all reasons are told"
    for table, rows in rule_rows.tables(definition):
        for number, row in enumerate(rows, 1):
            place = f"{table} row {number}"
            mistake = zen.validate_expression(row.get("when", ""))
            if mistake:
                yield "rules.json", place, f"when: {mistake['source']}"
            if rule_rows.literal(row.get("effect", "")) not in EFFECTS:
                yield "rules.json", place, f"effect must be one of {', '.join(EFFECTS)}, in quotes"
            for name in ("code", "zh", "en"):
                if not rule_rows.literal(row.get(name, "")):
                    yield "rules.json", place, f"{name} must be a text in quotes"
            code = str(rule_rows.literal(row.get("code", "")))
            if code in seen:
                yield "rules.json", place, f"code {code} stands in another row already"
            seen.add(code)


def _check_result(definition: ServiceDefinition) -> Found:
    """A certificate has its file, and nothing else has; only a certificate can be posted or fetched."""
    item = definition.item
    certificate = definition.certificate
    if (item.result_kind == "certificate") != (certificate is not None):
        yield "service.json", "$.result_kind", "is certificate if and only if there is a certificate.json"
    if (item.result_kind == "benefit") != isinstance(item.benefit, Benefit):
        yield "service.json", "$.benefit", "stands there if and only if result_kind is benefit"
    if isinstance(item.benefit, Benefit):
        yield from _check_benefit(definition, item.benefit)
    if certificate is not None:
        yield from _check_certificate(definition, certificate)
    elif item.pick_up or item.express:
        yield "service.json", "$.express", "only a certificate can be posted or fetched (express, pick_up)"


def _check_benefit(definition: ServiceDefinition, benefit: Benefit) -> Found:
    mistake = zen.validate_expression(benefit.amount)
    if mistake:
        yield "service.json", "$.benefit.amount", str(mistake["source"])
    for name, field in (("account", benefit.account), ("holder", benefit.holder)):
        is_text = definition.form.get("properties", {}).get(field, {}).get("type") == "string"
        if not is_text or field not in definition.form.get("required", []):
            yield "service.json", f"$.benefit.{name}", f"form.json does not require a text {field}"


def _check_certificate(definition: ServiceDefinition, certificate: CertificateDefinition) -> Found:
    yield from _check_face(definition, certificate)
    yield from _check_layout(certificate)
    if certificate.exclusive and certificate.exclusive.key not in certificate.face.values():
        yield "certificate.json", "$.exclusive.key", "must be the path of a face value"
    if (certificate.validity.end is None) == (certificate.validity.days is None):
        yield "certificate.json", "$.validity", "needs either end or days"
    if certificate.validity.days is not None and certificate.validity.days < 1:
        yield "certificate.json", "$.validity.days", "must be at least 1"


def _check_face(definition: ServiceDefinition, certificate: CertificateDefinition) -> Found:
    fields = definition.form.get("properties", {})
    for name, path in certificate.face.items():
        root, _, field = path.partition(".")
        if root not in ("form", "applicant", "facts"):
            yield "certificate.json", f"$.face.{name}", f"{path} begins with none of form, applicant, facts"
        elif root == "form" and field not in fields:
            yield "certificate.json", f"$.face.{name}", f"form.json has no field {field}"
        elif root == "form" and field not in definition.form.get("required", []):
            yield (
                "certificate.json",
                f"$.face.{name}",
                f"form.json does not require {field}; the face must have a value",
            )
    for name, words in certificate.words.items():
        if words.of not in certificate.face:
            yield "certificate.json", f"$.words.{name}.of", f"no face value {words.of}"
        yield from _without_entry(definition, certificate, words.of, f"$.words.{name}.words", words.words)
    signed = certificate.signed
    if signed.scope_face:
        yield from _without_entry(definition, certificate, signed.scope_face, "$.signed.scope", signed.scope)


def _check_layout(certificate: CertificateDefinition) -> Found:
    layout = certificate.layout
    templates = [("$.headline", certificate.headline)]
    templates += [(f"$.public[{at}].face", line.face) for at, line in enumerate(certificate.public)]
    for at, element in enumerate(layout.elements):
        place = f"$.layout.elements[{at}]"
        if isinstance(element, TextElement):
            templates.append((place + ".text", element.text))
        width = element.size if isinstance(element, QrElement) else element.width
        height = element.size if isinstance(element, QrElement) else getattr(element, "height", 0)
        if element.x + width > layout.width or element.y + height > layout.height:
            yield "certificate.json", place, f"reaches beyond the page of {layout.width:g} x {layout.height:g} mm"
    face = set(certificate.face) | set(certificate.words) | SYSTEM_FACE
    for place, template in templates:
        known = face | ({"revision"} if place.startswith("$.layout") else set())
        try:
            template.format_map(dict.fromkeys(known, ""))
        except (KeyError, ValueError, IndexError) as error:
            yield "certificate.json", place, f"no face value {error}"
    if sum(isinstance(element, QrElement) for element in layout.elements) != 1:
        yield "certificate.json", "$.layout.elements", "exactly one qr is needed"


def _without_entry(
    definition: ServiceDefinition,
    certificate: CertificateDefinition,
    face: str,
    place: str,
    table: Mapping[str, object],
) -> Found:
    """Choices of the form behind a face value that a table says nothing about."""
    field = certificate.face.get(face, "").removeprefix("form.")
    for choice in definition.form.get("properties", {}).get(field, {}).get("enum", []):
        if choice not in table:
            yield "certificate.json", place, f"no entry for {choice}, which form.json lets people choose"


def _check_benefits(definition: ServiceDefinition, given: list[Example]) -> Iterator[tuple[str, str]]:
    """What each example that may be approved pays, beside what it says."""
    for example in given:
        if example.outcome not in ("approve", "review"):
            continue
        context = fee_rows.context_of(example, example.form)
        problems = benefits.problems(definition, context)
        payout = benefits.payout(definition, context)
        amount = payout.amount if payout is not None else 0
        if problems:
            yield example.name, f"{problems[0].path}: {problems[0].en}"
        elif amount != example.benefit:
            yield example.name, f"expected a benefit of {example.benefit} fen, the definition says {amount}"


def examples(definition: ServiceDefinition, given: list[Example], city: City) -> Iterator[tuple[str, str]]:
    """Run the rules against the examples and draw the certificate of each that is approved."""
    used: set[str] = set()
    approved = 0
    reviewed = []
    for example in given:
        problems = forms.check(definition.form, example.form)
        if problems:
            yield example.name, f"the form is not valid: {problems[0].path} {problems[0].en}"
            continue
        context = fee_rows.context_of(example, example.form)
        try:
            findings = decisions.evaluate(definition, context)
        except (RuntimeError, KeyError, TypeError) as error:
            yield "", f"rules.json cannot be evaluated: {type(error).__name__}: {str(error).splitlines()[0]}"
            return
        codes = sorted(finding.code for finding in findings)
        used.update(codes)
        outcome = rules.outcome(finding.effect for finding in findings)
        if (outcome, codes) != (example.outcome, sorted(example.codes)):
            yield example.name, f"expected {example.outcome} {sorted(example.codes)}, the rules say {outcome} {codes}"
        elif outcome == "review":
            skipped = decisions.skipped_steps(definition, context, set(codes))
            reviewed.append((example, [step.code for step in definition.workflow.steps if step.code not in skipped]))
        elif outcome == "approve":
            approved += 1
            yield from _check_drawing(definition, example, context, city)
    yield from fee_checks.examples(definition, given)
    yield from workflow_checks.examples(definition, reviewed)
    yield from _check_benefits(definition, given)
    if not definition.rules:
        for example, _ in reviewed:
            yield from _check_drawing(definition, example, fee_rows.context_of(example, example.form), city)
    elif not approved:
        yield "", "no example leads to approval"
    for code, place in rule_rows.codes(definition).items():
        if code not in used:
            yield "", f"no example exercises rules.json {place} ({code}); a condition that cannot be met looks the same"


def _check_drawing(
    definition: ServiceDefinition, example: Example, context: dict[str, Any], city: City
) -> Iterator[tuple[str, str]]:
    certificate = definition.certificate
    if certificate is None:
        return
    try:
        face = {name: certificates.resolve(path, context) for name, path in certificate.face.items()}
        face |= {name: words.words[face[words.of]] for name, words in certificate.words.items()}
        if certificate.signed.scope_face:
            certificate.signed.scope[face[certificate.signed.scope_face]]
        if certificate.signed.kind == "vehicle":
            certificate_rules.encode_plate(face[certificate.signed.subject or ""])
        certificates.period(certificate, context)
        unit = next(unit for unit in city.units if unit.code == definition.item.unit)
        sample = dict.fromkeys(SYSTEM_FACE, "2026-01-01") | {"issuer": unit.name.zh, "revision": "1"}
        pdf.draw(certificate.layout, face | sample, "https://q.example.gov.cn/b/", QR_NUMBER)
    except KeyError as error:
        yield example.name, f"the certificate needs {error}, which the example does not have"
    except ValueError as error:
        yield example.name, f"the certificate cannot be made: {error}"
    except Problem as problem:
        yield example.name, f"the certificate cannot be drawn: {problem.en}"
