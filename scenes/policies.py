"""IAM for the tests: each function may do what its role in infra/roles.yaml says, as AWS would see to it.

Every AWS call made while a function of ours runs is checked; one that the role does not allow fails with
AccessDeniedException. Calls made outside any function (by tests and tools) are not checked.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.catalog import service as catalog
from chalicelib.kernel import aws
from chalicelib.kernel.security import signing, vault
from chalicelib.kernel.wire import client as wire
from chalicelib.platforms import secrets
from infra import stack
from local import template
from local.environment import STAGE

_running: ContextVar[str] = ContextVar("running", default="")
_cold: ContextVar[bool] = ContextVar("cold", default=False)
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@contextmanager
def running(function: str) -> Iterator[None]:
    """Everything inside runs as the function with this logical name."""
    if _cold.get():
        _forget()
    token = _running.set(function)
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def cold() -> Iterator[None]:
    """Inside, every call of a function is the first one of its process: nothing is known from calls before."""
    token = _cold.set(True)
    try:
        yield
    finally:
        _cold.reset(token)


def _forget() -> None:
    vault._unwrapped.clear()
    signing.public_key_der.cache_clear()
    catalog.forget()
    secrets.KEEPER.known = None


def enforce() -> None:
    """From here on, every function of this process runs with the role that it would have in AWS."""
    aws.session().register("provide-client-params", _check_botocore)
    _check_our_own_wire()
    for name, function in template.functions(STAGE).items():
        place, _, handler = function["Handler"].rpartition(".")
        module = importlib.import_module(place)
        setattr(module, handler, as_function(name, getattr(module, handler)))


def as_function(name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, run with the role of the function with this logical name."""

    @functools.wraps(handler)
    def wrapped(event: Any, context: Any = None) -> Any:
        with running(name):
            return handler(event, context)

    return wrapped


def _check_botocore(params: dict[str, Any], model: Any, **_: Any) -> None:
    _check(model.service_model.service_name, model.name, params)


def _check_our_own_wire() -> None:
    call = wire.Client._make_api_call

    def checked(self: wire.Client, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        _check(self.service, operation, parameters)
        return call(self, operation, parameters)

    setattr(wire.Client, "_make_api_call", checked)  # noqa: B010


def _check(service: str, operation: str, params: dict[str, Any]) -> None:
    function = _running.get()
    if not function:
        return
    for action, resource in _needs(service, operation, params):
        if not is_allowed(function, action, resource):
            message = f"{function} may not {action} on {resource}: infra/roles.yaml"
            print(message, file=sys.stderr)  # the API hides it from its callers; whoever runs a test has to see it
            error = {"Code": "AccessDeniedException", "Message": message}
            response = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(response, operation)


def _needs(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The (action, resource) pairs of a call; resources are ``LogicalName.Arn`` with what follows it."""
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            ((kind, content),) = item.items()
            yield f"dynamodb:{_WRITES[kind]}", _table(content["TableName"])
    elif service == "dynamodb":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", _table(params["TableName"]) + index
    elif service == "dynamodbstreams":
        table = params["StreamArn"].split("/")[1] if "StreamArn" in params else f"banshi-{STAGE}-identity"
        yield f"dynamodb:{operation}", _table(table).replace(".Arn", ".StreamArn")
    elif service == "kms":
        yield f"kms:{operation}", _key(params["KeyId"])
    elif operation == "ListObjectsV2":
        yield "s3:ListBucket", "AuditBucket.Arn"
    elif service == "s3":
        yield f"s3:{operation}", f"AuditBucket.Arn/{params['Key']}"
    elif service == "sqs":
        yield f"sqs:{operation}", "HistoryFailures.Arn"
    elif service == "secretsmanager":
        region, account = template.REGION, template.ACCOUNT
        yield (
            f"secretsmanager:{operation}",
            f"arn:aws-cn:secretsmanager:{region}:{account}:secret:{params['SecretId']}-Ab3dE6",
        )
    else:
        yield f"{service}:{operation}", "?"


@functools.cache
def _table(name: str) -> str:
    tables = template.of_type(STAGE, "AWS::DynamoDB::Table")
    return next(logical for logical, properties in tables.items() if properties["TableName"] == name) + ".Arn"


@functools.cache
def _key(alias: str) -> str:
    aliases = template.of_type(STAGE, "AWS::KMS::Alias").values()
    return str(next(one["TargetKeyId"] for one in aliases if one["AliasName"] == alias)) + ".Arn"


@functools.cache
def is_allowed(function: str, action: str, resource: str) -> bool:
    """Whether the function's role allows the action on the resource."""
    return any(
        action in _list(statement["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in _resources(statement))
        for statement in statements(function)
    )


@functools.cache
def statements(function: str) -> list[dict[str, Any]]:
    """The statements of a function's role."""
    resources = template.resources(STAGE)
    role = resources[function]["Properties"]["Role"].removesuffix(".Arn")
    return [
        statement
        for policy in resources[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _resources(statement: dict[str, Any]) -> list[str]:
    return [one.replace("${", "").replace("}", "") for one in _list(statement["Resource"])]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@functools.cache
def function_of(path: str) -> str:
    """The function that serves a route of the API."""
    paths = stack.parts()["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    return "PrintCertificate" if path in paths else "APIHandler"
