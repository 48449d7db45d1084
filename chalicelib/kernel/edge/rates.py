"""Limits on how often something may be tried, as counters that disappear by themselves.

Whoever is known (a person, a member of staff, a code, an account) has a ``Limit``. An address has none: a hall, a
company or all customers of a mobile network share one. It only gets a ``Slowdown``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.security.vault import KernelItem, blind_index
from chalicelib.kernel.storage import tables

WAIT_SECONDS = 0.25
_GUESSES = (400, 401, 404, 410, 422)
"""The statuses of a refusal that may answer a guess; malformed requests too, which only guessers send often."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``times`` in ``seconds`` for one caller; ``failures_only``: of calls refused like a wrong guess.

    ``one_in``: only one call in so many is counted, for so many; the others read the count, which costs a tenth of
    counting. The limit is then one on average, which is enough where it spares others work. Never for guesses.
    """

    name: str
    times: int
    seconds: int
    failures_only: bool = False
    one_in: int = 1

    def __post_init__(self) -> None:
        if self.failures_only and self.one_in > 1:
            raise ValueError(f"{self.name}: of guesses each one is counted")

    def count(self, who: str) -> None:
        """Count one try of ``who``; raises ``too_many_requests`` if that was one too many (a write unit)."""
        self._count(_key(self, who))

    def of_request(self, who: str) -> AbstractContextManager[None]:
        """Hold the limit for the request that is answered inside."""
        return self.guessed(who, _is_refusal) if self.failures_only else self.spent(who)

    @contextmanager
    def spent(self, who: str) -> Iterator[None]:
        """Count one try of ``who`` for the deed inside; it is given back if we ourselves fail."""
        key = _key(self, who)
        counted = self._count(key)
        try:
            yield
        except Exception as error:
            is_ours = not isinstance(error, errors.Problem) or error.error.status >= 500
            if is_ours:
                self._give_back(key, counted)
            raise

    @contextmanager
    def guessed(self, who: str, is_wrong: Callable[[errors.Problem], bool]) -> Iterator[None]:
        """Count one guess of ``who`` for the deed inside; it is given back unless the guess was wrong.

        Counted before it is tried: of many guesses at one moment no more than ``times`` are tried, and so many right
        ones at one moment may be refused. A right one costs two write units.
        """
        key = _key(self, who)
        self._count(key)
        try:
            yield
        except Exception as error:
            is_wrong_guess = isinstance(error, errors.Problem) and is_wrong(error)
            if not is_wrong_guess:
                self._give_back(key)
            raise
        self._give_back(key)

    def _count(self, key: str) -> int:
        """Count one try, and tell for how many it counts."""
        counted = self.one_in if drawn(self.one_in) else 0
        total = _add(self, key, counted) if counted else _read(key) + 1
        if total > self.times:
            # What is not tried is no try: those in flight may still be right. A call that counts for others stays
            # counted, or they would all pass.
            if self.one_in == 1:
                self._give_back(key)
            wait = _window_end(self) - clock.seconds(clock.now())
            raise errors.TOO_MANY_REQUESTS(retry_after=wait, seconds=wait)
        return counted

    def _give_back(self, key: str, counted: int = 1) -> None:
        """Take back a try that was counted. Its deed is done: a failure here changes nothing of that."""
        if counted == 0:
            return
        try:
            _add(self, key, -counted)
        except Exception as error:
            log.failure("try_not_given_back", error)


def drawn(one_in: int) -> bool:
    """Whether this call is the one in so many that is counted."""
    return secrets.randbelow(one_in) == 0


def _is_refusal(problem: errors.Problem) -> bool:
    return problem.error.status in _GUESSES


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
            if _is_refusal(problem):
                self.note(address)
            raise

    def note(self, address: str) -> None:
        """Count one refusal, or whatever else is to be slowed, of an address (a write unit); wait after too many."""
        if _add(self, _key(self, address), 1) > self.times:
            # It holds a function's place meanwhile: at the API's limit of 500 requests a second, 125 of 1,000 places. A
            # refusal at once would cost less, and lock out everybody behind the address.
            time.sleep(WAIT_SECONDS)


def _add(limit: Limit | Slowdown, key: str, times: int) -> int:
    return tables.add_to_counter(KernelItem, key, _window_end(limit) + limit.seconds, times)


def _read(key: str) -> int:
    """A count as it was a moment ago (half a read unit)."""
    item = tables.read(KernelItem, key)
    return int(item.times or 0) if item is not None else 0


def _key(limit: Limit | Slowdown, who: str) -> str:
    return f"LIMIT#{limit.name}#{blind_index('limit', who)}#{_window_end(limit)}"


def _window_end(limit: Limit | Slowdown) -> int:
    return (clock.seconds(clock.now()) // limit.seconds + 1) * limit.seconds
