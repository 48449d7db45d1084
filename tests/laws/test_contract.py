"""The contract and the documents are what the declarations say."""

from __future__ import annotations

import re

import yaml

from chalicelib.kernel import errors
from chalicelib.kernel.edge import endpoint
from local.environment import ROOT
from tests.world import World
from tools import openapi


def test_committed_documents_are_generated_from_the_declarations() -> None:
    assert openapi.drift() == [], "run `make openapi`"


def test_every_route_is_in_the_contract_and_back(world: World) -> None:
    from app import app

    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    served = {(path, method) for path, methods in app.routes.items() for method in methods}
    assert described == served


def test_every_error_is_documented_in_both_languages() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code in errors.REGISTRY.values():
        assert f"`{code.code}`" in text
        assert re.search("[一-鿿]", code.zh) and re.search("[A-Za-z]", code.en), code.code
        assert 400 <= code.status < 600 and re.fullmatch("[a-z_]+", code.code)


def test_every_field_of_every_answer_is_described() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description") or schema.get("type") != "object", f"{name} has no docstring"


def test_every_creating_endpoint_takes_an_idempotency_key() -> None:
    for declared in endpoint.REGISTRY:
        assert declared.idempotent or declared.status != 201, declared.operation


def test_every_text_that_comes_in_is_bounded() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                schema = parameter["schema"]
                parts = schema.get("anyOf", [schema])
                for part in parts:
                    bounded = "maxLength" in part or "enum" in part or "pattern" in part or part.get("format") == "date"
                    assert part.get("type") != "string" or bounded, f"{path} {parameter['name']}"


def test_chalice_accepts_the_routes(world: World) -> None:
    from chalice.config import Config
    from chalice.deploy.validate import validate_configuration

    from app import app

    validate_configuration(Config.create(chalice_app=app, app_name="banshi", project_dir=str(ROOT)))
