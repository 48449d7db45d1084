"""What PynamoDB raises: the code and the cause of a failure, and writes again that met somebody else's transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib.kernel import aws, errors

_RETRIED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_TRIES = 5

Answered = TypeVar("Answered")


def code_of(error: PynamoDBException) -> str:
    """AWS's code of the failure; empty when no answer came (PynamoDB's own property fails on a timeout)."""
    response = getattr(error.cause, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def cause_of(error: PynamoDBException) -> BaseException:
    """The failure as botocore told it; PynamoDB's own leaves out what the answer said besides."""
    cause = error.cause
    if not isinstance(cause, Exception):
        return error
    # PynamoDB raises an error of its own from the answer's. What caused a connection's failure is no answer.
    return cause.__cause__ if isinstance(cause.__cause__, ClientError) else cause


def was_repeated(error: PynamoDBException) -> bool:
    """Whether the call had been sent more than once, so that a condition may have met our own write."""
    response = getattr(cause_of(error), "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0


def repeat_conflicts(call: Callable[[bool], Answered]) -> Answered:
    """Make a write, again with jitter while it meets a transaction that is under way on the same item.

    DynamoDB refuses one of the two, be it a transaction too or a single write. ``call`` is told whether an earlier try
    may have been done all the same: it was sent twice, its first answer was lost, and the second one was the refusal.
    """
    may_be_done = False
    for attempt in range(_TRIES - 1):
        try:
            return call(may_be_done)
        except PynamoDBException as error:
            if not _is_conflict(error):
                raise
            may_be_done = may_be_done or was_repeated(error)
            time.sleep(random.uniform(0, 0.025 * 2**attempt))  # noqa: S311
    try:
        return call(may_be_done)
    except PynamoDBException as error:
        if _is_conflict(error):
            raise errors.UNAVAILABLE(retry_after=1) from error
        raise


def _is_conflict(error: PynamoDBException) -> bool:
    if isinstance(error, TransactWriteError):
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        return bool(codes) and codes <= _RETRIED
    return code_of(error) == aws.CONFLICT
