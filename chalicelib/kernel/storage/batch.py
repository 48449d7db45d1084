"""Doing one thing for many, where one failure must not keep the others waiting."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from chalicelib.kernel import log, type_cache

T = TypeVar("T")
R = TypeVar("R")


def total(work: Callable[[T], int], things: Iterable[T]) -> int:
    """The sum of ``work`` over all things; what failed is logged, and the first failure raised at the end."""
    done = 0
    first = None
    for thing in things:
        try:
            done += work(thing)
        except Exception as error:
            log.failure("part_failed", error, subject=str(thing))
            first = first or error
    if first is not None:
        raise first
    return done


def side_by_side(work: Callable[[T], R], things: Sequence[T], threads: int, *, owner: Callable[[T], str]) -> list[R]:
    """``work`` of each thing, several at a time; the results in the things' order.

    Most of the work is waiting for answers. Things of one ``owner`` are worked on one after the other, in their order.
    """
    if threads == 1 or len(things) < 2:
        return [work(thing) for thing in things]
    places: dict[str, list[int]] = {}
    for place, thing in enumerate(things):
        places.setdefault(owner(thing), []).append(place)
    results: dict[int, R] = {}

    def work_in_order(owned: list[int]) -> None:
        for place in owned:
            results[place] = work(things[place])

    from concurrent.futures import ThreadPoolExecutor  # only functions beside the API work in threads

    type_cache.describe_types()
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(contextvars.copy_context().run, work_in_order, owned) for owned in places.values()]
        for one in running:
            one.result()
    return [results[place] for place in range(len(things))]
