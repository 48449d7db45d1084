"""Proof that the event log is whole: versions against entries, and signed daily roots."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from chalicelib.kernel import aws, clock, log
from chalicelib.kernel.events import changes, history
from chalicelib.kernel.events.history import Fault
from chalicelib.kernel.security import signing
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer, Json

_CURSOR = "AUDIT#CURSOR"
_ROOTS = "roots/"
_RESERVED_MILLISECONDS = 30_000
PAGE_ITEMS = 500
SETTLED = timedelta(minutes=10)
CHECKED_DAYS = 7


class PositionItem(tables.Table):
    """Where the nightly check goes on: in which table, after which key (None: from its beginning)."""

    class Meta:
        table_name = "kernel"

    table = Integer()
    start = Json[dict[str, Any] | None](dict[str, Any] | None, null=True)


class SealedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day's root: how many entries it is made of, the Merkle root over their hashes, its ES256 signature in base64.

    Of entries that were appended together it is made of the last one, whose hash covers the others.
    ``previous``: the last day before it that had a root when this one was signed; empty for the first.
    """

    day: str
    entries: int
    root: str
    previous: str
    signature: str


class Round(msgspec.Struct, kw_only=True):
    """How far a check of all aggregates came: ``tables`` that were finished, ``aggregates`` that were compared.

    ``finished``: the round reached its end, and the next call begins a new one. Otherwise the next call goes on where
    this one stopped.
    """

    faults: list[Fault]
    tables: list[str]
    aggregates: int = 0
    finished: bool = False


def _whole_time() -> int:
    return 900_000


def check(names: Sequence[str], context: Any = None) -> Round:
    """Check the sealed days, then the aggregates as far as the function's time allows; each fault is an alarm.

    ``context``: Lambda's, which knows the time that is left; without one there are 15 minutes.
    """
    # the days first: the check of all aggregates uses all the time that is left
    faults = check_days()
    remaining = context.get_remaining_time_in_millis if context else _whole_time
    checked = check_all(names, remaining)
    checked.faults = faults + checked.faults
    for fault in checked.faults:
        log.write("history_fault", level="error", subject=fault.subject, version=fault.version, reason=fault.reason)
    log.count("history_faults", len(checked.faults))
    log.write(
        "history_checked",
        faults=len(checked.faults),
        tables=checked.tables,
        aggregates=checked.aggregates,
        finished=checked.finished,
    )
    return checked


def check_all(names: Sequence[str], remaining: Callable[[], int]) -> Round:
    """Compare every aggregate's version with its history, page by page; ``names`` are the tables without prefix.

    Scans the tables, so it belongs to a schedule and never to a request; stops after a page when
    ``remaining`` (milliseconds) runs low, and goes on from there at the next call.
    """
    done = Round(faults=[], tables=[])
    table, start = _saved_position()
    while table < len(names):
        name = settings().table_prefix + names[table]
        heads, start = _page(name, start)
        for head in heads:
            fault = _confirmed_fault(name, head)
            if fault is not None:
                done.faults.append(fault)
        done.aggregates += len(heads)
        if start is None:
            done.tables.append(names[table])
            table += 1
        _save_position(table, start)
        if remaining() < _RESERVED_MILLISECONDS and table < len(names):
            return done
    _save_position(0, None)
    done.finished = True
    return done


@dataclass(frozen=True)
class _Head:
    """An aggregate's key, version and the moment of its newest change."""

    key: dict[str, Any]
    version: int
    changed_at: datetime

    @property
    def subject(self) -> str:
        key = self.key["pk"]["S"]
        sort = self.key["sk"]["S"]
        return str(key) if sort == tables.HEAD else f"{key}/{sort}"


def _head(item: dict[str, Any]) -> _Head:
    newest = changes.decode(item["changes"]["B"])[-1]
    return _Head({"pk": item["pk"], "sk": item["sk"]}, int(item["version"]["N"]), newest.at)


def _confirmed_fault(table: str, head: _Head) -> Fault | None:
    """A fault that is there although the stream has had its time: what changes right now is not one."""
    if history.verify(head.subject, head.version) is None:
        return None
    request = {"TableName": table, "Key": head.key, "ConsistentRead": True}
    stored = aws.client("dynamodb").get_item(**request).get("Item")
    if stored is None:
        return None
    current = _head(stored)
    if current.changed_at > clock.now() - SETTLED:
        return None
    return history.verify(current.subject, current.version)


def _page(table: str, start: dict[str, Any] | None) -> tuple[list[_Head], dict[str, Any] | None]:
    """The aggregates in one page of a table, and where the next page begins."""
    request: dict[str, Any] = {
        "TableName": table,
        "FilterExpression": "attribute_exists(changes)",
        "ProjectionExpression": "pk, sk, version, changes",
        "Limit": PAGE_ITEMS,
    }
    if start:
        request["ExclusiveStartKey"] = start
    page = aws.client("dynamodb").scan(**request)
    return [_head(item) for item in page["Items"]], page.get("LastEvaluatedKey")


