"""What is printed for people who come to a hall; jinja2 is imported only when a slip is shown."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.catalog.definition import Text
from chalicelib.kernel import qr


@dataclass(frozen=True, kw_only=True)
class Slip:
    """A slip of paper of 80 mm: a large number, lines below it, and the QR code that the kiosk reads."""

    title: Text
    number: str
    lines: list[tuple[Text, str]]
    code: str
    notes: list[Text]


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("slip.html")


def slip(content: Slip) -> str:
    """The slip as a page that any browser prints."""
    picture = qr.svg_data_uri(content.code, correction="M")
    page: str = _template().render(slip=content, picture=picture)
    return page
