"""Reads infra/template.yaml, so that running locally proves what would be deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parent.parent / "infra" / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Ref`` and ``!GetAtt`` become names, ``!Sub`` text."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short_form)


def resources(stage: str) -> dict[str, dict[str, Any]]:
    """The template's resources with the stage put in; references are plain logical names."""
    text = TEMPLATE.read_text(encoding="utf-8").replace("${Stage}", stage)
    found: dict[str, dict[str, Any]] = yaml.load(text, _Loader)["Resources"]
    return found


def of_type(stage: str, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical name."""
    return {name: resource["Properties"] for name, resource in resources(stage).items() if resource["Type"] == kind}


def table_requests(stage: str) -> list[dict[str, Any]]:
    """CreateTable requests of all tables."""
    wanted = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    requests = []
    for properties in of_type(stage, "AWS::DynamoDB::Table").values():
        request = {name: properties[name] for name in wanted if name in properties}
        if "StreamSpecification" in properties:
            request["StreamSpecification"] = {**properties["StreamSpecification"], "StreamEnabled": True}
        requests.append(request)
    return requests


def stream_handlers(stage: str) -> list[tuple[str, str]]:
    """(table name, handler) of each stream event."""
    tables = of_type(stage, "AWS::DynamoDB::Table")
    return [
        (tables[event["Properties"]["Stream"].split(".")[0]]["TableName"], function["Handler"])
        for function in of_type(stage, "AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    ]


def schedules(stage: str) -> list[tuple[str, str]]:
    """(schedule expression, handler) of each schedule."""
    return [
        (event["Properties"]["Schedule"], function["Handler"])
        for function in of_type(stage, "AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Schedule"
    ]
