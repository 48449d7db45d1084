"""The contract and the documents are what the declarations say."""

from __future__ import annotations

import ast
import json
import re
from typing import Annotated, Any, Literal

import msgspec
import yaml

from chalicelib.kernel import errors
from chalicelib.kernel.edge import endpoint, routing
from chalicelib.kernel.edge.endpoint import Answer, Request
from chalicelib.kernel.edge.shapes import View, one_of
from local.environment import ROOT
from scenes.world import World
from tests.answers import Answers
from tools import house, openapi

openapi.declared()  # all endpoints stand in the registry from here on, whichever test comes first


def test_committed_documents_are_generated_from_the_declarations() -> None:
    assert openapi.drift() == [], "run `make openapi`"


def test_every_endpoint_is_in_the_contract_and_back() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert described == {(one.path, one.method) for one in endpoint.REGISTRY}


def test_every_endpoint_lies_below_a_resource_and_is_found_by_its_path() -> None:
    router = routing.Router(endpoint.REGISTRY)
    served = routing.resources(endpoint.REGISTRY)
    for declared in endpoint.REGISTRY:
        given = re.sub(r"\{(\w+)\}", r"a-\1", declared.path)
        found = router.find(declared.method, given)
        assert found.endpoint is declared
        assert found.parameters == {name: f"a-{name}" for name in re.findall(r"\{(\w+)\}", declared.path)}
        assert routing.resource_of(declared) in served


MOST_RESOURCES = 20
"""Of the 300 that a REST API may have; each part of a path is one."""


def test_few_resources_are_needed() -> None:
    nodes = {"/"}
    for resource in routing.resources(endpoint.REGISTRY):
        parts = resource.strip("/").split("/")
        nodes |= {"/".join(parts[:length]) for length in range(1, len(parts) + 1)}
    assert len(nodes) <= MOST_RESOURCES


def test_every_error_is_documented_in_both_languages() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code in errors.REGISTRY.values():
        assert f"`{code.code}`" in text
        assert re.search("[一-鿿]", code.zh) and re.search("[A-Za-z]", code.en), code.code
        assert 400 <= code.status < 600 and re.fullmatch("[a-z_]+", code.code)


def faults_of_languages(text: str) -> list[str]:
    """Pairs of texts in code whose Chinese has no Chinese, or whose English has some."""
    places = {"FieldError": 2, "Text": 0, "EventType": None, "ErrorCode": None}
    faults = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if name not in places:
            continue
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        first = places[name]
        given = node.args[first : first + 2] if first is not None else []
        zh = named.get("zh", given[0] if given else None)
        en = named.get("en", given[1] if len(given) > 1 else None)
        if isinstance(zh, ast.Constant) and isinstance(zh.value, str) and not re.search("[一-鿿]", zh.value):
            faults.append(f"line {node.lineno}: {zh.value!r} is no Chinese")
        if isinstance(en, ast.Constant) and isinstance(en.value, str) and re.search("[一-鿿]", en.value):
            faults.append(f"line {node.lineno}: {en.value!r} is no English")
    return faults


def test_both_languages_stand_in_their_places() -> None:
    found = {}
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        faults = faults_of_languages(path.read_text(encoding="utf-8"))
        if faults:
            found[str(path.relative_to(ROOT))] = faults
    assert found == {}


def test_the_law_of_languages_finds() -> None:
    assert faults_of_languages("FieldError('/x', 'invalid', 'not valid', '无效')")
    assert len(faults_of_languages("Text('ok', '好')")) == 2
    assert faults_of_languages("ErrorCode('x', 409, zh='no', en='no')")
    assert not faults_of_languages("errors.FieldError('/x', 'invalid', '无效', 'not valid')")


def test_every_field_of_every_answer_is_described() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description") or schema.get("type") != "object", f"{name} has no docstring"


def test_schemas_are_named_for_clients_and_not_by_our_modules() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    assert [name for name in document["components"]["schemas"] if not name.isidentifier()] == []


