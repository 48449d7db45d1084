"""Items that have something left to do: at once by the table's stream, or later by the sweep of every minute.

``work`` says what is left and lets the stream's function visit the item; the sparse index ``gsi2`` says when the
sweep looks at it. Whatever fails stays due, so nothing is forgotten and nothing is scanned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kernel import clock, log
from chalicelib.kernel.storage import streams, tables
from chalicelib.kernel.storage.streams import Record

SHARDS = 4
_EACH_SHARD = 100
_LONGEST_WAIT = timedelta(hours=1)
ALARMING_ATTEMPTS = 6


class DueItem(tables.VersionedTable):
    """Base of what may have something left to do; ``attempts`` counts visits that failed."""

    work = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    gsi2 = tables.LookupIndex()


D = TypeVar("D", bound=DueItem)


def due(item: D, when: datetime, work: str | None = None) -> D:
    """Let the item be looked at at ``when``; ``work`` also hands it to the stream's function at once."""
    item.gsi2pk = f"DUE#{hashlib.sha256(f'{item.pk}{item.sk}'.encode()).digest()[0] % SHARDS}"
    item.gsi2sk = utc(when)
    item.work = work
    return item


def not_due(item: D) -> D:
    """Nothing is left to do."""
    item.gsi2pk = item.gsi2sk = item.work = None
    item.attempts = 0
    return item


def is_due(item: DueItem) -> bool:
    """Whether something is left to do, now or later."""
    return bool(item.gsi2pk) and str(item.gsi2pk).startswith("DUE#")


def unchanged(item: DueItem) -> tables.Put:
    """The write of an item to which nothing happened that anybody would ask about, if it is as it was read."""
    return tables.Put(item, type(item).version == int(item.version))


def keys(model: type[DueItem], now: datetime, limit: int) -> Iterator[tuple[str, str]]:
    """The keys of at most ``limit`` due items of each shard of a table, the longest waiting first."""
    until = model.gsi2sk <= utc(now)
    for shard in range(SHARDS):
        page = tables.query(model.gsi2, f"DUE#{shard}", until, index="gsi2", limit=limit)
        yield from ((str(item.pk), str(item.sk)) for item in page.items)


def sweep(model: type[DueItem], attempt: Callable[[str, str], bool], limit: int = 0) -> Mapping[str, int]:
    """Attempt everything that is due in a table, at most ``limit`` of each shard: how many, and how many failed."""
    worked = [_attempted(attempt, pk, sk) for pk, sk in list(keys(model, clock.now(), limit or _EACH_SHARD))]
    return {"visited": len(worked), "failed": worked.count(False)}


def _attempted(attempt: Callable[[str, str], bool], pk: str, sk: str) -> bool:
    """One that cannot even be put off does not keep the others waiting."""
    try:
        return attempt(pk, sk)
    except Exception as error:
        log.failure("sweep_failed", error, subject=pk)
        return False


def follow(
    event: Mapping[str, Any], attempt: Callable[[str, str], bool], failure: str, threads: int = 1
) -> streams.Answer:
    """What a stream's function does: attempt each item that says there is work; records to be brought again."""

    def visit(record: Record) -> None:
        if "work" in record.image:
            attempt(record.pk, record.sk)

    return streams.work_through(event, visit, failure, threads)


def retry_at(attempts: int, now: datetime) -> datetime:
    """When work that failed ``attempts`` times is tried again: after 1, 2, 4 ... minutes, at most an hour."""
    doublings = max(0, min(attempts, 10) - 1)
    return now + min(timedelta(minutes=1 << doublings), _LONGEST_WAIT)


def utc(moment: datetime) -> str:
    """A moment as the index sorts it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
