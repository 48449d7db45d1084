"""Work that is left to do about items: at once after the write that leaves it, or at a moment; repeated until done.

An item says itself what is due. ``work`` lets the function behind the table's stream visit it at once. The sparse
index ``gsi2`` says when the sweep of every minute visits it. Whatever fails stays due, with growing pauses; so nothing
is forgotten and nothing is scanned. A deed must be repeatable: it can die anywhere and is done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pynamodb.attributes import UnicodeAttribute

from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.storage import indexes, streams, tables
from chalicelib.kernel.storage.attributes import Integer
from chalicelib.kernel.storage.streams import Record

SHARDS = 4
ALARMING_ATTEMPTS = 6
_LONGEST_WAIT = timedelta(hours=1)
_NOW = "now"
_SCHEDULE = ("work", "attempts", "gsi2pk", "gsi2sk")


class WorkItem(tables.VersionedTable):
    """Base of what may have something left to do.

    ``work`` is ``now`` or absent; ``attempts`` counts visits that failed; ``gsi2`` says when the sweep comes.
    """

    work = UnicodeAttribute(null=True)
    attempts = Integer(default=0)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    gsi2 = indexes.LookupIndex()


W = TypeVar("W", bound=WorkItem)


def schedule(item: W, when: datetime) -> W:
    """Let the sweep visit the item at ``when``."""
    item.gsi2pk = f"DUE#{hashlib.sha256(f'{item.pk}{item.sk}'.encode()).digest()[0] % SHARDS}"
    item.gsi2sk = clock.utc_text(when)
    item.work = None
    return item


def wake(item: W, otherwise: datetime | None = None) -> W:
    """Let the stream's function visit the item as soon as it is written; if that fails, the sweep at ``otherwise``."""
    schedule(item, otherwise or clock.now())
    item.work = _NOW
    return item


def unschedule(item: W) -> W:
    """Nothing is left to do."""
    item.gsi2pk = None
    item.gsi2sk = None
    item.work = None
    item.attempts = 0
    return item


def planned_at(item: WorkItem) -> datetime | None:
    """When work is due next; None if nothing is left to do."""
    return datetime.fromisoformat(str(item.gsi2sk)) if is_scheduled(item) else None


def is_scheduled(item: WorkItem) -> bool:
    """Whether something is left to do, now or later."""
    return item.gsi2pk is not None


def is_due(item: WorkItem) -> bool:
    """Whether something is left to do now."""
    return is_scheduled(item) and str(item.gsi2sk) <= clock.utc_text(clock.now())


def save_schedule(item: WorkItem) -> tables.Touch:
    """The write of what was scheduled, and of nothing else, valid only if no event has happened since it was read.

    Two who schedule at once do not notice each other: the last one counts. So a deed must be repeatable.
    """
    return tables.Touch(item, _SCHEDULE, type(item).version == item.version)


def retry_at(attempts: int, now: datetime) -> datetime:
    """When work that failed ``attempts`` times is tried again: after 1, 2, 4 ... minutes, at most an hour."""
    doublings = max(0, min(attempts, 10) - 1)
    return now + min(timedelta(minutes=1 << doublings), _LONGEST_WAIT)


def due_keys(model: type[WorkItem], now: datetime, limit: int) -> Iterator[tuple[str, str]]:
    """The keys of at most ``limit`` due items of each shard of a table, the longest waiting first."""
    until = model.gsi2sk <= clock.utc_text(now)
    for shard in range(SHARDS):
        page = tables.query(model.gsi2, f"DUE#{shard}", until, index="gsi2", limit=limit)
        yield from ((item.pk, item.sk) for item in page.items)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What is done about one kind of item.

    ``paces_itself``: whether the deed has said already when it comes next, so a failure changes nothing about that.
    """

    model: type[WorkItem]
    do: Callable[[Any], object]
    paces_itself: Callable[[Any], bool] = lambda _: False


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Does what is left to do about the items of one table.

    ``name``: of what, for the log (``<name>_work_failed``) and the alarm (``<name>_work_stuck``).
    ``deeds``: by the kind of item, which is what its key begins with.
    ``after``: is called at the end of each batch.
    ``threads``: how many items of a batch are worked on at once.
    ``sweeps_in_parallel``: the sweep only wakes what is due; the stream's functions, of which many run, do the work.
    ``swept``: at most so many items of each shard.
    """

    name: str
    deeds: Mapping[str, Deed]
    after: Callable[[], object] = lambda: None
    threads: int = 1
    sweeps_in_parallel: bool = False
    swept: int = 100

    def follow(self, event: Mapping[str, Any]) -> streams.Answer:
        """Visit each item of a batch of the table's stream that says there is work; the records to bring again."""

        def visit(record: Record) -> None:
            if "work" in record.image:
                self.attempt(record.pk, record.sk)

        answer = streams.work_through(event, visit, f"{self.name}_work_failed", self.threads)
        self.after()
        return answer

    def sweep(self) -> dict[str, int]:
        """Visit everything that is due: how many were visited, and how many failed and will be visited again."""
        model = next(iter(self.deeds.values())).model
        visit = self._wake if self.sweeps_in_parallel else self.attempt
        worked = []
        for pk, sk in list(due_keys(model, clock.now(), self.swept)):
            try:
                worked.append(visit(pk, sk))
            except Exception as error:  # one that cannot even be put off does not keep the others waiting
                log.failure(f"{self.name}_sweep_failed", error, subject=pk)
                worked.append(False)
        return {"visited": len(worked), "failed": worked.count(False)}

    def attempt(self, pk: str, sk: str = tables.HEAD) -> bool:
        """Visit an item; False if that failed. What failed is visited again later, and holds up nobody else."""
        try:
            self.visit(pk, sk)
        except Exception as error:
            log.failure(f"{self.name}_work_failed", error, subject=pk)
            # If even that fails, the item is still due, and the next sweep comes.
            with suppress(errors.Problem):
                self._put_off(pk, sk)
            return False
        return True

    def visit(self, pk: str, sk: str = tables.HEAD) -> None:
        """Do what is left to do about an item.

        Somebody else's change meanwhile ends the visit; what is left then is found again.
        """
        deed = self._deed(pk)
        item = tables.read(deed.model, pk, sk, consistent=True)
        if item is None or not is_scheduled(item):
            return
        try:
            deed.do(item)
        except tables.ConditionFailed:
            return
        except errors.Problem as problem:
            if problem.error is not errors.CONFLICT:
                raise
            self._put_off(pk, sk)

    def _deed(self, pk: str) -> Deed:
        return self.deeds[pk.partition("#")[0]]

    def _wake(self, pk: str, sk: str) -> bool:
        item = tables.read(self._deed(pk).model, pk, sk, consistent=True)
        if item is not None and is_due(item):
            with suppress(tables.ConditionFailed):  # it was changed meanwhile; the next sweep looks again
                tables.write(save_schedule(wake(item)))
        return True

    def _put_off(self, pk: str, sk: str) -> None:
        """Leave what failed to a later sweep (left awake, the stream would bring it back at once)."""
        deed = self._deed(pk)
        item = tables.read(deed.model, pk, sk, consistent=True)
        if item is None or not is_scheduled(item) or deed.paces_itself(item):
            return
        item.attempts = item.attempts + 1
        if item.attempts >= ALARMING_ATTEMPTS:
            log.count(f"{self.name}_work_stuck")
        with suppress(tables.ConditionFailed):
            tables.write(save_schedule(schedule(item, retry_at(item.attempts, clock.now()))))
