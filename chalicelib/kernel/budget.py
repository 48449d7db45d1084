"""How much time a request may still use: API Gateway gives up after 29 seconds, and so do people before that.

Calls to AWS and platforms ask here before they start, so that a slow afternoon ends in a clear answer
with a hint to retry, and not in a cut connection.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REQUEST_SECONDS = 20.0

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def of_seconds(seconds: float) -> Iterator[None]:
    """Let what runs inside begin no call after ``seconds``."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining() -> float:
    """Seconds left; infinite outside a request."""
    return _deadline.get() - time.monotonic()
