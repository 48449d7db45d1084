"""QR symbols as rows of modules, from explicit segments; ``qrcode`` is imported only when a symbol is made.

A text goes in byte mode, a long number behind it in numeric mode: far smaller than all in bytes (docs/decisions/qr.md).
"""

from __future__ import annotations

import base64

QUIET_MODULES = 4
"""The blank border that a symbol needs on each side, in modules (ISO/IEC 18004)."""


def modules(text: str, number: str = "", *, correction: str) -> list[list[bool]]:
    """The rows of a symbol without its border; True is dark. ``correction``: L, M, Q or H; ``number``: digits only."""
    from qrcode import QRCode, constants
    from qrcode.util import MODE_8BIT_BYTE, MODE_NUMBER, QRData

    symbol = QRCode(error_correction=getattr(constants, f"ERROR_CORRECT_{correction}"), border=0)
    symbol.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE, check_data=False), optimize=0)
    if number:
        symbol.add_data(QRData(number.encode(), mode=MODE_NUMBER, check_data=False), optimize=0)
    symbol.make(fit=True)
    rows: list[list[bool]] = symbol.get_matrix()
    return rows


def runs(row: list[bool]) -> list[tuple[int, int]]:
    """The stretches of dark modules in a row: where each begins, and how long it is."""
    found = []
    start = None
    for place, dark in enumerate([*row, False]):
        if dark and start is None:
            start = place
        if not dark and start is not None:
            found.append((start, place - start))
            start = None
    return found


def svg_data_uri(text: str, *, correction: str) -> str:
    """A symbol with its border as a picture for a page."""
    rows = modules(text, correction=correction)
    size = len(rows) + 2 * QUIET_MODULES
    strokes = []
    for place, row in enumerate(rows):
        for start, length in runs(row):
            strokes.append(f"M{start + QUIET_MODULES} {place + QUIET_MODULES}h{length}v1h-{length}z")
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{"".join(strokes)}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
