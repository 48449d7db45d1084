"""Settings from the environment, typed; a missing or malformed one is named.

They are read once and stop the start; nothing in them is secret.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:(?P<port>[1-9][0-9]{0,4}))?")
_LOOPBACK = ("127.0.0.1", "localhost")
OWN = "own"
BOTOCORE = "botocore"


class InvalidSettings(SystemExit):
    """The start stops with this; the message names each setting at fault with an example."""


def setting(meaning: str, example: str, default: Any = MISSING, *, check: Callable[[Any], None] | None = None) -> Any:
    """Declare a setting: what it means, an example, and a check that raises ``ValueError`` for a malformed one."""
    return field(default=default, metadata={"meaning": meaning, "example": example, "check": check})


def _check_origins(text: str) -> None:
    for origin in origins(text):
        check_url(origin)
        # Compared with what a browser sends: lower case, punycode, no port that the scheme has anyway.
        found = _ORIGIN.fullmatch(origin)
        port = found["port"] if found else None
        if found is None or port in ("80", "443") or int(port or 1) > 65535:
            raise ValueError("must list origins as browsers send them, such as https://www.example.gov.cn")


def origins(text: str) -> list[str]:
    """The origins that a setting lists."""
    return [origin.strip() for origin in text.split(",") if origin.strip()]


def _check_wire(text: str) -> None:
    if text not in (OWN, BOTOCORE):
        raise ValueError(f"must be {OWN} or {BOTOCORE}")


def _check_public_url(text: str) -> None:
    if text.endswith("/"):
        raise ValueError("must not end in /")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the kernel; platforms and features declare their own."""

    stage: str = setting("name of the deployment, part of table names' prefix", "dev")
    public_url: str = setting(
        "where clients reach this API, without a final slash", "https://api.example.gov.cn", check=_check_public_url
    )
    cors_origins: str = setting(
        "web front ends whose browsers may call this API, with commas between; empty for none",
        "https://www.example.gov.cn",
        "",
        check=_check_origins,
    )
    table_prefix: str = setting("start of every table's name", "banshi-dev-")
    secrets_name: str = setting("Secrets Manager secret that holds this deployment's secrets", "banshi-dev-secrets")
    history_failures_url: str = setting(
        "queue of changes that could not be appended to the event log",
        "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/banshi-dev-history-failures",
    )
    audit_bucket: str = setting("bucket that keeps the signed daily roots of the event log", "banshi-dev-audit")
    wire: str = setting(
        "how DynamoDB, KMS and Secrets Manager are called: own (kernel/wire) or botocore", OWN, OWN, check=_check_wire
    )
    data_key: str = setting("KMS key or alias that wraps the data keys", "alias/banshi-dev-data")
    audit_key: str = setting("KMS signing key of the event log's daily roots", "alias/banshi-dev-audit")
    token_keys: dict[str, str] = setting(
        "key ids of access tokens and the KMS keys that wrap them, the newest last", "t1=alias/banshi-dev-token-1"
    )


def read_all(kinds: Iterable[type[Any]], given: Mapping[str, str]) -> list[Any]:
    """Read each kind of settings from upper-case names.

    Raises ``InvalidSettings`` that names each missing or malformed one with an example, never a value.
    """
    found = []
    faults: list[str] = []
    for kind in kinds:
        values: dict[str, Any] = {}
        for item in fields(kind):
            name = item.name.upper()
            text = given.get(name, "").strip()
            try:
                if text:
                    values[item.name] = _parse(item, text)
                elif item.default is MISSING:
                    raise ValueError("is not set")
            except ValueError as fault:
                faults.append(f"{name} {fault}: {item.metadata['meaning']}, for example {item.metadata['example']}")
        if not faults:
            found.append(kind(**values))
    if faults:
        raise InvalidSettings("The settings are not complete:\n  " + "\n  ".join(faults))
    return found


def examples(kinds: Iterable[type[Any]]) -> dict[str, str]:
    """A whole environment of example values, for programs that only look at the code."""
    return {item.name.upper(): item.metadata["example"] for kind in kinds for item in fields(kind)}


def _parse(item: Field[Any], text: str) -> Any:
    name = item.name
    kind = item.type
    value: Any = text
    if kind.startswith("dict"):
        value = _pairs(text)
        if kind.startswith("dict[int"):
            if not all(number.isascii() and number.isdigit() for number in value):
                raise ValueError("must have numbers before the =")
            value = {int(number): key for number, key in value.items()}
    elif name.endswith(("_url", "_url_prefix")):
        check_url(text)
    elif name.endswith(("_private_key", "_public_key", "_content_key")):
        check_base64(text)
    check = item.metadata["check"]
    if check is not None:
        check(value)
    return value


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.split("=", 1) for pair in text.split(",")]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError("must be name=key pairs with commas between")
    if len({pair[0] for pair in pairs}) < len(pairs):
        raise ValueError("names one key twice")
    return dict(pairs)


def check_url(text: str) -> None:
    url = urlsplit(text)
    is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    if not url.hostname or not is_safe:
        raise ValueError("must start with https:// (http:// only on this machine)")


def check_urls(pairs: Mapping[str, str]) -> None:
    for url in pairs.values():
        try:
            check_url(url)
        except ValueError:
            raise ValueError("must have addresses that start with https:// after the =") from None


def check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None


def check_base64_keys(pairs: Mapping[str, str]) -> None:
    for key in pairs.values():
        check_base64(key)


def check_long(text: str) -> None:
    if len(text) < 32:
        raise ValueError("is too short")


def check_32_characters(text: str) -> None:
    if len(text) != 32:
        raise ValueError("must have 32 characters")


@functools.cache
def settings() -> Settings:
    """The kernel's settings of this process."""
    found: Settings = read_all([Settings], os.environ)[0]
    return found
