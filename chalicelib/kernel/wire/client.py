"""A client of one AWS service, with as much of botocore's face as PynamoDB and the kernel look at."""

from __future__ import annotations

import random
import threading
import time
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)

from chalicelib.kernel import budget
from chalicelib.kernel.wire import addresses, answers
from chalicelib.kernel.wire.connection import HttpAnswer, Pool, Unanswered
from chalicelib.kernel.wire.signature import Scope, authorization

ATTEMPTS = 3
READ_SECONDS = 3.0
LEAST_READ_SECONDS = 1.0
"""For the next bytes. A call that begins in the last moment of a request is still waited for, so the request may end as
much later; none begins after it."""
_BACKOFF_SECONDS = {"dynamodb": 0.025}
_OTHER_BACKOFF_SECONDS = 0.05
_THROTTLED_BACKOFF_SECONDS = 0.5

THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
PASSING = THROTTLES | {"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"}
PASSING_STATUS = (429, 500, 502, 503, 504)

_METHODS = {xform_name(operation): operation for operation in answers.OPERATIONS}


class OutOfTime(BotoCoreError):  # type: ignore[misc]
    """The request's time is used up; the call was not made."""

    fmt = "no time is left for {operation}"


class RetryQuota:
    """How many repetitions a process may still make: when a service is down, repeating makes it worse.

    In units: a repetition takes 5, or 10 after silence, and an answer gives them back; 500 are 50 to 100 in a row.
    """

    CAPACITY = 500
    RETRY = 5
    RETRY_AFTER_SILENCE = 10

    def __init__(self) -> None:
        self._left = self.CAPACITY
        self._lock = threading.Lock()

    def take(self, amount: int) -> bool:
        """Take the right to repeat a call; False when there is none left."""
        with self._lock:
            if amount > self._left:
                return False
            self._left -= amount
            return True

    def give_back(self, amount: int) -> None:
        """A call was answered: what its last repetition took comes back, or 1 for a call that needed none.

        A refusal is an answer too: the service is well.
        """
        if self._left < self.CAPACITY:
            with self._lock:
                self._left = min(self.CAPACITY, self._left + amount)


class _CallState:
    """How one call goes: how often it was sent, what its last repetition took from the quota, on what it goes on."""

    def __init__(self) -> None:
        self.sent = 0
        self.taken = 0
        self.needs_new_connection = False


