"""DynamoDB: one base model, one connection, conditional writes, transactions and cursors.

All models share one connection (each would otherwise make a client of its own), and every
failed condition, conflict or throttle becomes one of three things: ``ConditionFailed``, a retry, or
the ``temporarily_unavailable`` problem.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, Self, TypeVar

from botocore.exceptions import BotoCoreError
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.kernel import aws, errors
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import cursors, failures
from chalicelib.kernel.storage.attributes import Integer
from chalicelib.kernel.storage.indexes import INDEXES

HEAD = "HEAD"
_CONDITION_FAILED = "ConditionalCheckFailedException"


class ConditionFailed(Exception):
    """A conditional write or a transaction was refused: somebody else was first."""


@functools.cache
def connection() -> Connection:
    """The connection that every table uses, with our client instead of one of PynamoDB's own making."""
    shared = Connection()
    shared.__dict__["_client"] = aws.client("dynamodb")
    return shared


class Table(Model):
    """Base of every stored item: keys ``pk`` and ``sk``; ``Meta.table_name`` is the name without prefix."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=HEAD)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        """PynamoDB's own writes know nothing of versions and events."""
        raise TypeError(f"write {type(self).__name__} by tables.write, an aggregate with its events")

    save = update = delete = _refuse

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """An item as the table gives it; PynamoDB's own way looks each attribute's name up nine times.

        That was a third of a read's CPU. What PynamoDB does besides is for discriminators, which no model here has.
        """
        found: dict[str, Any] = {}
        for name, stored_as, attribute in _attributes_of(cls):
            given = data.get(stored_as)
            if given and "NULL" not in given:
                found[name] = attribute.deserialize(attribute.get_value(given))
                continue
            default = attribute.default
            value = default() if callable(default) else default
            if value is not None:
                found[name] = value
        item = cls.__new__(cls)
        item.attribute_values = found
        return item

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known: TableConnection | None = cls.__dict__.get("_shared_table_connection")
        if known is None:
            name = settings().table_prefix + cls.Meta.table_name
            table = TableConnection.__new__(TableConnection)
            table.table_name = name
            table.connection = connection()
            # Not add_meta_table: it refuses the second of two threads that come here at once, for one table or for
            # two models of it. Both make the same.
            table.connection._tables.setdefault(name, MetaTable({"TableName": name, **_schema(cls)}))
            known = table
            setattr(cls, "_shared_table_connection", known)  # noqa: B010
        return known


@functools.cache
def _attributes_of(model: type[Table]) -> list[tuple[str, str, Any]]:
    """Each attribute of a model: its name here, its name in the table, and itself."""
    return [(name, attribute.attr_name, attribute) for name, attribute in model.get_attributes().items()]


def _schema(model: type[Table]) -> dict[str, Any]:
    schema = model._get_schema()
    return {
        "KeySchema": schema["key_schema"],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in _KEY_ATTRIBUTES],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": f"{index}pk", "KeyType": "HASH"},
                    {"AttributeName": f"{index}sk", "KeyType": "RANGE"},
                ],
            }
            for index in INDEXES
        ],
    }


_KEY_ATTRIBUTES = ("pk", "sk", *(f"{index}{key}" for index in INDEXES for key in ("pk", "sk")))


class VersionedTable(Table):
    """Base of the items that many may change. Each write but ``Touch`` counts the version on, or is refused."""

    version = Integer(default=0)


class AggregateTable(VersionedTable):
    """Base of the items whose changes are kept in the event log (see ``changes.py``)."""

    changes = BinaryAttribute(legacy_encoding=False, default=b"")

    @property
    def subject(self) -> str:
        """The aggregate's name in the event log."""
        return self.pk if self.sk == HEAD else f"{self.pk}/{self.sk}"


T = TypeVar("T", bound=Table)


def _is_too_long(pk: str, sk: str = HEAD) -> bool:
    """Whether DynamoDB would refuse the key (2,048 and 1,024 bytes): what a caller sends may be of any length."""
    return len(pk.encode(errors="replace")) > 2048 or len(sk.encode(errors="replace")) > 1024


def read(model: type[T], pk: str, sk: str = HEAD, *, consistent: bool = False) -> T | None:
    """One item, or None. Half a read unit for each 4 kB; a whole one when ``consistent``."""
    if _is_too_long(pk, sk):
        return None
    with _translated():
        try:
            return model.get(pk, sk, consistent_read=consistent)
        except model.DoesNotExist:
            return None


@dataclass(frozen=True)
class Put:
    """Write the whole item if ``condition`` holds for what is stored.

    An aggregate is written by ``changes.record`` only, together with its events: here it is refused.
    """

    item: Table
    condition: Condition | None = None

    def __post_init__(self) -> None:
        if isinstance(self.item, AggregateTable) and not isinstance(self, RecordedPut):
            raise TypeError(f"{type(self.item).__name__} is an aggregate: write it with changes.record, or touch it")


@dataclass(frozen=True)
class RecordedPut(Put):
    """Write an aggregate together with the events that changed it; made by ``changes.record``."""


@dataclass(frozen=True)
class Touch:
    """Write the named attributes of a stored item, and no others, if ``condition`` holds.

    For what is no event in the life of a thing, like its schedule or a counter: the version stays as it is.
    """

    item: Table
    attributes: tuple[str, ...]
    condition: Condition

    def actions(self) -> list[Any]:
        """What DynamoDB is told to do with each attribute."""
        found = []
        for name in self.attributes:
            attribute = getattr(type(self.item), name)
            value = getattr(self.item, name)
            found.append(attribute.remove() if value is None else attribute.set(value))
        return found


