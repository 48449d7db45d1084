"""AWS Signature Version 4 of a POST to the path ``/`` without a query. Pure.

Source: AWS Signature Version 4 for API requests (IAM User Guide), "Create a signed AWS API request".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from typing import NamedTuple

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """An access key; ``token`` is empty for one that does not expire."""

    key_id: str
    secret: str
    token: str = ""


class Scope(NamedTuple):
    """For which day (``YYYYMMDD``), region and service a signature is good."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def authorization(
    credentials: Credentials, scope: Scope, stamp: str, headers: list[tuple[str, str]], body: bytes
) -> str:
    """The value of the Authorization header.

    ``stamp`` is the value of ``x-amz-date`` (``YYYYMMDDTHHMMSSZ``). ``headers`` are all that are signed, sorted by
    their names, which are in lower case; values have no blanks around them.
    """
    listed = "".join([f"{name}:{value}\n" for name, value in headers])
    names = ";".join([name for name, _ in headers])
    body_hash = hashlib.sha256(body).hexdigest()
    request = f"POST\n/\n\n{listed}\n{names}\n{body_hash}"
    request_hash = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{request_hash}"
    signature = hmac.digest(_signing_key(credentials.secret, scope), to_sign.encode(), "sha256").hex()
    return f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"


# One key for each service and day; yesterday's and those of replaced credentials fall out.
@functools.lru_cache(maxsize=8)
def _signing_key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