def operations() -> list[tuple[str, dict[str, Any]]]:
    """Every operation of the contract, by its id."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    return [(one["operationId"], one) for item in document["paths"].values() for one in item.values()]


def test_every_operation_says_what_it_is_and_who_calls_it() -> None:
    for name, operation in operations():
        assert operation["summary"].endswith("."), name
        assert "Who: " in operation["description"], name
        feature, caller = operation["tags"]
        assert feature in openapi.titles() and caller in openapi.CALLERS, name
        assert "security" in operation, name


def test_every_operation_shows_an_example() -> None:
    shown = json.loads(openapi.EXAMPLES.read_text(encoding="utf-8"))
    wanted = {one.operation for one in endpoint.REGISTRY if openapi.is_schema(one.answer)}
    assert set(shown) == wanted, "run `make examples`"
    seen = Answers()
    for declared in endpoint.REGISTRY:
        example = shown.get(declared.operation)
        if example is None:
            continue
        answer = Answer(status=declared.status, body=json.dumps(example["answer"]).encode())
        body = json.dumps(example.get("body")).encode()
        request = Request(method="", path="", parameters={}, query={}, headers={}, body=body, source_ip="")
        seen.look_at(declared, request, answer)
        assert ("body" in example) == (declared.body is not None), declared.operation
        if declared.body is not None:
            msgspec.convert(example["body"], declared.body)
    assert seen.faults == set()


def faults_of_schemas(schemas: dict[str, Any], answers: set[str]) -> list[str]:
    """States without their values, moments without their format, and values that may be null in an answer."""
    faults = []
    for name in sorted(answers):
        for field, described in schemas[name].get("properties", {}).items():
            kinds = described.get("anyOf", [described])
            if field in ("status", "state") and not all("enum" in kind or "const" in kind for kind in kinds):
                faults.append(f"{name}.{field} does not say its values")
            is_moment = field == "at" or field.endswith("_at")
            if is_moment and described.get("format") != "date-time":
                faults.append(f"{name}.{field} is no date-time")
            if {"type": "null"} in kinds:
                faults.append(f"{name}.{field} may be null")
    return faults


def schemas_of_answers() -> tuple[dict[str, Any], set[str]]:
    """All schemas, and the names of those that answers are made of."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    reached: set[str] = set()
    waiting = [one.answer.__name__ for one in endpoint.REGISTRY if openapi.is_schema(one.answer)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += re.findall(r"#/components/schemas/(\w+)", json.dumps(schemas[name]))
    return schemas, reached


def test_answers_say_their_states_and_moments_and_leave_out_what_is_absent() -> None:
    assert faults_of_schemas(*schemas_of_answers()) == []


def test_the_law_of_answers_finds() -> None:
    schemas = {
        "A": {
            "properties": {
                "status": {"type": "string"},
                "paid_at": {"type": "string"},
                "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            }
        }
    }
    assert len(faults_of_schemas(schemas, {"A"})) == 3


def test_problems_name_the_codes_of_their_operation() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    responses = document["components"]["responses"]
    for declared in endpoint.REGISTRY:
        operation = document["paths"][declared.path][declared.method.lower()]
        named = set()
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                shared = responses[response["$ref"].rpartition("/")[2]]
                schema = shared["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
                assert schema["status"] == {"const": int(status)}
                named |= set(schema["code"]["enum"])
        assert named == {code.code for code in openapi.error_codes(declared)}, declared.operation


def test_the_contract_can_be_read_in_a_review() -> None:
    lines = len((ROOT / "openapi.yaml").read_text(encoding="utf-8").splitlines())
    assert lines <= house.LINES_OF_AN_OPERATION * len(endpoint.REGISTRY)


def test_every_creating_endpoint_takes_an_idempotency_key() -> None:
    for declared in endpoint.REGISTRY:
        assert declared.idempotent or declared.status != 201, declared.operation


def test_every_text_that_comes_in_is_bounded() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    for path, item in document["paths"].items():
        for operation in item.values():
            for given in operation.get("parameters", []):
                shared = given.get("$ref", "").rpartition("/")[2]
                parameter = document["components"]["parameters"][shared] if shared else given
                schema = parameter["schema"]
                parts = schema.get("anyOf", [schema])
                for part in parts:
                    bounded = "maxLength" in part or "enum" in part or "pattern" in part or part.get("format") == "date"
                    assert part.get("type") != "string" or bounded, f"{path} {parameter['name']}"


def unchecked_values(shape: Any) -> list[str]:
    """The texts of what comes in for which the contract names values that nobody checks (``one_of``)."""
    found: list[str] = []
    known: list[Any] = []
    waiting: list[Any] = [("", msgspec.inspect.type_info(shape))]
    while waiting:
        place, kind = waiting.pop()
        if any(kind is one for one in known):
            continue
        known.append(kind)
        if isinstance(kind, msgspec.inspect.Metadata):
            if "enum" in (kind.extra_json_schema or {}):
                found.append(place)
            waiting.append((place, kind.type))
        for name in ("item_type", "key_type", "value_type"):
            if hasattr(kind, name):
                waiting.append((place, getattr(kind, name)))
        for name in ("types", "item_types"):
            waiting += [(place, one) for one in getattr(kind, name, ())]
        waiting += [(f"{place}/{one.name}", one.type) for one in getattr(kind, "fields", ())]
    return found


def test_what_comes_in_is_one_of_the_values_that_the_contract_names() -> None:
    for declared in endpoint.REGISTRY:
        for shape in (declared.body, declared.query):
            if shape is not None:
                assert unchecked_values(shape) == [], declared.operation


def test_the_law_of_values_finds() -> None:
    wrong = msgspec.defstruct("Wrong", [("kinds", list[Annotated[str, one_of(["a", "b"])]])])
    hidden = msgspec.defstruct("Hidden", [("pair", tuple[Annotated[str, one_of(["a", "b"])], int])])
    assert unchecked_values(hidden) == ["/pair"]
    right = msgspec.defstruct("Right", [("kinds", list[Literal["a", "b"]])])
    assert unchecked_values(wrong) == ["/kinds"] and unchecked_values(right) == []


def test_chalice_accepts_the_routes(world: World) -> None:
    from chalice.config import Config
    from chalice.deploy.validate import validate_configuration

    from app import app

    validate_configuration(Config.create(chalice_app=app, app_name="banshi", project_dir=str(ROOT)))


def other_defaults(shape: type[msgspec.Struct]) -> list[str]:
    """The fields of an answer whose default is not None: such a value would vanish from it."""
    found = []
    for one in msgspec.structs.fields(shape):
        has_factory = one.default_factory is not msgspec.NODEFAULT
        has_value = one.default is not msgspec.NODEFAULT and one.default is not None
        if has_factory or has_value:
            found.append(one.name)
    return found


def every_kind_of(shape: type[Any]) -> list[type[Any]]:
    found = []
    for below in shape.__subclasses__():
        found += [below, *every_kind_of(below)]
    return found


def test_what_an_answer_leaves_out_is_none() -> None:
    class Bad(msgspec.Struct):
        known: str
        absent: str | None = None
        texts: list[str] = []
        is_new: bool = False

    assert other_defaults(Bad) == ["texts", "is_new"]
    views = every_kind_of(View)
    assert len(views) > 50
    assert {view.__name__: other_defaults(view) for view in views if other_defaults(view)} == {}
