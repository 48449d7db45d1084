"""Cursors of lists: where the next page begins, as a text that clients hand back unchanged."""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib.kernel import errors


def problem() -> errors.Problem:
    """What a caller is told whose cursor is not one of ours."""
    return errors.INVALID_REQUEST(
        fields=[errors.FieldError("/cursor", "invalid", zh="翻页标记无效", en="The cursor is not valid")]
    )


def encode(last: dict[str, Any], index: str | None) -> str:
    """A cursor for the key at which DynamoDB stopped, without the partition that the caller names anyway."""
    hash_key = f"{index}pk" if index else "pk"
    parts = {name: value["S"] for name, value in last.items() if name != hash_key}
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str | None, pk: str, index: str | None) -> dict[str, Any] | None:
    """The key at which to go on in a partition; None at the beginning. Raises ``invalid_request``."""
    if not cursor:
        return None
    hash_key = f"{index}pk" if index else "pk"
    expected = {"pk", "sk", f"{index}sk"} if index else {"sk"}
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, dict) or set(parts) != expected:
            raise ValueError
        if not all(isinstance(value, str) for value in parts.values()):
            raise ValueError
        "".join(parts.values()).encode()  # half of a surrogate pair is no text that DynamoDB takes
    except ValueError:
        raise problem() from None
    return {hash_key: {"S": pk}, **{name: {"S": value} for name, value in parts.items()}}
