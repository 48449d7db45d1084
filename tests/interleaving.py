"""Several requests at once, one database call at a time, in an order drawn from a seed; and processes that die."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.kernel import aws
from chalicelib.kernel.security import vault

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
Works = list[Callable[[], Any]]
Interleaved = Callable[[int, Works], list[Any]]


class Baton:
    """Lets one thread run at a time and hands over at each database call, by a seeded choice."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._condition = threading.Condition()
        self._waiting: set[int] = set()
        self._holder: int | None = None
        self._patience = self._random.choice((0.0, 0.5, 0.9))

    def run(self, works: list[Callable[[], Any]]) -> list[Any]:
        results: list[Any] = [None] * len(works)

        def turn(place: int) -> None:
            self.take(place)
            try:
                results[place] = works[place]()
            finally:
                with self._condition:
                    self._waiting.discard(place)
                    self._pass_on()

        self._waiting = set(range(len(works)))
        threads = [threading.Thread(target=turn, args=(place,), name=f"baton-{place}") for place in range(len(works))]
        self._holder = self._random.choice(sorted(self._waiting))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return results

    def take(self, place: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: self._holder == place, 30), "the baton was lost"

    def hand_over(self) -> None:
        name = threading.current_thread().name
        if not name.startswith("baton-"):
            return
        with self._condition:
            self._pass_on()
        self.take(int(name.removeprefix("baton-")))

    def _pass_on(self) -> None:
        """Some seeds change hands at every call, others let one go on for a while: both find bugs of their own."""
        if self._holder not in self._waiting or self._random.random() >= self._patience:
            self._holder = self._random.choice(sorted(self._waiting)) if self._waiting else None
        self._condition.notify_all()


@contextmanager
def interleaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interleaved]:
    """Runs works with the database calls of all interleaved by a seed.

    The keys are loaded before: their lock is held over database calls, where a baton must not change hands.
    """
    vault.blind_index("warm", vault.seal(b"warm", "test", "warm", "warm").hex())
    batons: list[Baton] = []
    client = aws.client("dynamodb")
    send = client._make_api_call

    def send_in_turn(operation: str, parameters: dict[str, Any]) -> Any:
        if batons:
            batons[-1].hand_over()
        return send(operation, parameters)

    def run(seed: int, works: Works) -> list[Any]:
        batons.append(Baton(seed))
        try:
            return batons[-1].run(works)
        finally:
            batons.pop()

    with monkeypatch.context() as patched:
        patched.setattr(client, "_make_api_call", send_in_turn)
        yield run


class Crash(BaseException):
    """The process dies here."""


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, point: int, mode: str) -> Iterator[list[int]]:
    """Fail at the ``point``-th write: die ``before`` or ``after`` it, or have its answer ``lost``; counts writes."""
    client = aws.client("dynamodb")
    send, seen = client._make_api_call, [0]

    def dying(operation: str, parameters: dict[str, Any]) -> Any:
        if operation not in WRITES:
            return send(operation, parameters)
        seen[0] += 1
        if seen[0] != point:
            return send(operation, parameters)
        if mode != "before":
            send(operation, parameters)
        if mode == "lost":
            raise ReadTimeoutError(endpoint_url="the database")
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(client, "_make_api_call", dying)
        yield seen
