"""Charts as SVG, drawn without a library: lines over time, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 70, 56, 20, 64
_INK, _GRID = "#1a1a1a", "#d9dce1"


def rush(result: dict[str, Any], people: Sequence[Any]) -> str:
    """How many people had an answer when: places confirmed, and people told that all is sold out."""
    lines = []
    for outcome, words, color in (("confirmed", "confirmed", "#1b7f4b"), ("sold_out", "told: sold out", "#b3261e")):
        moments = sorted(person.ended for person in people if person.outcome == outcome)
        lines.append((words, color, [(moment, place) for place, moment in enumerate(moments, 1)]))
    title = (
        f"{result['people']:,} people on {result['places']:,} places: {result['confirmed']:,} confirmed, "
        f"{result['oversold']} oversold, {result['errors_5xx']} errors"
    )
    note = (
        f"p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms a request; {result['attempts_per_s']:.0f} attempts/s, "
        f"{result['ratio_to_raw']} of the bare database; {result['write_units_per_booking']:g} write units a booking"
    )
    across = f"seconds since the release, {result['rounds']} rounds together"
    return lines_chart(title, note, across, "people", lines)


def lines_chart(
    title: str, note: str, across: str, up: str, lines: Sequence[tuple[str, str, Sequence[tuple[float, float]]]]
) -> str:
    """Lines of (x, y) points with their names and colours."""
    right = max((x for _, _, points in lines for x, _ in points), default=1.0) or 1.0
    top = max((y for _, _, points in lines for _, y in points), default=1.0) or 1.0
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="600" fill="{_INK}">{escape(title)}</text>',
        f'<text x="{LEFT}" y="41" fill="#555">{escape(note)}</text>',
    ]
    for step in range(5):
        y = TOP + high - high * step / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{top * step / 4:,.0f}</text>')
        x = LEFT + wide * step / 4
        parts.append(_centred(x, HEIGHT - BOTTOM + 18, f"{right * step / 4:,.0f}"))
    for place, (name, color, points) in enumerate(lines):
        shown = [*points[:: max(1, len(points) // 400)], *points[-1:]]
        path = " ".join(f"{LEFT + wide * x / right:.1f},{TOP + high - high * y / top:.1f}" for x, y in shown)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        at = LEFT + place * 190
        parts.append(f'<rect x="{at}" y="{HEIGHT - 20}" width="12" height="12" fill="{color}"/>')
        parts.append(f'<text x="{at + 18}" y="{HEIGHT - 10}" fill="{_INK}">{escape(name)}</text>')
    parts.append(_centred(LEFT + wide / 2, HEIGHT - BOTTOM + 36, across))
    parts.append(
        f'<text x="16" y="{TOP + high / 2}" text-anchor="middle" fill="#555" '
        f'transform="rotate(-90 16 {TOP + high / 2})">{escape(up)}</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def _centred(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="#555">{escape(text)}</text>'