def _saved_position() -> tuple[int, dict[str, Any] | None]:
    stored = tables.read(PositionItem, _CURSOR, consistent=True)
    return (stored.table, stored.start) if stored is not None else (0, None)


def _save_position(table: int, start: dict[str, Any] | None) -> None:
    tables.write(tables.Put(PositionItem(_CURSOR, table=table, start=start)))


def seal_day(day: date) -> SealedDay:
    """Sign the root of a day's entries and keep it in the audit bucket (Object Lock); a sealed day stays sealed.

    Raises ``ValueError`` for a day that is not over, because entries still come, and for one before the first root on
    which nothing happened: a slip of the pen would move the beginning of the sealed days.
    """
    if day >= clock.today():
        raise ValueError(f"{day} is not over yet: only past days (Asia/Shanghai) can be sealed")
    already = _sealed(day)
    if already is not None:
        return already
    hashes = history.day_hashes(day)
    root = history.merkle_root(hashes)
    sealed_days = _sealed_days()
    if sealed_days and day < min(sealed_days) and not hashes:
        raise ValueError(f"nothing happened on {day}, and the first root is of {min(sealed_days)}")
    earlier = [one for one in sealed_days if one < day]
    previous = str(max(earlier)) if earlier else ""
    signature = signing.sign(settings().audit_key, _signed_text(str(day), len(hashes), root, previous))
    sealed = SealedDay(
        day=str(day), entries=len(hashes), root=root, previous=previous, signature=base64.b64encode(signature).decode()
    )
    aws.client("s3").put_object(
        Bucket=settings().audit_bucket, Key=f"{_ROOTS}{day}.json", Body=msgspec.json.encode(sealed)
    )
    return sealed


def _sealed(day: date) -> SealedDay | None:
    try:
        stored = aws.client("s3").get_object(Bucket=settings().audit_bucket, Key=f"{_ROOTS}{day}.json")
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return msgspec.json.decode(stored["Body"].read(), type=SealedDay)


def check_days() -> list[Fault]:
    """Check the roots of the last days, and that no day since the first root is without one.

    Whoever rewrites a whole chain, or removes a root, fails here. A day without a root is only a fault if something
    happened on it: before the first day of an installation there is nothing to sign.
    """
    yesterday = clock.today() - timedelta(days=1)
    recent = [yesterday - timedelta(days=past) for past in range(CHECKED_DAYS)]
    sealed_days = _sealed_days()
    missing = set(recent) - sealed_days
    if sealed_days:
        first = min(sealed_days)
        since_first = {first + timedelta(days=number) for number in range((yesterday - first).days + 1)}
        missing |= since_first - sealed_days
    faults = [Fault(f"DAY#{day}", 0, "not sealed") for day in sorted(missing) if history.day_hashes(day)]
    # Of the recent days everything is checked; of the oldest one whether there were older ones.
    checked = {day for day in recent if day in sealed_days}
    if sealed_days:
        checked.add(min(sealed_days))
    for day in sorted(checked):
        reason = check_day(day)
        if reason is not None:
            faults.append(Fault(f"DAY#{day}", 0, reason))
        elif _previous_is_missing(day, sealed_days):
            faults.append(Fault(f"DAY#{day}", 0, "the root before it was removed"))
    return faults


def _previous_is_missing(day: date, sealed_days: set[date]) -> bool:
    """Whether a day's signed root names one before it that is not there any more."""
    sealed = _sealed(day)
    if sealed is None or not sealed.previous:
        return False
    return date.fromisoformat(sealed.previous) not in sealed_days


def _sealed_days() -> set[date]:
    """The days of which the audit bucket has a root: one list call for each thousand days."""
    days = set()
    last_key = ""
    # By its own name, not by a paginator: the package keeps the operations that our code calls (infra/reduce.py).
    while True:
        page = aws.client("s3").list_objects_v2(
            Bucket=settings().audit_bucket, Prefix=_ROOTS, StartAfter=last_key or _ROOTS
        )
        rows = page.get("Contents", [])
        for row in rows:
            last_key = row["Key"]
            name = last_key.removeprefix(_ROOTS).removesuffix(".json")
            with suppress(ValueError):  # somebody else's object is no root
                days.add(date.fromisoformat(name))
        if not rows or not page.get("IsTruncated"):
            return days


def check_day(day: date) -> str | None:
    """What is wrong with a sealed day: its signature or its root; None if both hold."""
    try:
        sealed = _sealed(day)
    except msgspec.MsgspecError:
        return "unreadable root"
    if sealed is None:
        return "not sealed"
    text = _signed_text(sealed.day, sealed.entries, sealed.root, sealed.previous)
    key = signing.public_key_der(settings().audit_key)
    if sealed.day != str(day) or not signing.verifies(key, text, base64.b64decode(sealed.signature)):
        return "bad signature"
    hashes = history.day_hashes(day)
    if (len(hashes), history.merkle_root(hashes)) != (sealed.entries, sealed.root):
        return "entries differ from the sealed root"
    return None


def _signed_text(day: str, entries: int, root: str, previous: str) -> bytes:
    return f"BANSHI-AUDIT-v2\0{day}\0{entries}\0{root}\0{previous}".encode()