@dataclass(frozen=True)
class Delete:
    """Remove the item if ``condition`` holds; an aggregate is never removed, its history would speak of nothing."""

    item: Table
    condition: Condition | None = None

    def __post_init__(self) -> None:
        if isinstance(self.item, AggregateTable):
            raise TypeError(f"{type(self.item).__name__} is an aggregate: it is not removed")


Write = Put | Touch | Delete


def absent(model: type[Table]) -> Condition:
    """The condition that no such item is stored yet."""
    return model.pk.does_not_exist()


def at_version(model: type[VersionedTable], version: int) -> Condition:
    """The condition that the stored item still has ``version``; 0 means that there is none."""
    return absent(model) if version == 0 else model.version == version


def replace(item: VersionedTable) -> Put:
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
            failures.repeat_conflicts(lambda may_be_done: _write_one(writes[0], may_be_done))
        else:
            failures.repeat_conflicts(lambda _: _write_all(writes))


def write_or_conflict(*writes: Write) -> None:
    """``write`` for a caller who loaded the aggregate: raises ``changed_meanwhile`` when it has changed since."""
    try:
        write(*writes)
    except ConditionFailed:
        raise errors.CONFLICT() from None


def update(model: type[Table], pk: str, sk: str, actions: Sequence[Any], condition: Condition) -> None:
    """Change parts of one item that many change at once; raises ``ConditionFailed``.

    Whether a call whose answer was lost has been done, only the caller can tell, by what it meant to change. Not for
    aggregates.
    """
    if issubclass(model, AggregateTable):
        raise TypeError(f"{model.__name__} is an aggregate: write it with changes.record, or touch it")
    table = model._get_connection()
    with _translated():
        failures.repeat_conflicts(lambda _: table.update_item(pk, sk, actions=actions, condition=condition))


def _write_one(one: Write, may_be_done: bool) -> None:
    """One conditional write; ``may_be_done``: an earlier try may have done it, so its condition may not hold now."""
    try:
        if isinstance(one, Put):
            Model.save(one.item, condition=one.condition)
        elif isinstance(one, Touch):
            # not item.update, which would put what is stored in the place of what the caller has changed
            table = type(one.item)._get_connection()
            table.update_item(one.item.pk, one.item.sk, actions=one.actions(), condition=one.condition)
        elif not _is_too_long(one.item.pk, one.item.sk):
            Model.delete(one.item, condition=one.condition)
        elif one.condition is not None:
            raise ConditionFailed
    except (PutError, UpdateError, DeleteError) as error:
        if failures.code_of(error) != _CONDITION_FAILED:
            raise
        may_be_ours = may_be_done or failures.was_repeated(error)
        if not (may_be_ours and _is_done(one)):
            raise ConditionFailed from error


def _is_done(one: Write) -> bool:
    stored = read(type(one.item), one.item.pk, one.item.sk, consistent=True)
    if isinstance(one, Delete):
        return stored is None
    if stored is None:
        return False
    if isinstance(one, Touch):
        return all(getattr(stored, name) == getattr(one.item, name) for name in one.attributes)
    return stored.serialize() == one.item.serialize()


def _write_all(writes: Sequence[Write]) -> None:
    try:
        with TransactWrite(connection=connection()) as transaction:
            for one in writes:
                if isinstance(one, Put):
                    transaction.save(one.item, condition=one.condition)
                elif isinstance(one, Touch):
                    transaction.update(one.item, actions=one.actions(), condition=one.condition)
                else:
                    transaction.delete(one.item, condition=one.condition)
    except TransactWriteError as error:
        if any(reason and reason.code == "ConditionalCheckFailed" for reason in error.cancellation_reasons):
            raise ConditionFailed from error
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        if failures.code_of(error) == _CONDITION_FAILED:
            raise ConditionFailed from error
        if not aws.is_passing(failures.cause_of(error)):
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
    if _is_too_long(pk):
        return Page([], None)
    start = cursors.decode(cursor, pk, index)
    with _translated():
        found = source.query(
            pk, condition, limit=limit, last_evaluated_key=start, scan_index_forward=not newest_first, page_size=limit
        )
        items = list(found)
        last = found.last_evaluated_key
    return Page(items, cursors.encode(last, index) if last else None)


def query_each(
    source: type[Table] | GlobalSecondaryIndex[Any],
    pks: Sequence[str],
    condition: Condition | None = None,
    *,
    index: str | None,
    cursor: str | None,
) -> Page:
    """One page of the items under the first of ``pks``, then the next ones; newest first within each."""
    place, _, inner = (cursor or "0.").partition(".")
    if not (place.isascii() and place.isdigit()) or int(place) >= len(pks):
        raise cursors.problem()
    page = query(source, pks[int(place)], condition, index=index, cursor=inner, newest_first=True)
    if page.cursor is not None:
        return Page(page.items, f"{place}.{page.cursor}")
    following = int(place) + 1
    return Page(page.items, f"{following}." if following < len(pks) else None)


def add_to_counter(model: type[Table], pk: str, expires_at: int, times: int = 1) -> int:
    """Add to the counter stored under ``pk``, which disappears at ``expires_at``; the new count."""
    table = model._get_connection()
    actions = [model.times.add(times), model.expires_at.set(expires_at)]  # type: ignore[attr-defined]
    with _translated():
        answer = failures.repeat_conflicts(
            lambda _: table.update_item(pk, HEAD, actions=actions, return_values="UPDATED_NEW")
        )
    return int(answer["Attributes"]["times"]["N"])
