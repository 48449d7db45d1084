"""``Idempotency-Key``: a repeated creating request gets the first one's answer, for 24 hours.

The key is scoped to the caller and the operation. Same key with another body is refused; a repeat
while the first is at work is told to wait. If the first died before its answer was stored, a repeat
after ``_ABANDONED_SECONDS`` does the work again. What creates anew takes its id from ``Request.key`` and so
finds what the first attempt left; what has an id of its own (an enterprise, a mandate) finds it by that.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress

import msgspec
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.kernel import budget, clock, errors, ids
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer

_KEPT_SECONDS = 24 * 3600
_ABANDONED_SECONDS = 30
_CLEAN_UP_SECONDS = 2.0


class IdempotencyItem(tables.Table):
    """One key: the request's fingerprint, whose attempt it is, and, once there is one, the sealed answer."""

    class Meta:
        table_name = "kernel"

    fingerprint = UnicodeAttribute()
    attempt = UnicodeAttribute(null=True)
    started_at = Integer()
    answer = BinaryAttribute(legacy_encoding=False, null=True)
    expires_at = Integer()


class StoredAnswer(msgspec.Struct):
    status: int
    body: bytes


def check_key(key: str | None) -> str:
    """The key of the request's header; raises ``idempotency_key_required`` when absent or malformed."""
    if key is None or not 8 <= len(key) <= 255 or not all("!" <= character <= "~" for character in key):
        raise errors.IDEMPOTENCY_KEY_REQUIRED()
    return key


def record_name(caller: str, operation: str, key: str) -> str:
    """Under which name the caller's key is remembered."""
    return ids.derived_id("idempotency", caller, operation, key)


def request_identity(record: str, body: bytes) -> str:
    """The identity of this request: what it creates is named after it."""
    return ids.derived_id("request", record, _fingerprint(body))


def _fingerprint(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def once(record: str, body: bytes, work: Callable[[], StoredAnswer]) -> StoredAnswer:
    """Do ``work`` once for a record's name and answer every repeat with its first result."""
    pk = f"IDEMPOTENCY#{record}"
    now = clock.seconds(clock.now())
    fingerprint = _fingerprint(body)
    item = IdempotencyItem(pk, fingerprint=fingerprint, started_at=now, expires_at=now + _KEPT_SECONDS)
    item.attempt = secrets.token_hex(8)
    ours = IdempotencyItem.attempt == item.attempt
    free = (
        tables.absent(IdempotencyItem)
        | (IdempotencyItem.expires_at < now)
        | (
            IdempotencyItem.answer.does_not_exist()
            & (IdempotencyItem.fingerprint == fingerprint)
            & (IdempotencyItem.started_at < now - _ABANDONED_SECONDS)
        )
    )
    try:
        tables.write(tables.Put(item, free))
    except tables.ConditionFailed:
        return _earlier_answer(pk, fingerprint)
    try:
        answer = work()
    except Exception:
        with suppress(tables.ConditionFailed, errors.Problem), budget.of_seconds(_CLEAN_UP_SECONDS):
            tables.write(tables.Delete(item, ours))
        raise
    item.answer = vault.seal(msgspec.msgpack.encode(answer), "kernel", pk, "answer")
    with suppress(tables.ConditionFailed):
        tables.write(tables.Put(item, ours))
    return answer


def _earlier_answer(pk: str, fingerprint: str) -> StoredAnswer:
    stored = tables.read(IdempotencyItem, pk, consistent=True)
    if stored is None:
        raise errors.IDEMPOTENCY_IN_PROGRESS(retry_after=1)
    if stored.fingerprint != fingerprint:
        raise errors.IDEMPOTENCY_KEY_REUSED()
    if stored.answer is None:
        raise errors.IDEMPOTENCY_IN_PROGRESS(retry_after=1)
    return msgspec.msgpack.decode(vault.unseal(stored.answer, "kernel", pk, "answer"), type=StoredAnswer)
