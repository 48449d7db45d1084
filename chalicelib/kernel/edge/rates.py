"""Limits on how often something may be tried, as counters that disappear by themselves.

Whoever is known (a person, a member of staff, a code, an account) has a ``Limit``. An address has none: a hall, a
company or all customers of a mobile network share one. It only gets a ``Slowdown``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.kernel import clock, errors
from chalicelib.kernel.security.vault import KernelItem, blind_index
from chalicelib.kernel.storage import tables

WAIT_SECONDS = 1.0
_GUESSES = (400, 401, 404, 410, 422)
"""The statuses of a refusal that may be the answer to a guess."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``times`` in ``seconds`` for one caller; ``failures_only`` counts only refused calls."""

    name: str
    times: int
    seconds: int
    failures_only: bool = False

    def check(self, who: str) -> None:
        """Raise ``too_many_requests`` if ``who`` has used up the limit (half a read unit)."""
        stored = tables.read(KernelItem, _key(self, who))
        if stored is not None and int(stored.times or 0) >= self.times:
            raise self._problem()

    def count(self, who: str) -> None:
        """Count one try of ``who``; raises ``too_many_requests`` if that was one too many (a write unit)."""
        if _count(self, who) > self.times:
            raise self._problem()

    @contextmanager
    def of_request(self, who: str) -> Iterator[None]:
        """Hold the limit for the request that is answered inside."""
        if not self.failures_only:
            with self.spent(who):
                yield
            return
        self.check(who)
        try:
            yield
        except errors.Problem as problem:
            if problem.error.status in _GUESSES:
                self.count(who)
            raise

    @contextmanager
    def spent(self, who: str) -> Iterator[None]:
        """Count one try of ``who`` as ``count`` does, for the deed inside; it is given back if we ourselves fail.

        Counted first: many tries at one moment must not all pass.
        """
        self.count(who)
        try:
            yield
        except Exception as error:
            is_ours = not isinstance(error, errors.Problem) or error.error.status >= 500
            if is_ours:
                self.give_back(who)
            raise

    def give_back(self, who: str) -> None:
        """Take back one try that was counted."""
        tables.add_to_counter(KernelItem, _key(self, who), _window_end(self) + self.seconds, -1)

    def _problem(self) -> errors.Problem:
        wait = _window_end(self) - clock.seconds(clock.now())
        return errors.TOO_MANY_REQUESTS(retry_after=wait, seconds=wait)


@dataclass(frozen=True, kw_only=True)
class Slowdown:
    """After ``times`` refusals of one address in ``seconds``, each further one is answered ``WAIT_SECONDS`` later.

    Nobody behind the address is refused anything, and who is right does not wait: a call that succeeds costs nothing.
    How many calls one client may make at all is limited in front of the API (``infra/edge.yaml``).
    """

    name: str
    times: int
    seconds: int

    @contextmanager
    def of_request(self, address: str) -> Iterator[None]:
        """Note a refusal of the request that is answered inside."""
        try:
            yield
        except errors.Problem as problem:
            if problem.error.status in _GUESSES:
                self.note(address)
            raise

    def note(self, address: str) -> None:
        """Count one refusal of an address (a write unit); wait if there were too many."""
        if _count(self, address) > self.times:
            time.sleep(WAIT_SECONDS)


def _count(limit: Limit | Slowdown, who: str) -> int:
    return tables.add_to_counter(KernelItem, _key(limit, who), _window_end(limit) + limit.seconds)


def _key(limit: Limit | Slowdown, who: str) -> str:
    return f"LIMIT#{limit.name}#{blind_index('limit', who)}#{_window_end(limit)}"


def _window_end(limit: Limit | Slowdown) -> int:
    return (clock.seconds(clock.now()) // limit.seconds + 1) * limit.seconds
