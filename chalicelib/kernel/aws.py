"""AWS clients: made once, lazily; attempts are repeated with jitter within a request's time budget.

What requests call all the time (DynamoDB, KMS, Secrets Manager) goes over ``kernel/wire``; what is rare over botocore.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.kernel import budget
from chalicelib.kernel.settings import BOTOCORE, settings
from chalicelib.kernel.wire import addresses
from chalicelib.kernel.wire import client as wire
from chalicelib.kernel.wire.client import OutOfTime

_lock = threading.Lock()

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=50,
    user_agent="banshi",
    parameter_validation=False,
)

CONFLICT = "TransactionConflictException"
_PASSING = wire.PASSING | {CONFLICT}


@functools.cache
def session() -> botocore.session.Session:
    """The one botocore session; region, credentials and endpoints come from the environment."""
    made = botocore.session.get_session()
    made.register("before-send", _check_budget)
    return made


def _check_budget(event_name: str, **_: Any) -> None:
    if budget.remaining() <= 0:
        raise OutOfTime(operation=event_name.rpartition(".")[2])


def is_passing(error: BaseException) -> bool:
    """Whether an AWS call failed for a reason that passes: no answer, overload, a failure on their side."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500 or status == 429 or error.response["Error"]["Code"] in _PASSING
    return isinstance(error, BotoCoreError)


@functools.cache
def _client(service: str) -> Any:
    if service in addresses.SERVICES and settings().wire != BOTOCORE:
        return wire.Client(service, session)
    return session().create_client(service, config=CONFIG)


def client(service: str) -> Any:
    """The process's client of an AWS service, for example ``client("kms")``."""
    with _lock:
        return _client(service)
