"""Text as people type it: blanks around it are not meant, and text of blanks only is no text. Pure."""

from __future__ import annotations

from typing import Any

# Code points that draw nothing (Unicode 16): control characters and blanks, zero-width blanks and joiners, direction
# marks, the ideographic space U+3000, Hangul fillers, the empty Braille pattern, the byte order mark.
_RANGES = (
    (0x0000, 0x0020),
    (0x007F, 0x00A0),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
)
BLANKS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))


def trimmed(value: Any) -> Any:
    """A JSON value with the blanks around each of its texts removed, at any depth; names of fields stay."""
    if isinstance(value, str):
        return value.strip(BLANKS)
    if isinstance(value, list):
        return [trimmed(inner) for inner in value]
    if isinstance(value, dict):
        return {name: trimmed(inner) for name, inner in value.items()}
    return value


def without_blanks(value: Any) -> Any:
    """A JSON value as ``trimmed``, without the fields and entries in which nothing is left."""
    if isinstance(value, list):
        entries = [without_blanks(inner) for inner in value]
        return [inner for inner in entries if inner != ""]
    if isinstance(value, dict):
        fields = {name: without_blanks(inner) for name, inner in value.items()}
        return {name: inner for name, inner in fields.items() if inner != ""}
    return trimmed(value)
