"""Makes the app safe for threads: msgspec describes a type when it is first decoded, and crashes if two do at once.

Lambda answers one request at a time in each process, so only what runs here needs this.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import msgspec


def describe_types() -> int:
    """Have msgspec describe every type of ours that is decoded; how many."""
    described = 0
    for kind in _types():
        try:
            msgspec.json.Decoder(kind)
        except TypeError:
            continue  # never decoded: it holds what JSON cannot
        described += 1
    return described


def _types() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.startswith("chalicelib."):
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__module__ == name and _is_data(kind):
                    yield kind


def _is_data(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)
