"""Makes threads safe for msgspec, which describes a type when it is first decoded and crashes if two do so at once."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def describe_types() -> int:
    """Have msgspec describe every struct that is loaded; how many. To be called before threads begin.

    What is described already costs nothing again.
    """
    described = 0
    for kind in _below(msgspec.Struct):
        try:
            msgspec.json.Decoder(kind)
        except TypeError:
            continue  # never decoded: it holds what JSON cannot
        described += 1
    return described


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
