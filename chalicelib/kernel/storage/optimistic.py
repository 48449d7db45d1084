"""Read, decide, write if nobody changed it since: and all of it again when somebody did.

What to do when two write at once depends on who has loaded the item:

- the endpoint has (``target``): ``tables.write_or_conflict``. The second one is told ``changed_meanwhile``.
- a use case that can decide anew: ``optimistic.repeat``, with everything loaded inside of ``attempt``.
- a worker's deed: ``tables.write``. The visit ends; what is left to do is found again.
- the second one has an answer of its own (``shipment_taken``): ``tables.write``, and ``except ConditionFailed``.

After ``ConditionFailed`` the item in memory says what was not stored. It must not be used any more: read it again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from chalicelib.kernel import errors
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.storage.tables import ConditionFailed

TRIES = 5
_FIRST_PAUSE_SECONDS = 0.01
_MOST_DOUBLINGS = 4
T = TypeVar("T")


def repeat(attempt: Callable[[], T], *, tries: int = TRIES, otherwise: Callable[[], Problem] = errors.CONFLICT) -> T:
    """Call ``attempt`` until its write is the first one; it reads everything anew each time.

    ``attempt`` raises ``ConditionFailed`` when somebody else was faster. After ``tries`` times this raises
    ``otherwise()``: ``changed_meanwhile``.
    """
    for number in range(tries):
        if number > 0:
            # Two who failed together must not come back together: a random pause, longer each time.
            longest = _FIRST_PAUSE_SECONDS * 2 ** min(number, _MOST_DOUBLINGS)
            time.sleep(random.uniform(0, longest))  # noqa: S311
        try:
            return attempt()
        except ConditionFailed:
            continue
    raise otherwise()
