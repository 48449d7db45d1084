"""AWS clients: made once, lazily, with timeouts that fit a request's time budget."""

from __future__ import annotations

import functools
import threading
from typing import Any

import botocore.session
from botocore.config import Config

_lock = threading.Lock()

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=50,
    user_agent="banshi",
)


@functools.cache
def session() -> botocore.session.Session:
    """The one botocore session; region, credentials and endpoints come from the environment."""
    return botocore.session.get_session()


@functools.cache
def _client(service: str) -> Any:
    return session().create_client(service, config=CONFIG)


def client(service: str) -> Any:
    """The process's client of an AWS service, for example ``client("kms")``."""
    with _lock:
        return _client(service)
