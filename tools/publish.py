"""Checks the city's folder and publishes it: ``make publish``.

All mistakes are listed at once, each with file, place and reason; nothing is published unless there is
none. Rules are run against the service's examples, and the certificate is drawn from one of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs
import msgspec
import zen

from chalicelib.applications import decisions, forms, rules
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import (
    CalendarYear,
    CertificateDefinition,
    City,
    Example,
    Item,
    QrElement,
    ServiceDefinition,
    TextElement,
    Workflow,
)
from chalicelib.certificates import pdf
from chalicelib.certificates import rules as certificate_rules
from chalicelib.certificates import service as certificates
from chalicelib.kernel import numbers
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.settings import InvalidSettings

SHAPES: dict[str, Any] = {
    "service.json": Item,
    "form.json": dict[str, Any],
    "facts.json": dict[str, Any],
    "rules.json": dict[str, Any],
    "workflow.json": Workflow,
    "certificate.json": CertificateDefinition,
    "examples.json": list[Example],
}
X_KEYWORDS = {"x-en", "x-fixed", "x-prefill", "x-options", "x-message"}
EFFECTS = ("not_accept", "refuse", "review")
APPLICANT_FIELDS = ("id", "kind", "name", "number")
SYSTEM_FACE = {"number", "issuer", "issued_on", "valid_from", "valid_to", "identifier"}
QR_NUMBER = "1" * 222
T = TypeVar("T")


@dataclass(frozen=True)
class Mistake:
    """What is wrong, in which file, where in it."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{': ' + self.place if self.place else ''}: {self.reason}"


class Mistakes(Exception):
    """The folder cannot be published."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise RepeatedName(next(name for name in names if names.count(name) > 1))
    return dict(pairs)


class RepeatedName(Exception):
    """A name stands twice in one JSON object."""


class _Reader:
    """Reads files into shapes and collects mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def add(self, file: str, place: str, reason: str) -> None:
        self.mistakes.append(Mistake(file, place, reason))

    def read(self, path: Path, shape: type[T], name: str) -> T | None:
        try:
            plain = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
            return msgspec.convert(plain, shape)
        except FileNotFoundError:
            self.add(name, "", "the file is missing")
        except json.JSONDecodeError as error:
            self.add(name, f"line {error.lineno} column {error.colno}", f"not JSON: {error.msg}")
        except RepeatedName as error:
            self.add(name, "", f"{error} stands twice in one object")
        except UnicodeDecodeError:
            self.add(name, "", "not UTF-8")
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            self.add(name, place.strip("`"), reason)
        return None


def read_folder(folder: Path) -> tuple[City, list[ServiceDefinition]]:
    """The city and its services, checked; raises ``Mistakes`` with all that is wrong."""
    reader = _Reader()
    city = _read_city(folder, reader)
    found = []
    services = folder / "services"
    if not services.is_dir():
        raise Mistakes([Mistake("services", "", "the folder is missing")])
    for service in sorted(path for path in services.iterdir() if path.is_dir()):
        definition = _read_service(service, city, reader)
        if definition is not None:
            found.append(definition)
    _check_unique(found, reader)
    if reader.mistakes or city is None:
        raise Mistakes(reader.mistakes)
    return city, found


def _check_unique(definitions: list[ServiceDefinition], reader: _Reader) -> None:
    """Two services must not share a task code, nor two kinds of certificate a type code."""
    for file, place, codes in (
        ("service.json", "$.task_code", [definition.item.task_code for definition in definitions]),
        ("certificate.json", "$.type_code", [definition.certificate.type_code for definition in definitions]),
    ):
        for definition, code in zip(definitions, codes, strict=True):
            if codes.count(code) > 1:
                reader.add(f"services/{definition.item.code}/{file}", place, f"{code} stands in another service too")


def publish_folder(folder: Path) -> int:
    """Check and publish; the number of the release, the current one if nothing changed.

    Raises ``Mistakes`` and changes nothing then.
    """
    city, definitions = read_folder(folder)
    return catalog.publish(city, definitions).number


def _read_city(folder: Path, reader: _Reader) -> City | None:
    plain = reader.read(folder / "city.json", dict[str, Any], "city.json")
    years = [
        reader.read(path, CalendarYear, f"calendar/{path.name}")
        for path in sorted((folder / "calendar").glob("*.json"))
    ]
    if plain is None or None in years:
        return None
    try:
        city = msgspec.convert({**plain, "calendar": msgspec.to_builtins(years)}, City)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        reader.add("city.json", place.strip("`"), reason)
        return None
    for unit in city.units:
        if not numbers.is_credit_code(unit.credit_code):
            reader.add("city.json", f"units {unit.code}", "the credit code's check character is wrong (GB 32100)")
    return city


