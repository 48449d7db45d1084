"""What AWS answers, as botocore hands it on: shapes with their bytes decoded, and errors as ``ClientError``.

Only members that are blobs, or lead to one, need a type: JSON writes them as base64. ``TypedDict`` so that what is
decoded are the plain dictionaries that PynamoDB expects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypedDict

import msgspec
from botocore.exceptions import ClientError

from chalicelib.kernel.wire.connection import HttpAnswer


class AttributeValue(TypedDict, total=False):
    """DynamoDB's typed value."""

    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    M: dict[str, AttributeValue]
    L: list[AttributeValue]
    SS: list[str]
    NS: list[str]
    BS: list[bytes]


Item = dict[str, AttributeValue]


class _OneItem(TypedDict, total=False):
    """GetItem."""

    Item: Item | None
    ConsumedCapacity: Any


class _Written(TypedDict, total=False):
    """PutItem, UpdateItem, DeleteItem."""

    Attributes: Item | None
    ConsumedCapacity: Any
    ItemCollectionMetrics: Any


class _Items(TypedDict, total=False):
    """Query, Scan."""

    Items: list[Item]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: Item | None
    ConsumedCapacity: Any


class _Transaction(TypedDict, total=False):
    """TransactWriteItems."""

    ConsumedCapacity: Any
    ItemCollectionMetrics: Any


class _KeyAnswer(TypedDict, total=False):
    """KMS: Sign, GenerateDataKey, Encrypt, Decrypt, GetPublicKey."""

    KeyId: str
    Signature: bytes
    SigningAlgorithm: str
    CiphertextBlob: bytes
    Plaintext: bytes
    EncryptionAlgorithm: str
    KeyMaterialId: str
    PublicKey: bytes
    CustomerMasterKeySpec: str
    KeySpec: str
    KeyUsage: str
    EncryptionAlgorithms: list[str]
    SigningAlgorithms: list[str]


class _Secret(TypedDict, total=False):
    """Secrets Manager: GetSecretValue."""

    ARN: str
    Name: str
    VersionId: str
    SecretString: str
    SecretBinary: bytes
    VersionStages: list[str]


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {}
for _operations, _shape in (
    (("GetItem",), _OneItem),
    (("PutItem", "UpdateItem", "DeleteItem"), _Written),
    (("Query", "Scan"), _Items),
    (("TransactWriteItems",), _Transaction),
    (("Sign", "GenerateDataKey", "Encrypt", "Decrypt", "GetPublicKey"), _KeyAnswer),
    (("GetSecretValue",), _Secret),
):
    for _operation in _operations:
        _DECODERS[_operation] = msgspec.json.Decoder(_shape)

OPERATIONS = frozenset(_DECODERS)
"""What goes over this wire; everything else goes over botocore."""


class _Reason(TypedDict, total=False):
    """Why one part of a transaction did not go through."""

    Code: str
    Message: str | None
    Item: Item | None


class _Refusal(TypedDict, total=False):
    """The members of an error that callers look at."""

    CancellationReasons: list[_Reason] | None
    Item: Item | None


_REFUSAL = msgspec.json.Decoder(_Refusal)


NOT_DECODED = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding raises for what is not of the expected shape, no UTF-8, or too deep."""


def decode(operation: str, body: bytes) -> dict[str, Any]:
    """The answer of an operation; raises one of ``NOT_DECODED``."""
    found: dict[str, Any] = _DECODERS[operation].decode(body)
    return _without_nulls(found)


def _without_nulls(members: Mapping[str, Any]) -> dict[str, Any]:
    """Like botocore: a member that is null is not there."""
    return {name: value for name, value in members.items() if value is not None}


def client_error(operation: str, answer: HttpAnswer, retries: int) -> ClientError:
    """The error in an answer, with the same members that botocore gives it."""
    parsed = _parsed(answer)
    text = str(parsed.get("__type", answer.status))
    # "com.amazonaws.dynamodb.v20120810#ThrottlingException", or with an address behind a colon
    code = text.partition(":")[0].rpartition("#")[2]
    message = str(parsed.get("message", parsed.get("Message", "")))
    response: dict[str, Any] = {
        "Error": {"Message": message, "Code": code},
        "ResponseMetadata": metadata(answer, retries),
    }
    if "CancellationReasons" in parsed or "Item" in parsed:
        with suppress(*NOT_DECODED):
            details = _REFUSAL.decode(answer.body)
            response.update(_without_nulls(details))
            reasons = details.get("CancellationReasons")
            if reasons is not None:
                response["CancellationReasons"] = [_without_nulls(reason) for reason in reasons]
    return ClientError(response, operation)


def metadata(answer: HttpAnswer, retries: int) -> dict[str, Any]:
    """What botocore tells about an exchange; ``retries``: how often it was sent again."""
    return {
        "RequestId": answer.headers.get("x-amzn-requestid", ""),
        "HTTPStatusCode": answer.status,
        "HTTPHeaders": answer.headers,
        "RetryAttempts": retries,
    }


def _parsed(answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object of an error; a gateway in between sends something else, or nothing."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    try:
        return {"message": HTTPStatus(answer.status).phrase}
    except ValueError:
        return {}