class Client:
    """Calls one service; used by all threads."""

    # PynamoDB asks botocore's client for it, and makes another client if it has no credentials. This one reads
    # credentials for each call.
    _request_signer = None

    def __init__(self, service: str, session: Callable[[], Any]) -> None:
        """``session`` gives the botocore session, which is asked for credentials that the environment does not have."""
        self.service = service
        self._service = addresses.SERVICES[service]
        self._session = session
        self._address = addresses.address_of(self._service)
        self._region = addresses.region()
        self._pool = Pool(self._address)
        self._quota = RetryQuota()

    def close(self) -> None:
        """Close the connections that are kept; they are opened again when they are needed."""
        self._pool.close()

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """An operation as a method, by the name that botocore gives it."""
        operation = _METHODS.get(name)
        if operation is None:
            raise AttributeError(f"{name}: only {sorted(_METHODS)}; for others make a client of aws.session()")

        def call(**parameters: Any) -> dict[str, Any]:
            return self._make_api_call(operation, parameters)

        return call

    def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Make a call, again while it fails for a reason that passes and there is time; raises what botocore raises."""
        if operation not in answers.OPERATIONS:
            raise ValueError(f"{operation} goes over botocore: make a client of aws.session()")
        if operation == "TransactWriteItems" and "ClientRequestToken" not in parameters:
            # One token for all attempts: the database does a transaction with a known token no second time.
            parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
        body = msgspec.json.encode(parameters)
        attempts = _CallState()
        for attempt in range(ATTEMPTS):
            try:
                answer, found = self._attempt(operation, body, attempts)
            except BotoCoreError as error:
                # What broke one connection may have broken all that were kept: the next attempts open new ones.
                self._pool.close()
                attempts.needs_new_connection = True
                cost = RetryQuota.RETRY_AFTER_SILENCE if _is_silence(error) else RetryQuota.RETRY
                self._wait_or_raise(error, attempt, cost, attempts)
                continue
            if found is not None:
                self._quota.give_back(attempts.taken or 1)
                found["ResponseMetadata"] = answers.metadata(answer, attempts.sent - 1)
                return found
            refused = answers.client_error(operation, answer, attempts.sent - 1)
            if not _is_passing(answer, refused):
                self._quota.give_back(attempts.taken or 1)
                raise refused
            self._wait_or_raise(refused, attempt, RetryQuota.RETRY, attempts)
        raise AssertionError  # the last attempt returns or raises

    def _wait_or_raise(self, failure: Exception, attempt: int, cost: int, attempts: _CallState) -> None:
        """Wait before the next attempt; raises ``failure`` if there is none."""
        is_last = attempt == ATTEMPTS - 1
        if is_last or isinstance(failure, OutOfTime) or not self._quota.take(cost):
            raise failure
        attempts.taken = cost
        pause = random.uniform(0, self._backoff(failure) * 2**attempt)  # noqa: S311
        if pause >= budget.remaining():
            raise failure
        time.sleep(pause)

    def _backoff(self, failure: Exception) -> float:
        if isinstance(failure, ClientError) and failure.response["Error"]["Code"] in THROTTLES:
            return _THROTTLED_BACKOFF_SECONDS
        return _BACKOFF_SECONDS.get(self._service.name, _OTHER_BACKOFF_SECONDS)

    def _attempt(self, operation: str, body: bytes, attempts: _CallState) -> tuple[HttpAnswer, dict[str, Any] | None]:
        """Send a call once: the answer, and what is in it if it is no error."""
        answer = self._exchange(operation, body, attempts)
        _check_crc32(answer)
        if answer.status != 200:
            return answer, None
        try:
            return answer, answers.decode(operation, answer.body)
        except answers.NOT_DECODED as error:
            raise HTTPClientError(error=f"{self._address.url} answered something else than {operation}") from error

    def _exchange(self, operation: str, body: bytes, attempts: _CallState) -> HttpAnswer:
        request = self._request(operation, body)
        try:
            return self._send(operation, request, attempts)
        except Unanswered:
            # The kept connection had ended. That says nothing about the service: the call goes out on a new one at
            # once, but not twice. It counts as sent again, because the first one may have been done.
            self._pool.close()
            attempts.needs_new_connection = True
            return self._send(operation, request, attempts)

    def _send(self, operation: str, request: bytes, attempts: _CallState) -> HttpAnswer:
        remaining = budget.remaining()
        if remaining <= 0:
            raise OutOfTime(operation=operation)
        seconds = min(READ_SECONDS, max(LEAST_READ_SECONDS, remaining))
        connect = self._pool.open if attempts.needs_new_connection else self._pool.borrow
        borrowed = connect(seconds)
        attempts.sent += 1
        can_be_kept = False
        try:
            answer, can_be_kept = borrowed.exchange(request, seconds)
            return answer
        finally:
            # After a failure the rest of an old answer may still come: nothing more is read from this connection.
            if can_be_kept:
                self._pool.give_back(borrowed)
            else:
                borrowed.close()

    def _request(self, operation: str, body: bytes) -> bytes:
        """The bytes of a signed request."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        credentials = addresses.credentials(self._session)
        headers = [
            ("content-type", self._service.content_type),
            ("host", self._address.authority),
            ("x-amz-date", stamp),
        ]
        if credentials.token:
            headers.append(("x-amz-security-token", credentials.token))
        headers.append(("x-amz-target", f"{self._service.target}.{operation}"))
        scope = Scope(stamp[:8], self._region, self._service.name)
        signed = authorization(credentials, scope, stamp, headers, body)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        head = (
            f"POST / HTTP/1.1\r\n{lines}authorization: {signed}\r\n"
            f"accept-encoding: identity\r\nuser-agent: banshi\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _is_silence(error: BotoCoreError) -> bool:
    return isinstance(error, ConnectTimeoutError | ReadTimeoutError)


def _is_passing(answer: HttpAnswer, refused: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    return answer.status in PASSING_STATUS or refused.response["Error"]["Code"] in PASSING


def _check_crc32(answer: HttpAnswer) -> None:
    """DynamoDB sends a checksum with each answer; raises ``ChecksumError``."""
    expected = answer.headers.get("x-amz-crc32")
    if expected is None:
        return
    actual = zlib.crc32(answer.body)
    if expected != str(actual):
        raise ChecksumError(checksum_type="crc32", expected_checksum=expected, actual_checksum=actual)
