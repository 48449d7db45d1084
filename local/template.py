"""Reads the templates of infra/, so that running locally proves what would be deployed."""

from __future__ import annotations

import json
from typing import Any

from infra import stack

ACCOUNT = "000000000000"
REGION = "cn-north-1"


def resources(stage: str) -> dict[str, dict[str, Any]]:
    """The resources with the stage put in; references are plain logical names, conditions count as false."""
    given = {"Stage": stage, "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws-cn"}
    found: dict[str, dict[str, Any]] = _resolved(stack.parts()["Resources"], given)
    return found


def _resolved(value: Any, given: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [one for one in (_resolved(one, given) for one in value) if one != "AWS::NoValue"]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, content = next(iter(value.items()))
        if name == "Ref":
            return given.get(content, content)
        if name == "Fn::GetAtt":
            return ".".join(content)
        if name == "Fn::If":
            return _resolved(content[2], given)
        if name == "Fn::Sub" and isinstance(content, str):
            for variable, text in given.items():
                content = content.replace(f"${{{variable}}}", text)
            return content
    return {name: _resolved(one, given) for name, one in value.items()}


def of_type(stage: str, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in resources(stage).items()
        if resource.get("Type") == kind
    }


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


def functions(stage: str) -> dict[str, dict[str, Any]]:
    """The functions of ours by logical name; the API's own handler is Chalice's affair."""
    return {
        name: properties
        for name, properties in of_type(stage, "AWS::Serverless::Function").items()
        if "Handler" in properties
    }


def stream_handlers(stage: str) -> list[tuple[str, str]]:
    """(table name, handler) of each stream event."""
    return list(stream_filters(stage))


def stream_filters(stage: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The patterns of which a record must fit one, by table name and handler; empty where all records are given."""
    tables = of_type(stage, "AWS::DynamoDB::Table")
    found = {}
    for function in functions(stage).values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "DynamoDB":
                properties = event["Properties"]
                table = tables[properties["Stream"].split(".")[0]]["TableName"]
                filters = properties.get("FilterCriteria", {}).get("Filters", [])
                found[table, function["Handler"]] = [json.loads(one["Pattern"]) for one in filters]
    return found


def schedules(stage: str) -> list[tuple[str, str]]:
    """(schedule expression, handler) of each schedule."""
    return [
        (event["Properties"]["Schedule"], function["Handler"])
        for function in functions(stage).values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Schedule"
    ]
