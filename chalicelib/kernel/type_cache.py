"""Makes threads safe for msgspec, which describes a type when it is first decoded and crashes if two do so at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

_described: set[type[msgspec.Struct]] = set()


def describe_types() -> int:
    """Have msgspec describe every struct that is loaded and new; how many. To be called before threads begin."""
    new = [kind for kind in _below(msgspec.Struct) if kind not in _described]
    for kind in new:
        with suppress(TypeError):  # never decoded: it holds what JSON cannot
            msgspec.json.Decoder(kind)
    _described.update(new)
    return len(new)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
