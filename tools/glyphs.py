"""Writes chalicelib/certificates/glyphs.bin: the characters that all weights of the font can draw.

Run it after a change of the font: ``python -m tools.glyphs``.
"""

from __future__ import annotations

from chalicelib.certificates import glyphs, pdf


def drawable() -> set[int]:
    """Code points that every weight has a glyph for."""
    regular, bold = (set(pdf.font(weight).face.charToGlyph) for weight in ("regular", "bold"))
    return regular & bold


if __name__ == "__main__":
    glyphs.BITMAP.write_bytes(glyphs.bitmap(drawable()))
    print(f"{glyphs.BITMAP}: {len(drawable())} characters")
