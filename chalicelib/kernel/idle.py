"""How long something was not used, as far as a clock can tell."""

from __future__ import annotations

import time
from typing import NamedTuple


class LastUse(NamedTuple):
    """A moment by two clocks: while a function is frozen one of them may stand still, and the other one may be set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> LastUse:
        return cls(time.monotonic(), time.time())

    def is_past(self, seconds: float) -> bool:
        """Whether more than ``seconds`` have gone by since then, by one of the clocks at least."""
        return time.monotonic() - self.monotonic > seconds or time.time() - self.wall > seconds
