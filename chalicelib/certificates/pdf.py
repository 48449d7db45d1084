"""Certificates as PDF: layouts in millimetres, embedded Chinese font, QR as vectors.

reportlab is imported here only, and this module only when something is printed.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from chalicelib.catalog.definition import Layout, QrElement, RectangleElement, TextElement
from chalicelib.certificates import rules
from chalicelib.kernel import qr

FONTS = Path(__file__).parent / "fonts"
_FILES = {"regular": "NotoSansSC-Regular.ttf", "bold": "NotoSansSC-Bold.ttf"}
_SHRINK = 0.96


def draw(layout: Layout, face: dict[str, str], url_prefix: str, number: str) -> bytes:
    """The PDF of one certificate. Same input, same bytes. Raises ``glyph_missing``."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(layout.width * mm, layout.height * mm), invariant=1, pageCompression=1)
    canvas.setTitle(face["number"])
    _draw_layout(canvas, layout, face, url_prefix, number)
    canvas.save()
    return buffer.getvalue()


def draw_sheets(width: float, height: float, pages: list[list[tuple[Layout, str, float, float, float]]]) -> bytes:
    """Pages of one size (millimetres), each with several layouts: layout, text of its QR, left, top, scale."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(width * mm, height * mm), invariant=1, pageCompression=1)
    for page in pages:
        for layout, code, left, top, scale in page:
            canvas.saveState()
            canvas.translate(left * mm, (height - top - layout.height * scale) * mm)
            canvas.scale(scale, scale)
            _draw_layout(canvas, layout, {}, code, "")
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_layout(canvas: Canvas, layout: Layout, face: dict[str, str], url_prefix: str, number: str) -> None:
    for element in layout.elements:
        if isinstance(element, TextElement):
            _draw_text(canvas, layout, element, face)
        elif isinstance(element, RectangleElement):
            _draw_rectangle(canvas, layout, element)
        else:
            _draw_qr(canvas, layout, element, url_prefix, number)


@functools.cache
def font(weight: str) -> TTFont:
    """The registered font of a weight."""
    loaded = TTFont(f"Banshi-{weight}", str(FONTS / _FILES[weight]))
    pdfmetrics.registerFont(loaded)
    return loaded


def missing_glyph(text: str, weight: str) -> str | None:
    """The first character of ``text`` that the font cannot draw."""
    glyphs = font(weight).face.charToGlyph
    return next((character for character in text if ord(character) not in glyphs), None)


def _draw_text(canvas: Canvas, layout: Layout, element: TextElement, face: dict[str, str]) -> None:
    text = element.text.format_map(face)
    missing = missing_glyph(text, element.weight)
    if missing:
        raise rules.GLYPH_MISSING(character=missing)
    name = font(element.weight).fontName
    width = element.width * mm
    size, lines = _fitted(text, name, element, width)
    canvas.setFillColor(HexColor(element.color))
    canvas.setFont(name, size)
    left = element.x * mm
    top = (layout.height - element.y) * mm
    for place, line in enumerate(lines):
        baseline = top - size * (0.88 + 1.3 * place)
        if element.align == "center":
            canvas.drawCentredString(left + width / 2, baseline, line)
        elif element.align == "right":
            canvas.drawRightString(left + width, baseline, line)
        else:
            canvas.drawString(left, baseline, line)


def _fitted(text: str, name: str, element: TextElement, width: float) -> tuple[float, list[str]]:
    """The largest size up to the element's at which the text fits its lines, and the lines; it always fits."""
    size = element.size
    while True:
        lines = _wrapped(text, name, size, width)
        if len(lines) <= element.lines:
            return size, lines
        size *= _SHRINK


def _wrapped(text: str, name: str, size: float, width: float) -> list[str]:
    lines = [""]
    for character in text:
        if lines[-1] and pdfmetrics.stringWidth(lines[-1] + character, name, size) > width:
            lines.append("")
        lines[-1] += character
    return lines


def _draw_rectangle(canvas: Canvas, layout: Layout, element: RectangleElement) -> None:
    if element.fill:
        canvas.setFillColor(HexColor(element.fill))
    if element.line:
        canvas.setStrokeColor(HexColor(element.line))
        canvas.setLineWidth(element.line_width * mm)
    canvas.roundRect(
        element.x * mm,
        (layout.height - element.y - element.height) * mm,
        element.width * mm,
        element.height * mm,
        element.radius * mm,
        stroke=1 if element.line else 0,
        fill=1 if element.fill else 0,
    )


def _draw_qr(canvas: Canvas, layout: Layout, element: QrElement, url_prefix: str, number: str) -> None:
    rows = qr.modules(url_prefix, number, correction=element.correction)
    module = element.size * mm / (len(rows) + 2 * qr.QUIET_MODULES)
    left = element.x * mm + qr.QUIET_MODULES * module
    top = (layout.height - element.y) * mm - qr.QUIET_MODULES * module
    canvas.setFillColor(HexColor("#ffffff"))
    canvas.rect(
        element.x * mm, (layout.height - element.y - element.size) * mm, element.size * mm, element.size * mm, 0, 1
    )
    canvas.setFillColor(HexColor("#000000"))
    path = canvas.beginPath()
    for place, row in enumerate(rows):
        for start, length in qr.runs(row):
            path.rect(left + start * module, top - (place + 1) * module, length * module, module)
    canvas.drawPath(path, stroke=0, fill=1)
