"""Text as people type it: blanks around it are not meant, and text of blanks only is no text. Pure."""

from __future__ import annotations

from typing import Any

# Code points that are treated as blanks because they draw nothing: control characters and blanks, zero-width blanks and
# joiners, direction marks, the ideographic space U+3000, fillers, the empty Braille pattern, the byte order mark.
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
# Code points that change how the one before them is drawn: they stay behind a text, but make none by themselves.
_SELECTORS = ((0x17B4, 0x17B5), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0000, 0xE0FFF))


def _characters(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


BLANKS = _characters(_RANGES)
_INVISIBLE = BLANKS + _characters(_SELECTORS)


def trim_texts(value: Any) -> Any:
    """A JSON value with the blanks around each of its texts removed, at any depth; names of fields stay."""
    if isinstance(value, str):
        text = value.strip(BLANKS)
        return text if text.strip(_INVISIBLE) else ""
    if isinstance(value, list):
        return [trim_texts(inner) for inner in value]
    if isinstance(value, dict):
        return {name: trim_texts(inner) for name, inner in value.items()}
    return value


def trim_and_drop_empty(value: Any) -> Any:
    """A JSON value as ``trim_texts``, without the fields and entries in which nothing is left."""
    if isinstance(value, list):
        entries = [trim_and_drop_empty(inner) for inner in value]
        return [inner for inner in entries if inner != ""]
    if isinstance(value, dict):
        fields = {name: trim_and_drop_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in fields.items() if inner != ""}
    return trim_texts(value)
