"""Printed numbers in the order of being called, in so few bytes that a hall of thousands stays one small item. Pure.

Most people are called in the order of their numbers, so a line is a list of stretches: the first number, and the gap
to each next one as a byte. ``packing.py`` makes a few hundred bytes of two thousand numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import msgspec

_LARGEST_GAP = 255


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """Ascending numbers of one prefix: ``A007, A009, A010`` is ``A``, 7 and the gaps 2, 1."""

    prefix: str
    first: int
    gaps: bytes = b""

    def values(self) -> list[int]:
        return list(accumulate(self.gaps, initial=self.first))

    def last(self) -> int:
        return self.first + sum(self.gaps)


Line = list[Stretch]


def printed(prefix: str, value: int) -> str:
    """A number as it is printed and called: ``A007``."""
    return f"{prefix}{value:03d}"


def length(line: Line) -> int:
    return sum(1 + len(stretch.gaps) for stretch in line)


def numbers(line: Line) -> Iterator[str]:
    """All numbers, in the order of being called."""
    for stretch in line:
        for value in accumulate(stretch.gaps, initial=stretch.first):
            yield printed(stretch.prefix, value)


def index(line: Line, number: str) -> int | None:
    """How many are before a number; None if it is not here."""
    prefix, value = _parse(number)
    before = 0
    for stretch in line:
        if stretch.prefix == prefix and stretch.first <= value:
            values = stretch.values()
            if value in values:
                return before + values.index(value)
        before += 1 + len(stretch.gaps)
    return None


def append(line: Line, number: str) -> None:
    """Put a number behind all others."""
    prefix, value = _parse(number)
    _put(line, Stretch(prefix, value))


def insert(line: Line, place: int, number: str) -> None:
    """Put a number where ``place`` others are before it; at the end if there are fewer."""
    prefix, value = _parse(number)
    before, behind = _split(line, place)
    line.clear()
    for stretch in (*before, Stretch(prefix, value), *behind):
        _put(line, stretch)


def remove(line: Line, number: str) -> bool:
    """Take a number out; whether it was here."""
    place = index(line, number)
    if place is None:
        return False
    before, rest = _split(line, place)
    _, behind = _split(rest, 1)
    line.clear()
    for stretch in (*before, *behind):
        _put(line, stretch)
    return True


def _parse(number: str) -> tuple[str, int]:
    return number[0], int(number[1:])


def _put(line: Line, stretch: Stretch) -> None:
    """Add a stretch at the end; it becomes part of the last one where the numbers go on ascending."""
    if line and line[-1].prefix == stretch.prefix:
        gap = stretch.first - line[-1].last()
        if 1 <= gap <= _LARGEST_GAP:
            line[-1] = Stretch(stretch.prefix, line[-1].first, line[-1].gaps + bytes([gap]) + stretch.gaps)
            return
    line.append(stretch)


def _split(line: Line, place: int) -> tuple[Line, Line]:
    """The first ``place`` numbers, and the others."""
    before: Line = []
    for at, stretch in enumerate(line):
        here = 1 + len(stretch.gaps)
        if place >= here:
            before.append(stretch)
            place -= here
            continue
        if place == 0:
            return before, line[at:]
        values = stretch.values()
        before.append(Stretch(stretch.prefix, stretch.first, stretch.gaps[: place - 1]))
        rest = Stretch(stretch.prefix, values[place], stretch.gaps[place:])
        return before, [rest, *line[at + 1 :]]
    return before, []
