"""Which characters the certificates' fonts can draw, without loading the fonts.

``glyphs.bin`` is a compressed bitmap over the code points, made from the fonts by ``tools/glyphs.py``; a test
compares the two. So a name that could not be printed is told while the form is filled in.
"""

from __future__ import annotations

import functools
import zlib
from pathlib import Path

BITMAP = Path(__file__).parent / "glyphs.bin"
CODE_POINTS = 0x30000


@functools.cache
def _bits() -> bytes:
    return zlib.decompress(BITMAP.read_bytes())


def missing(text: str) -> str | None:
    """The first character of ``text`` that a certificate cannot show."""
    return next((character for character in text if not _has(ord(character))), None)


def _has(code_point: int) -> bool:
    return code_point < CODE_POINTS and bool(_bits()[code_point >> 3] & 1 << (code_point & 7))


def bitmap(code_points: set[int]) -> bytes:
    """The packed bitmap of the given code points."""
    bits = bytearray(CODE_POINTS // 8)
    for code_point in code_points:
        if code_point < CODE_POINTS:
            bits[code_point >> 3] |= 1 << (code_point & 7)
    return zlib.compress(bytes(bits), 9)
