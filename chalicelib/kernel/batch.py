"""Doing one thing for many, where one failure must not keep the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from chalicelib.kernel import log

T = TypeVar("T")


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
