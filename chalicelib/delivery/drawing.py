"""Labels of parcels as PDF: one on a page of 100 x 150 mm, or four on an A4 sheet; loaded only where files are made."""

from __future__ import annotations

from typing import Literal

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Layout, QrElement, RectangleElement, TextElement
from chalicelib.certificates import service as certificates
from chalicelib.delivery import rules, store
from chalicelib.delivery.service import choices
from chalicelib.delivery.store import ShipmentItem
from chalicelib.kernel.security import vault

LABEL = "BSP1"
_WIDTH = 100.0
_HEIGHT = 150.0
_A4 = (210.0, 297.0)
_A4_SCALE = 0.98
_CELLS = ((3.0, 1.0), (108.0, 1.0), (3.0, 149.5), (108.0, 149.5))
Element = TextElement | RectangleElement | QrElement


def label_text(item: ShipmentItem) -> str:
    """What the label's QR says: which parcel, nothing else."""
    return f"{LABEL}:{item.id}"


def labels(items: list[ShipmentItem], form: str) -> bytes:
    """The labels of parcels; ``form`` is ``label`` or ``a4``."""
    drawn = [(_label(item), label_text(item)) for item in items]
    if form == "label":
        pages = [
            [(Layout(width=_WIDTH, height=_HEIGHT, elements=elements), code, 0.0, 0.0, 1.0)] for elements, code in drawn
        ]
        return certificates.draw_sheets(_WIDTH, _HEIGHT, pages)
    sheets = [drawn[at : at + len(_CELLS)] for at in range(0, len(drawn), len(_CELLS))]
    pages = [
        [
            (Layout(width=_WIDTH, height=_HEIGHT, elements=elements), code, x, y, _A4_SCALE)
            for (elements, code), (x, y) in zip(sheet, _CELLS, strict=False)
        ]
        for sheet in sheets
    ]
    return certificates.draw_sheets(*_A4, pages)


def _label(item: ShipmentItem) -> list[Element]:
    content = store.private(item).address
    carrier = choices.carrier(item.carrier)
    assert content is not None
    hall = catalog.known_hall(item.hall)
    place = catalog.division(content.division) if content.division else []
    counter = item.mode == rules.PICK_UP
    title = "大厅自取 PICK UP" if counter else (carrier.name.zh if carrier else "")
    collect = f"到付 {item.postage / 100:.2f} 元" if item.postage_by == "on_delivery" else ""
    where = hall.name.zh if counter else "".join(place) + content.detail
    return [
        RectangleElement(x=2, y=2, width=96, height=146, line="#1a1a1a"),
        _text(5, 5, 60, 14, title, weight="bold"),
        _text(65, 6, 30, 11, collect, weight="bold", align="right"),
        RectangleElement(x=2, y=14, width=96, height=0.2, fill="#1a1a1a"),
        QrElement(x=5, y=18, size=40, correction="M"),
        _text(48, 20, 47, 22, _route(place), weight="bold", lines=2),
        _text(48, 46, 47, 9, f"{len(item.results)} 件 items"),
        _text(48, 52, 47, 11, item.routing or "", weight="bold"),
        _text(5, 60, 90, 8, " ".join(filter(None, (item.id, item.waybill)))),
        RectangleElement(x=2, y=66, width=96, height=0.2, fill="#1a1a1a"),
        _text(5, 69, 90, 9, "收 TO", color="#555555"),
        _text(
            5, 74, 90, 16, f"{rules.name_initial(content.recipient)}  {vault.mask_phone(content.phone)}", weight="bold"
        ),
        _text(5, 84, 90, 14, where, lines=4),
        _text(5, 110, 90, 10, content.hint, lines=1),
        RectangleElement(x=2, y=118, width=96, height=0.2, fill="#1a1a1a"),
        _text(5, 121, 90, 9, "寄 FROM", color="#555555"),
        _text(5, 126, 90, 10, f"{hall.name.zh}  {hall.phone}"),
        _text(5, 132, 90, 9, hall.address.zh, lines=2),
    ]


def _route(place: list[str]) -> str:
    """The county in large letters, which is how parcels are sorted."""
    return place[-1] if place else "自取"


def _text(
    x: float,
    y: float,
    width: float,
    size: float,
    text: str,
    *,
    weight: Literal["regular", "bold"] = "regular",
    align: Literal["left", "center", "right"] = "left",
    color: str = "#1a1a1a",
    lines: int = 1,
) -> TextElement:
    shown = certificates.drawable(text).replace("{", "（").replace("}", "）")
    return TextElement(
        x=x, y=y, width=width, size=size, text=shown, weight=weight, align=align, color=color, lines=lines
    )
