"""A city's burst of events, simulated: what the functions behind the event log do with 500 events a second.

Each hop is a stream with shards, polled four times a second, and a function that takes so many records at once and so
long for each; DynamoDB's parallelisation factor lets ten batches of a shard run side by side, one for each key range.
The times of the work are those measured on this machine, which is slower than Lambda at 512 MB.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import Any

_POLL_SECONDS = 0.25
_COLD_SECONDS = 1.2


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A function behind a stream: its lanes (shards times the parallelisation factor), its batch, seconds of work for
    each record, and how often an invocation finds no warm function."""

    name: str
    lanes: int
    batch: int
    seconds: float
    cold: float = 0.02


HOPS = (
    Hop(name="append_history", lanes=4, batch=100, seconds=0.008),
    Hop(name="notify_people", lanes=40, batch=100, seconds=0.010),
    Hop(name="send_messages", lanes=40, batch=20, seconds=0.060),
)


def through(hop: Hop, arrivals: list[float], rng: random.Random) -> list[float]:
    """When each record that arrives is done: batches in order within a lane, each lane one batch at a time."""
    done = [0.0] * len(arrivals)
    lanes: list[list[tuple[float, int]]] = [[] for _ in range(hop.lanes)]
    for place, moment in enumerate(arrivals):
        heapq.heappush(lanes[rng.randrange(hop.lanes)], (moment, place))
    for lane in lanes:
        free, waiting = 0.0, sorted(lane)
        at = 0
        while at < len(waiting):
            start = max(free, waiting[at][0] + rng.uniform(0, _POLL_SECONDS))
            batch = [one for one in waiting[at : at + hop.batch] if one[0] <= start]
            moment = start + (_COLD_SECONDS if rng.random() < hop.cold else 0.0)
            for _, place in batch:
                moment += hop.seconds
                done[place] = moment
            free, at = moment, at + len(batch)
    return done


def burst(rate: int = 500, seconds: int = 120, seed: int = 1) -> dict[str, Any]:
    """``rate`` events a second for ``seconds``: how many are told within ten seconds."""
    rng = random.Random(seed)
    born = sorted(rng.uniform(0, seconds) for _ in range(rate * seconds))
    moments = born
    for hop in HOPS:
        moments = through(hop, moments, rng)
    waits = sorted(done - at for done, at in zip(moments, born, strict=True))
    return {
        "events_per_s": rate,
        "seconds": seconds,
        "within_10_s": round(sum(wait <= 10 for wait in waits) / len(waits), 5),
        "seconds_median": round(waits[len(waits) // 2], 2),
        "seconds_p99": round(waits[int(len(waits) * 0.99) - 1], 2),
        "lanes": {hop.name: hop.lanes for hop in HOPS},
    }