def _read_service(folder: Path, city: City | None, reader: _Reader) -> ServiceDefinition | None:
    before = len(reader.mistakes)
    prefix = f"services/{folder.name}/"
    parts: dict[str, Any] = {name: reader.read(folder / name, shape, prefix + name) for name, shape in SHAPES.items()}
    files = [path.name for path in folder.iterdir() if not path.name.startswith(".") and not path.name.endswith("~")]
    for extra in sorted(set(files) - set(SHAPES)):
        reader.add(prefix + extra, "", "no such file belongs to a service")
    if len(reader.mistakes) > before or city is None:
        return None
    definition = ServiceDefinition(
        parts["service.json"],
        parts["form.json"],
        parts["facts.json"],
        parts["rules.json"],
        parts["workflow.json"],
        parts["certificate.json"],
    )
    checks = {
        "service.json": _check_item(definition, city, folder.name),
        "form.json": _check_form(definition),
        "workflow.json": _check_workflow(definition, city),
        "rules.json": _check_rules(definition),
        "certificate.json": _check_certificate(definition),
    }
    for name, check in checks.items():
        try:
            for file, place, reason in check:
                reader.add(prefix + file, place, reason)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            reader.add(prefix + name, "", f"is not in the expected shape ({type(error).__name__}: {error})")
    if len(reader.mistakes) == before:
        for place, reason in _check_examples(definition, parts["examples.json"], city):
            reader.add(prefix + "examples.json", place, reason)
    return definition


Found = Iterator[tuple[str, str, str]]


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
    if item.promised_days > item.statutory_days:
        yield "service.json", "$.promised_days", "the promised limit exceeds the statutory limit"
    for source in item.sources:
        root, _, field = source.key.partition(".")
        known = (
            APPLICANT_FIELDS if root == "applicant" else definition.form.get("properties", {}) if root == "form" else ()
        )
        if field not in known:
            yield "service.json", f"$.sources {source.name}.key", f"{source.key} is no field of applicant or form"
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
        place = f"$.properties.{name}"
        if "title" not in described or "x-en" not in described:
            yield "form.json", place, "needs title and x-en"
        for keyword in set(described) - X_KEYWORDS:
            if keyword.startswith("x-"):
                yield "form.json", place, f"unknown keyword {keyword}; there are {', '.join(sorted(X_KEYWORDS))}"
        for keyword in ("x-prefill", "x-fixed"):
            path = described.get(keyword, "applicant.name").split(".")
            if path[0] not in ("applicant", "facts") or (path[0] == "facts" and path[1] not in sources):
                yield "form.json", f"{place}.{keyword}", f"{'.'.join(path)} is no source of service.json"
        if described.get("x-options", "").split(".")[0] not in sources | {""}:
            yield "form.json", f"{place}.x-options", f"{described['x-options']} is no source of service.json"


def _check_workflow(definition: ServiceDefinition, city: City) -> Found:
    steps, units = definition.workflow.steps, {unit.code for unit in city.units}
    codes = [step.code for step in steps]
    if len(set(codes)) < len(codes):
        yield "workflow.json", "$.steps", "two steps have one code"
    for step in steps:
        if step.unit not in units:
            yield "workflow.json", f"$.steps {step.code}.unit", f"no unit {step.unit} in city.json"
        for other in step.after:
            if other not in codes:
                yield "workflow.json", f"$.steps {step.code}.after", f"no step {other}"
    done: list[str] = []
    while ready := rules.ready_steps([(step.code, step.after) for step in steps], done):
        done += ready
    for code in sorted(set(codes) - set(done)):
        yield "workflow.json", f"$.steps {code}.after", "can never begin: the steps wait for each other"


def _tables(definition: ServiceDefinition) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for node in definition.rules.get("nodes", []):
        if node.get("type") == "decisionTableNode":
            yield node["name"], node["content"]["rules"]


def _rule_codes(definition: ServiceDefinition) -> dict[str, str]:
    """Code of each row, with the place where it stands."""
    return {
        str(_literal(row.get("code", '""'))): f"{table} row {number}"
        for table, rows in _tables(definition)
        for number, row in enumerate(rows, 1)
    }


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _check_rules(definition: ServiceDefinition) -> Found:
    seen: set[str] = set()
    for node in definition.rules.get("nodes", []):
        if node.get("type") == "decisionTableNode" and node["content"].get("hitPolicy") != "collect":
            yield "rules.json", node["name"], "hitPolicy must be collect, so that all reasons are told"
    for table, rows in _tables(definition):
        for number, row in enumerate(rows, 1):
            place = f"{table} row {number}"
            mistake = zen.validate_expression(row.get("when", ""))
            if mistake:
                yield "rules.json", place, f"when: {mistake['source']}"
            if _literal(row.get("effect", "")) not in EFFECTS:
                yield "rules.json", place, f"effect must be one of {', '.join(EFFECTS)}, in quotes"
            for name in ("code", "zh", "en"):
                if not _literal(row.get(name, "")):
                    yield "rules.json", place, f"{name} must be a text in quotes"
            code = str(_literal(row.get("code", "")))
            if code in seen:
                yield "rules.json", place, f"code {code} stands in another row already"
            seen.add(code)


