"""Doing one thing for many, where one failure must not keep the others waiting."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chalicelib.kernel import log

T = TypeVar("T")
R = TypeVar("R")


def total(work: Callable[[T], int], things: Iterable[T]) -> int:
    """The sum of ``work`` over all things; what failed is logged, and the first failure raised at the end."""
    done, first = 0, None
    for thing in things:
        try:
            done += work(thing)
        except Exception as error:
            log.failure("part_failed", error, subject=str(thing))
            first = first or error
    if first is not None:
        raise first
    return done


def side_by_side(work: Callable[[T], R], things: Sequence[T], threads: int) -> list[R]:
    """``work`` of each thing, several at a time, in the things' order: most of it is waiting for answers."""
    if threads == 1 or len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(contextvars.copy_context().run, work, thing) for thing in things]
        return [one.result() for one in waiting]
