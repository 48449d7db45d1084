"""Limits on how often something may be tried, as counters that disappear by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.kernel import clock, errors
from chalicelib.kernel.security.vault import KernelItem, blind_index
from chalicelib.kernel.storage import tables


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``times`` in ``seconds`` for one caller; ``failures_only`` counts only refused calls.

    Counting failures leaves the many honest users behind one mobile network's address alone.
    """

    name: str
    times: int
    seconds: int
    failures_only: bool = False

    def check(self, who: str) -> None:
        """Raise ``too_many_requests`` if ``who`` has used up the limit (half a read unit)."""
        stored = tables.read(KernelItem, self._key(who))
        if stored is not None and int(stored.times or 0) >= self.times:
            raise self._problem()

    def count(self, who: str) -> None:
        """Count one try of ``who``; raises ``too_many_requests`` if that was one too many (a write unit)."""
        if tables.add_to_counter(KernelItem, self._key(who), self._window_end() + self.seconds) > self.times:
            raise self._problem()

    def _key(self, who: str) -> str:
        return f"LIMIT#{self.name}#{blind_index('limit', who)}#{self._window_end()}"

    def _window_end(self) -> int:
        return (clock.seconds(clock.now()) // self.seconds + 1) * self.seconds

    def _problem(self) -> errors.Problem:
        wait = self._window_end() - clock.seconds(clock.now())
        return errors.TOO_MANY_REQUESTS(retry_after=wait, seconds=wait)