def _check_certificate(definition: ServiceDefinition) -> Found:
    yield from _check_face(definition)
    yield from _check_layout(definition)
    certificate = definition.certificate
    if certificate.exclusive and certificate.exclusive.key not in certificate.face.values():
        yield "certificate.json", "$.exclusive.key", "must be the path of a face value"
    if (certificate.validity.end is None) == (certificate.validity.days is None):
        yield "certificate.json", "$.validity", "needs either end or days"
    if certificate.validity.days is not None and certificate.validity.days < 1:
        yield "certificate.json", "$.validity.days", "must be at least 1"


def _check_face(definition: ServiceDefinition) -> Found:
    certificate, fields = definition.certificate, definition.form.get("properties", {})
    for name, path in certificate.face.items():
        root, _, field = path.partition(".")
        if root not in ("form", "applicant", "facts"):
            yield "certificate.json", f"$.face.{name}", f"{path} begins with none of form, applicant, facts"
        elif root == "form" and field not in fields:
            yield "certificate.json", f"$.face.{name}", f"form.json has no field {field}"
    for name, words in certificate.words.items():
        if words.of not in certificate.face:
            yield "certificate.json", f"$.words.{name}.of", f"no face value {words.of}"
        yield from _without_entry(definition, words.of, f"$.words.{name}.words", words.words)
    if certificate.signed.scope_face:
        yield from _without_entry(definition, certificate.signed.scope_face, "$.signed.scope", certificate.signed.scope)


def _check_layout(definition: ServiceDefinition) -> Found:
    certificate, layout = definition.certificate, definition.certificate.layout
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
    known = set(certificate.face) | set(certificate.words) | SYSTEM_FACE | {"revision"}
    for place, template in templates:
        try:
            template.format_map(dict.fromkeys(known, ""))
        except (KeyError, ValueError, IndexError) as error:
            yield "certificate.json", place, f"no face value {error}"
    if sum(isinstance(element, QrElement) for element in layout.elements) != 1:
        yield "certificate.json", "$.layout.elements", "exactly one qr is needed"


def _without_entry(definition: ServiceDefinition, face: str, place: str, table: Mapping[str, object]) -> Found:
    """Choices of the form behind a face value that a table says nothing about."""
    field = definition.certificate.face.get(face, "").removeprefix("form.")
    for choice in definition.form.get("properties", {}).get(field, {}).get("enum", []):
        if choice not in table:
            yield "certificate.json", place, f"no entry for {choice}, which form.json lets people choose"


def _check_examples(definition: ServiceDefinition, examples: list[Example], city: City) -> Iterator[tuple[str, str]]:
    used: set[str] = set()
    approved = 0
    for example in examples:
        problems = forms.check(definition.form, example.form)
        if problems:
            yield example.name, f"the form is not valid: {problems[0].path} {problems[0].en}"
            continue
        context = {
            "today": str(example.today),
            "applicant": example.applicant,
            "form": example.form,
            "facts": example.facts,
            "overlap": example.overlap,
        }
        findings = decisions.evaluate(definition, context)
        codes = sorted(finding.code for finding in findings)
        used.update(codes)
        outcome = rules.outcome(finding.effect for finding in findings)
        if (outcome, codes) != (example.outcome, sorted(example.codes)):
            yield example.name, f"expected {example.outcome} {sorted(example.codes)}, the rules say {outcome} {codes}"
        elif outcome == "approve":
            approved += 1
            yield from _check_drawing(definition, example, context, city)
    if not approved:
        yield "", "no example leads to approval"
    for code, place in _rule_codes(definition).items():
        if code not in used:
            yield "", f"no example exercises rules.json {place} ({code}); a condition that cannot be met looks the same"


def _check_drawing(
    definition: ServiceDefinition, example: Example, context: dict[str, Any], city: City
) -> Iterator[tuple[str, str]]:
    certificate = definition.certificate
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


def main(arguments: list[str]) -> int:
    check_only = "--check" in arguments
    folder = Path(next((argument for argument in arguments if not argument.startswith("--")), "city"))
    try:
        if check_only:
            _, definitions = read_folder(folder)
            print(f"{folder}: {len(definitions)} services, no mistake")
        else:
            _use_running_system()
            print(f"published release {publish_folder(folder)}, in use everywhere within {catalog.POINTER_SECONDS} s")
    except Mistakes as mistakes:
        print(f"mistakes found: {len(mistakes.mistakes)}; nothing was published\n{mistakes}", file=sys.stderr)
        return 1
    except catalog.TooLarge as error:
        print(f"not published: a definition is too large: {error}", file=sys.stderr)
        return 1
    except InvalidSettings as error:
        print(f"not published: {error}", file=sys.stderr)
        return 1
    except Problem:
        print("not published: the database does not answer; start the system with `make run` first", file=sys.stderr)
        return 1
    return 0


def _use_running_system() -> None:
    """Settings of ``make run`` unless the environment names another system."""
    import os

    if "TABLE_PREFIX" not in os.environ:
        from local import environment

        os.environ.update(environment.default().settings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
