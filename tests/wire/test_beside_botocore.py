"""For every operation the same request as botocore's, and for every answer the same outcome."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.kernel import aws, budget
from chalicelib.kernel.wire import addresses
from chalicelib.kernel.wire import client as wire
from chalicelib.kernel.wire.answers import OPERATIONS
from tests.wire.server import Reply, Service, answer, serving

# botocore leaves connections open that failed
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

_TOKEN = "session-token"
_KEY = {"pk": {"S": "APPLICATION#1"}, "sk": {"S": "HEAD"}}
_ITEM = {
    **_KEY,
    "sealed": {"B": b"\x00\xff bytes"},
    "count": {"N": "3"},
    "words": {"SS": ["张三", 'a"b\\c']},
    "deep": {"M": {"list": {"L": [{"BOOL": True}, {"NULL": True}, {"B": b""}, {"BS": [b"1", b"2"]}]}}},
}
_TABLE = {"TableName": "banshi-dev-kernel"}
_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "GetItem": ("dynamodb", {**_TABLE, "Key": _KEY, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}),
    "PutItem": ("dynamodb", {**_TABLE, "Item": _ITEM, "ConditionExpression": "attribute_not_exists (#0)"}),
    "UpdateItem": (
        "dynamodb",
        {
            **_TABLE,
            "Key": _KEY,
            "UpdateExpression": "ADD #0 :0",
            "ExpressionAttributeNames": {"#0": "times"},
            "ExpressionAttributeValues": {":0": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW",
        },
    ),
    "DeleteItem": ("dynamodb", {**_TABLE, "Key": _KEY}),
    "Query": ("dynamodb", {**_TABLE, "Limit": 20, "ExclusiveStartKey": _KEY, "ScanIndexForward": False}),
    "Scan": ("dynamodb", {**_TABLE, "Segment": 0, "TotalSegments": 4}),
    "TransactWriteItems": (
        "dynamodb",
        {"TransactItems": [{"Put": {**_TABLE, "Item": _ITEM}}, {"Delete": {**_TABLE, "Key": _KEY}}]},
    ),
    "Sign": (
        "kms",
        {"KeyId": "alias/a", "Message": b"\x01" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    "GenerateDataKey": ("kms", {"KeyId": "alias/a", "KeySpec": "AES_256", "EncryptionContext": {"banshi": "202611"}}),
    "Encrypt": ("kms", {"KeyId": "alias/a", "Plaintext": b"\xfe"}),
    "Decrypt": ("kms", {"CiphertextBlob": b"\x00\x01", "EncryptionContext": {"banshi": "index"}}),
    "GetPublicKey": ("kms", {"KeyId": "alias/a"}),
    "GetSecretValue": ("secretsmanager", {"SecretId": "banshi-dev-secrets"}),
}
_PARTS = {
    "GetItem": {"Item": {"pk": {"S": "A"}, "b": {"B": "AP8="}, "m": {"M": {"l": {"L": [{"BS": ["MQ=="]}]}}}}},
    "PutItem": {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.5}},
    "UpdateItem": {"Attributes": {"times": {"N": "4"}, "b": {"B": "AP8="}}},
    "DeleteItem": {},
    "Query": {
        "Items": [{"pk": {"S": "张"}, "none": {"NULL": True}}],
        "Count": 1,
        "ScannedCount": 2,
        "LastEvaluatedKey": {"pk": {"S": "A"}},
    },
    "Scan": {"Items": [], "Count": 0, "ScannedCount": 0},
    "TransactWriteItems": {"ConsumedCapacity": [{"TableName": "t", "CapacityUnits": 4.0}]},
    "Sign": {"KeyId": "k", "Signature": "MEUCIQ==", "SigningAlgorithm": "ECDSA_SHA_256"},
    "GenerateDataKey": {"CiphertextBlob": "AAE=", "Plaintext": "AQI=", "KeyId": "k"},
    "Encrypt": {"CiphertextBlob": "AAE=", "KeyId": "k", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "Decrypt": {"Plaintext": "AQI=", "KeyId": "k", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "GetPublicKey": {"KeyId": "k", "PublicKey": "MFk=", "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": ["X"]},
    "GetSecretValue": {"ARN": "arn", "Name": "n", "VersionId": "v", "SecretString": "{}", "VersionStages": ["A"]},
}


@pytest.fixture(autouse=True, scope="module")
def leave_nothing_behind() -> Iterator[None]:
    """What botocore left open is collected here, where it is ignored, and not in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", _TOKEN)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(wire, "READ_SECONDS", 0.3)
    monkeypatch.setattr(wire, "LEAST_READ_SECONDS", 0.3)


