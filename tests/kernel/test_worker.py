"""The worker: what fails is put off and holds up nobody else, neither in the stream nor in the sweep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.kernel import clock, errors
from chalicelib.kernel.storage import tables, worker
from chalicelib.kernel.storage.worker import Deed, Worker
from chalicelib.notices.store import DigestItem
from scenes.world import World


def items(count: int) -> list[DigestItem]:
    found = []
    for number in range(count):
        item = DigestItem(f"DIGEST#worker-{clock.now().timestamp()}-{number}", "2026-11-02", version=1)
        item.expires_at = clock.seconds(clock.now()) + 3600
        tables.write(tables.Put(worker.schedule(item, clock.now() - timedelta(days=100))))
        found.append(item)
    return found


def stored(item: DigestItem) -> DigestItem:
    again = tables.read(DigestItem, item.pk, item.sk, consistent=True)
    assert again is not None
    return again


def made(deed: Any, **how: Any) -> Worker:
    return Worker(name="message", deeds={"DIGEST": Deed(model=DigestItem, do=deed)}, **how)


@pytest.fixture
def two(world: World, monkeypatch: pytest.MonkeyPatch) -> list[DigestItem]:
    """Two due items, and a sweep that finds these and no others."""
    found = items(2)
    keys = [(item.pk, item.sk) for item in found]
    monkeypatch.setattr(worker, "due_keys", lambda *_: iter(keys))
    return found


def test_what_fails_is_put_off_with_growing_pauses_and_the_next_one_is_visited(two: list[DigestItem]) -> None:
    visited = []

    def deed(item: DigestItem) -> None:
        visited.append(item.pk)
        raise ValueError

    assert made(deed).sweep() == {"visited": 2, "failed": 2}
    assert visited == [item.pk for item in two]
    for item in two:
        again = stored(item)
        assert again.attempts == 1 and worker.is_scheduled(again) and not worker.is_due(again)


@pytest.mark.parametrize("is_parallel", [True, False])
@pytest.mark.parametrize("failure", [errors.UNAVAILABLE(retry_after=1), ValueError("unreadable")])
def test_one_that_cannot_even_be_read_does_not_keep_the_others_waiting(
    two: list[DigestItem], monkeypatch: pytest.MonkeyPatch, failure: Exception, is_parallel: bool
) -> None:
    read = tables.read
    seen = []

    def read_or_fail(model: Any, pk: str, *more: Any, **how: Any) -> Any:
        if pk == two[0].pk:
            raise failure
        seen.append(pk)
        return read(model, pk, *more, **how)

    monkeypatch.setattr(tables, "read", read_or_fail)
    swept = made(lambda item: None, sweeps_in_parallel=is_parallel).sweep()
    assert swept == {"visited": 2, "failed": 1}
    assert two[1].pk in seen


def test_a_deed_that_paces_itself_is_not_put_off(two: list[DigestItem]) -> None:
    def fail(item: DigestItem) -> None:
        raise ValueError

    paced = Worker(name="message", deeds={"DIGEST": Deed(model=DigestItem, do=fail, paces_itself=lambda _: True)})
    assert not paced.attempt(two[0].pk, two[0].sk)
    assert stored(two[0]).attempts == 0


def test_the_stream_visits_only_what_is_awake(two: list[DigestItem]) -> None:
    visited = []
    ours = made(lambda item: visited.append(item.pk))
    records = []
    for number, item in enumerate(two):
        image = {"pk": {"S": item.pk}, "sk": {"S": item.sk}, **({"work": {"S": "now"}} if number else {})}
        records.append({"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(number), "NewImage": image}})
    assert ours.follow({"Records": records}) == {"batchItemFailures": []}
    assert visited == [two[1].pk]
