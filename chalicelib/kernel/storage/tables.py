"""DynamoDB: one base model, one connection, conditional writes, transactions and cursors.

All models share one connection (each would otherwise build a botocore client of its own), and every
failed condition, conflict or throttle becomes one of three things: ``ConditionFailed``, a retry, or
the ``temporarily_unavailable`` problem.
"""

from __future__ import annotations

import base64
import functools
import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import botocore.session
from botocore.exceptions import BotoCoreError
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.kernel import aws, errors
from chalicelib.kernel.settings import settings

HEAD = "HEAD"
_CONDITION_FAILED = "ConditionalCheckFailedException"
_RETRIED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_TRANSACTION_TRIES = 5


class ConditionFailed(Exception):
    """A conditional write or a transaction was refused: somebody else was first."""


class _SharedConnection(Connection):
    """PynamoDB's connection on this process's one botocore session."""

    @property
    def session(self) -> botocore.session.Session:
        return aws.session()


@functools.cache
def connection() -> Connection:
    """The connection that every table uses."""
    shared = _SharedConnection(
        connect_timeout_seconds=1, read_timeout_seconds=3, max_retry_attempts=2, max_pool_connections=50
    )
    shared.__dict__["_client"] = aws.client("dynamodb")
    return shared


class Table(Model):
    """Base of every stored item: keys ``pk`` and ``sk``; ``Meta.table_name`` is the name without prefix."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=HEAD)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known: TableConnection | None = cls.__dict__.get("_shared_table_connection")
        if known is None:
            name = settings().table_prefix + cls.Meta.table_name
            table = TableConnection.__new__(TableConnection)
            table.table_name = name
            table.connection = connection()
            if name not in table.connection._tables:
                table.connection.add_meta_table(MetaTable({"TableName": name, **_schema(cls)}))
            known = table
            setattr(cls, "_shared_table_connection", known)  # noqa: B010
        return known


def _schema(model: type[Table]) -> dict[str, Any]:
    schema = model._get_schema()
    return {
        "KeySchema": schema["key_schema"],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", *INDEX_ATTRIBUTES)
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": f"{index}pk", "KeyType": "HASH"},
                    {"AttributeName": f"{index}sk", "KeyType": "RANGE"},
                ],
            }
            for index in ("gsi1", "gsi2")
        ],
    }


INDEX_ATTRIBUTES = ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")


class ListIndex(GlobalSecondaryIndex["Table"]):  # type: ignore[no-untyped-call]
    """``gsi1``: lists, with everything that a row shows (the template says what exactly)."""

    class Meta:
        index_name = "gsi1"
        projection = AllProjection()

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class LookupIndex(GlobalSecondaryIndex["Table"]):  # type: ignore[no-untyped-call]
    """``gsi2``: finds an item's key by another name of it."""

    class Meta:
        index_name = "gsi2"
        projection = KeysOnlyProjection()

    gsi2pk = UnicodeAttribute(hash_key=True)
    gsi2sk = UnicodeAttribute(range_key=True)


class VersionedTable(Table):
    """Base of the items that many may change: each write counts the version on, or is refused."""

    version = NumberAttribute(default=0)


class AggregateTable(VersionedTable):
    """Base of the items whose changes are kept in the event log (see ``changes.py``)."""

    changes = BinaryAttribute(legacy_encoding=False, default=b"")

    @property
    def subject(self) -> str:
        """The aggregate's name in the event log."""
        return str(self.pk) if self.sk == HEAD else f"{self.pk}/{self.sk}"


T = TypeVar("T", bound=Table)


def read(model: type[T], pk: str, sk: str = HEAD, *, consistent: bool = False) -> T | None:
    """One item, or None. Half a read unit for each 4 kB; a whole one when ``consistent``."""
    with _translated():
        try:
            return model.get(pk, sk, consistent_read=consistent)
        except model.DoesNotExist:
            return None


@dataclass(frozen=True)
class Put:
    """Write the whole item if ``condition`` holds for what is stored."""

    item: Table
    condition: Condition | None = None


@dataclass(frozen=True)
class Delete:
    """Remove the item if ``condition`` holds."""

    item: Table
    condition: Condition | None = None


Write = Put | Delete


def absent(model: type[Table]) -> Condition:
    """The condition that no such item is stored yet."""
    return model.pk.does_not_exist()


def at_version(model: type[VersionedTable], version: int) -> Condition:
    """The condition that the stored item still has ``version``; 0 means that there is none."""
    return absent(model) if version == 0 else model.version == version


def changed(item: VersionedTable) -> Put:
    """The write of an item without a history, valid only if nobody changed it since it was read."""
    before = int(item.version or 0)
    item.version = before + 1
    return Put(item, at_version(type(item), before))


def write(*writes: Write) -> None:
    """Do all writes or none: one conditional write, or one transaction for several.

    Raises ``ConditionFailed`` when a condition does not hold; retries conflicts with jitter.
    """
    with _translated():
        if len(writes) == 1:
            _write_one(writes[0])
        else:
            _write_all(writes)


def write_or_conflict(*writes: Write) -> None:
    """``write`` for a caller who loaded the aggregate: raises ``changed_meanwhile`` when it has changed since."""
    try:
        write(*writes)
    except ConditionFailed:
        raise errors.CONFLICT() from None