@contextmanager
def clients(kind: str, service: str, *replies: Reply) -> Iterator[tuple[Any, Service]]:
    """A client of a service that answers so, on our wire or botocore's."""
    with serving(*replies) as served, pytest.MonkeyPatch.context() as patched:
        patched.setenv(f"AWS_ENDPOINT_URL_{addresses.SERVICES[service].variable}", served.url)
        if kind == "own":
            client: Any = wire.Client(service, aws.session)
        else:
            import botocore.session

            config = Config(
                read_timeout=0.3, retries={"total_max_attempts": 3, "mode": "standard"}, parameter_validation=False
            )
            client = botocore.session.get_session().create_client(service, config=config)
        yield client, served
        client.close()


def head_of(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """The first line, the headers, and the body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [line.split(":", 1) for line in lines]
    return first, {name.lower(): value.strip() for name, value in pairs}, body


def test_every_operation_of_the_wire_is_compared() -> None:
    assert set(_CALLS) == set(OPERATIONS) == set(_PARTS)


@pytest.mark.parametrize("operation", sorted(_CALLS))
def test_requests_are_those_of_botocore(operation: str) -> None:
    service, parameters = _CALLS[operation]
    seen = []
    for kind in ("own", "botocore"):
        with clients(kind, service, answer(200, json.dumps(_PARTS[operation]).encode())) as (client, served):
            client._make_api_call(operation, parameters)
            first, headers, body = head_of(served.requests[0])
            assert headers["host"] == served.url.removeprefix("http://")
            assert headers["x-amz-security-token"] == _TOKEN
            sent = json.loads(body)
            if operation == "TransactWriteItems":
                assert len(sent.pop("ClientRequestToken")) == 36
            kept = ("x-amz-target", "content-type", "x-amz-security-token")
            seen.append((first, {name: headers[name] for name in kept}, sent))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("operation", ["PutItem", "Sign", "GetSecretValue"])
def test_signatures_are_those_of_botocore(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service, parameters = _CALLS[operation]
    with clients("own", service, answer(200, b"{}")) as (client, served):
        client._make_api_call(operation, parameters)
    _, headers, body = head_of(served.requests[0])
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-target", "x-amz-security-token", "content-type"} <= set(names)
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", _TOKEN), addresses.SERVICES[service].name, "cn-north-1")
    # botocore takes the host from the address, and the moment from the header
    url = f"{served.url}/"
    request = AWSRequest("POST", url, {name: headers[name] for name in names if name != "host"}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert headers["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize("operation", sorted(_CALLS))
def test_answers_are_read_as_botocore_reads_them(operation: str) -> None:
    service, parameters = _CALLS[operation]
    found = []
    for kind in ("own", "botocore"):
        with clients(kind, service, answer(200, json.dumps(_PARTS[operation]).encode())) as (client, _):
            result = client._make_api_call(operation, parameters)
            metadata = result.pop("ResponseMetadata")
            assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"], metadata["RequestId"]) == (200, 0, "R1")
            found.append(result)
    assert found[0] == found[1]


def error(code: str, **more: Any) -> bytes:
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}).encode()


_REASONS = [
    {"Code": "None"},
    {"Code": "ConditionalCheckFailed", "Message": "no", "Item": {"pk": {"S": "A"}, "b": {"B": "AP8="}}},
]
_GOOD = answer(200, b'{"Item": {"pk": {"S": "A"}}}')
_ROWS: dict[str, list[Reply]] = {
    "a throttle, then good": [answer(400, error("ProvisionedThroughputExceededException", message="slow")), _GOOD],
    "throttled for ever": [answer(400, error("ThrottlingException", message="slow"))],
    "limit of requests": [answer(400, error("RequestLimitExceeded", message="slow"))],
    "a failure of theirs, then good": [answer(500, error("InternalServerError", message="sorry")), _GOOD],
    "a gateway's page": [answer(502, b"<html>bad gateway</html>")],
    "down": [answer(503, b"")],
    "a condition that does not hold": [
        answer(400, error("ConditionalCheckFailedException", message="no", Item={"b": {"B": "AP8="}}))
    ],
    "a cancelled transaction": [
        answer(400, error("TransactionCanceledException", Message="cancelled", CancellationReasons=_REASONS))
    ],
    "a transaction under way": [answer(400, error("TransactionInProgressException", Message="busy")), _GOOD],
    "a conflict": [answer(400, error("TransactionConflictException", message="busy"))],
    "denied": [answer(400, error("AccessDeniedException", Message="no"))],
    "expired credentials": [answer(400, error("ExpiredTokenException", message="expired"))],
    "a clock that is wrong": [answer(400, error("InvalidSignatureException", message="Signature expired"))],
    "a wrong request": [answer(400, error("ValidationException", message="no"))],
    "no table": [answer(400, error("ResourceNotFoundException", message="no"))],
    "an error without a code": [answer(400, b"{}")],
    "an error with an address": [answer(400, b'{"__type": "DeniedException:http://internal.amazon.com/"}')],
    "a wrong checksum, then good": [answer(200, b"{}", checksum=1), _GOOD],
    "a wrong checksum for ever": [answer(200, b"{}", checksum=1)],
    "closed, then good": [Reply(b"", closes=True), _GOOD],
    "closed for ever": [Reply(b"", closes=True)],
    "silent, then good": [Reply(b"", pause=0.6, closes=True), _GOOD],
    "cut in its head, then good": [Reply(b"HTTP/1.1 200 OK\r\nContent-", closes=True), _GOOD],
    "cut in its body, then good": [Reply(_GOOD.raw[:-5], closes=True), _GOOD],
    "no HTTP": [Reply(b"SSH-2.0-OpenSSH\r\n\r\n", closes=True)],
    "an answer, and then it closes": [Reply(_GOOD.raw, closes=True)],
    "silent for ever": [Reply(b"", pause=0.5, closes=True)],
    "too many requests": [answer(429, b"{}"), _GOOD],
    "a throttle by another name": [answer(400, error("ThrottledException")), _GOOD],
    "requests are throttled": [answer(400, error("RequestThrottledException")), _GOOD],
    "no members": [answer(200, b'{"Item": null}')],
    "reasons without words": [
        answer(
            400,
            error("TransactionCanceledException", CancellationReasons=[{"Code": "None", "Message": None}, _REASONS[1]]),
        )
    ],
    "an error without its item": [answer(400, error("ConditionalCheckFailedException", Item=None))],
    "an error that is nested deeply": [answer(502, b"[" * 100_000)],
}
_READ = {"Item": {"pk": {"S": "A"}}, "HTTPStatusCode": 200}
_STRICTER: dict[str, dict[str, Any]] = {
    # botocore takes the last answer although its checksum is wrong
    "a wrong checksum for ever": {"failed": "ChecksumError", "passes": True, "sent": 3},
    # botocore takes an answer without a length for an empty one: an item that is there is read as absent
    "cut in its head, then good": {**_READ, "RetryAttempts": 1, "sent": 2},
    # the same by another name
    "no HTTP": {"failed": "HTTPClientError", "passes": True, "sent": 3},
    # botocore ends in a RecursionError
    "an error that is nested deeply": {
        "error": {"Error": {"Message": "Bad Gateway", "Code": "502"}, "passes": True},
        "RetryAttempts": 2,
        "HTTPStatusCode": 502,
        "sent": 3,
    },
}
"""Where botocore believes what it should not, or names it otherwise."""


def outcome(kind: str, replies: list[Reply]) -> dict[str, Any]:
    with clients(kind, "dynamodb", *replies) as (client, served):
        try:
            found = client._make_api_call("GetItem", dict(_CALLS["GetItem"][1]))
        except ClientError as refused:
            response = dict(refused.response)
            metadata = response.pop("ResponseMetadata")
            # botocore repeats the message of modelled errors under their own member
            response = {name: response[name] for name in ("Error", "Item", "CancellationReasons") if name in response}
            response["passes"] = aws.is_passing(refused)
            found = {"error": response, "ResponseMetadata": metadata}
        except RecursionError:
            return {"failed": "RecursionError"}
        except BotoCoreError as failed:
            return {"failed": type(failed).__name__, "passes": aws.is_passing(failed), "sent": len(served.requests)}
        metadata = found.pop("ResponseMetadata")
        kept = {name: metadata.get(name) for name in ("RetryAttempts", "HTTPStatusCode")}
        return {**found, **kept, "sent": len(served.requests)}


@pytest.mark.parametrize("row", sorted(_ROWS))
def test_outcomes_are_those_of_botocore(row: str) -> None:
    ours, theirs = outcome("own", _ROWS[row]), outcome("botocore", _ROWS[row])
    if row in _STRICTER:
        assert ours == _STRICTER[row] != theirs
    else:
        assert ours == theirs


def test_a_secret_of_the_messages_is_not_in_what_is_raised() -> None:
    with clients("own", "dynamodb", Reply(b"SSH-2.0\r\n\r\n", closes=True)) as (client, _):
        with pytest.raises(BotoCoreError) as failed:
            client.put_item(**_TABLE, Item=_ITEM)
        assert "张三" not in str(failed.value) and "secret" not in str(failed.value)


def test_an_operation_of_botocore_is_refused_before_it_is_sent() -> None:
    with clients("own", "dynamodb", _GOOD) as (client, served):
        with pytest.raises(ValueError, match="BatchWriteItem goes over botocore"):
            client._make_api_call("BatchWriteItem", {"RequestItems": {}})
        assert served.requests == []


def test_a_call_that_begins_just_before_the_end_is_waited_for_and_none_begins_after() -> None:
    slow = Reply(_GOOD.raw, pause=0.15)
    with clients("own", "dynamodb", slow) as (client, _), budget.of_seconds(0.05):
        assert client.get_item(**_TABLE, Key=_KEY)["Item"] == {"pk": {"S": "A"}}
    with clients("own", "dynamodb", _GOOD, Reply(b"", pause=0.15, closes=True), _GOOD) as (client, served):
        client.get_item(**_TABLE, Key=_KEY)
        with budget.of_seconds(0.05), pytest.raises(wire.OutOfTime):
            client.get_item(**_TABLE, Key=_KEY)
        assert len(served.requests) == 2


def test_a_name_that_is_no_operation_is_no_method() -> None:
    with clients("own", "kms", answer(200, b"{}")) as (client, _), pytest.raises(AttributeError):
        client.schedule_key_deletion(KeyId="alias/a")


def test_the_quota_of_repetitions_ends_them_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire.RetryQuota, "CAPACITY", 10)
    broken = answer(500, b"{}")
    with clients("own", "dynamodb", broken, broken, broken, broken, _GOOD) as (client, served):
        with pytest.raises(ClientError):
            client.get_item(**_TABLE, Key=_KEY)
        assert len(served.requests) == 3
        with pytest.raises(ClientError):
            client.get_item(**_TABLE, Key=_KEY)
        assert len(served.requests) == 4, "there is nothing left to repeat it with"
        for _ in range(10):
            client.get_item(**_TABLE, Key=_KEY)
        assert client._quota.take(10)


def test_no_pause_begins_that_the_request_has_no_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    with clients("own", "dynamodb", answer(400, error("ThrottlingException"))) as (client, served):
        with budget.of_seconds(0.4), pytest.raises(ClientError):
            client.get_item(**_TABLE, Key=_KEY)
        assert len(served.requests) == 1
