"""A queue in as few bytes as it can be: 2,000 people waiting are to fit into one write unit. Pure.

The gaps between numbers are most of it. They are nearly random, so only the frequency of each byte can be used (Huffman
codes); looking for repetitions in them, as the ordinary compression does, makes them larger. Gaps under 16 are put
together in pairs first: a single one would take a bit at least, though most say less. All else repeats itself.
"""

from __future__ import annotations

import zlib

import msgspec
from msgspec.structs import replace

from chalicelib.queueing.lines import Stretch
from chalicelib.queueing.queue import Queue, Run

# What every queue says, so that it need not be kept each time. Stored queues need it: it may not be changed.
_KNOWN = msgspec.msgpack.encode(["priority", "appointment", "walk_in"])


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """``rest``: the queue without gaps; ``small`` and ``large`` gaps of its stretches, in their order; ``counts``: how
    many belong to each stretch, below zero where they are large."""

    rest: bytes
    small: bytes
    large: bytes
    counts: list[int]


def pack(queue: Queue) -> bytes:
    small = bytearray()
    large = bytearray()
    counts = []
    lanes: dict[str, dict[str, list[Run]]] = {}
    for group, lane, run in queue.runs():
        bare = []
        for stretch in run.line:
            count = len(stretch.gaps)
            if max(stretch.gaps, default=0) < 16:
                small += _in_pairs(stretch.gaps)
                counts.append(count)
            else:
                large += stretch.gaps
                counts.append(-count)
            bare.append(Stretch(stretch.prefix, stretch.first))
        lanes.setdefault(group, {}).setdefault(lane, []).append(Run(run.start, bare))
    rest = msgspec.msgpack.encode(replace(queue, lanes=lanes))
    packed = _Packed(
        rest=_deflate(rest, zlib.Z_DEFAULT_STRATEGY, _KNOWN),
        small=_deflate(small, zlib.Z_HUFFMAN_ONLY),
        large=_deflate(large, zlib.Z_HUFFMAN_ONLY),
        counts=counts,
    )
    return msgspec.msgpack.encode(packed)


def unpack(state: bytes) -> Queue:
    packed = msgspec.msgpack.decode(state, type=_Packed)
    queue = msgspec.msgpack.decode(_inflate(packed.rest, _KNOWN), type=Queue)
    small = _inflate(packed.small)
    large = _inflate(packed.large)
    counts = iter(packed.counts)
    for _, _, run in queue.runs():
        for place, stretch in enumerate(run.line):
            count = next(counts)
            if count < 0:
                gaps = large[:-count]
                large = large[-count:]
            else:
                pairs = (count + 1) // 2
                gaps = _out_of_pairs(small[:pairs], count)
                small = small[pairs:]
            run.line[place] = Stretch(stretch.prefix, stretch.first, gaps)
    return queue


def _in_pairs(gaps: bytes) -> bytes:
    """Two gaps in each byte; the last half is 0 for an odd number of them."""
    seconds = gaps[1::2] + b"\0"
    return bytes(first << 4 | second for first, second in zip(gaps[::2], seconds, strict=False))


def _out_of_pairs(pairs: bytes, count: int) -> bytes:
    gaps = bytearray(2 * len(pairs))
    gaps[::2] = bytes(pair >> 4 for pair in pairs)
    gaps[1::2] = bytes(pair & 15 for pair in pairs)
    return bytes(gaps[:count])


def _deflate(data: bytes | bytearray, strategy: int, known: bytes = b"") -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy, known)
    return compressor.compress(data) + compressor.flush()


def _inflate(data: bytes, known: bytes = b"") -> bytes:
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS, known)
    return decompressor.decompress(data) + decompressor.flush()