def update(model: type[Table], pk: str, sk: str, actions: Sequence[Any], condition: Condition) -> None:
    """Change parts of one item that many change at once; raises ``ConditionFailed``.

    Whether a call whose answer was lost has been done, only the caller can tell, by what it meant to change.
    """
    with _translated():
        model._get_connection().update_item(pk, sk, actions=actions, condition=condition)


def _write_one(one: Write) -> None:
    try:
        if isinstance(one, Put):
            one.item.save(condition=one.condition)
        else:
            one.item.delete(condition=one.condition)
    except (PutError, DeleteError) as error:
        if _code(error) != _CONDITION_FAILED:
            raise
        if not (_was_repeated(error) and _is_done(one)):
            raise ConditionFailed from error


def _code(error: PynamoDBException) -> str:
    """AWS's code of the failure; empty when no answer came (PynamoDB's own property fails on a timeout)."""
    response = getattr(error.cause, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _was_repeated(error: PynamoDBException) -> bool:
    """Whether the client had sent the call before, so that the condition may have met our own write."""
    response = getattr(_cause(error), "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0


def _cause(error: PynamoDBException) -> BaseException:
    """The failure as botocore told it; PynamoDB's own leaves out what the answer said besides."""
    cause = error.cause
    return (cause.__cause__ or cause) if isinstance(cause, Exception) else error


def _is_done(one: Write) -> bool:
    stored = read(type(one.item), str(one.item.pk), str(one.item.sk), consistent=True)
    if isinstance(one, Delete):
        return stored is None
    return stored is not None and stored.serialize() == one.item.serialize()


def _write_all(writes: Sequence[Write]) -> None:
    for attempt in range(_TRANSACTION_TRIES):
        try:
            with TransactWrite(connection=connection()) as transaction:
                for one in writes:
                    add = transaction.save if isinstance(one, Put) else transaction.delete
                    add(one.item, condition=one.condition)
            return
        except TransactWriteError as error:
            codes = {reason.code for reason in error.cancellation_reasons if reason}
            if "ConditionalCheckFailed" in codes:
                raise ConditionFailed from error
            if not codes or not codes <= _RETRIED:
                raise
            if attempt == _TRANSACTION_TRIES - 1:
                raise errors.UNAVAILABLE(retry_after=1) from error
            time.sleep(random.uniform(0, 0.025 * 2**attempt))  # noqa: S311


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        if _code(error) == _CONDITION_FAILED:
            raise ConditionFailed from error
        if not aws.is_passing(_cause(error)):
            raise
        raise errors.UNAVAILABLE(retry_after=1) from error
    except BotoCoreError as error:
        raise errors.UNAVAILABLE(retry_after=1) from error


@dataclass(frozen=True)
class Page:
    """Part of a list and the cursor of the next part (None at the end)."""

    items: list[Any]
    cursor: str | None


def query(
    source: type[Table] | GlobalSecondaryIndex[Any],
    pk: str,
    condition: Condition | None = None,
    *,
    index: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
    newest_first: bool = False,
) -> Page:
    """One page of the items under ``pk`` in a table, or in its index ``gsi1``/``gsi2``."""
    start = _decode_cursor(cursor, pk, index)
    with _translated():
        found = source.query(
            pk, condition, limit=limit, last_evaluated_key=start, scan_index_forward=not newest_first, page_size=limit
        )
        items = list(found)
        last = found.last_evaluated_key
    return Page(items, _encode_cursor(last, index) if last else None)


def query_each(
    source: type[Table] | GlobalSecondaryIndex[Any], pks: Sequence[str], *, index: str | None, cursor: str | None
) -> Page:
    """One page of the items under the first of ``pks``, then the next ones; newest first within each."""
    place, _, inner = (cursor or "0.").partition(".")
    if not (place.isascii() and place.isdigit()) or int(place) >= len(pks):
        raise _cursor_problem()
    page = query(source, pks[int(place)], index=index, cursor=inner, newest_first=True)
    if page.cursor is not None:
        return Page(page.items, f"{place}.{page.cursor}")
    following = int(place) + 1
    return Page(page.items, f"{following}." if following < len(pks) else None)


def _cursor_problem() -> errors.Problem:
    return errors.INVALID_REQUEST(
        fields=[errors.FieldError("/cursor", "invalid", "翻页标记无效", "The cursor is not valid")]
    )


def _encode_cursor(last: dict[str, Any], index: str | None) -> str:
    hash_key = f"{index}pk" if index else "pk"
    parts = {name: value["S"] for name, value in last.items() if name != hash_key}
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str | None, pk: str, index: str | None) -> dict[str, Any] | None:
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
    except ValueError:
        raise _cursor_problem() from None
    return {hash_key: {"S": pk}, **{name: {"S": value} for name, value in parts.items()}}


def add_to_counter(model: type[Table], pk: str, expires_at: int, times: int = 1) -> int:
    """Add to the counter stored under ``pk``, which disappears at ``expires_at``; the new count."""
    with _translated():
        answer = model._get_connection().update_item(
            pk,
            HEAD,
            actions=[model.times.add(times), model.expires_at.set(expires_at)],  # type: ignore[attr-defined]
            return_values="UPDATED_NEW",
        )
    return int(answer["Attributes"]["times"]["N"])
