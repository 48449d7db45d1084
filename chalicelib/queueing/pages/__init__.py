"""The page behind a ticket's QR code; jinja2 is imported only when it is shown."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from chalicelib.appointments import service as appointments
from chalicelib.catalog.definition import Text
from chalicelib.kernel.settings import settings
from chalicelib.queueing.service import TicketView

STATUS_WORDS = {
    "waiting": ("等候中", "Waiting", "calm"),
    "called": ("请到窗口办理", "Please go to the window", "now"),
    "parked": ("暂时挂起", "Parked", "calm"),
    "served": ("已办结", "Served", "over"),
    "missed": ("已过号", "Missed", "over"),
    "left": ("已退号", "Given back", "over"),
    "unserved": ("已闭馆，未能办理", "The hall closed before your turn", "over"),
    "over": ("已结束", "Over", "over"),
}


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("ticket.html")


def ticket(view: TicketView) -> str:
    """Where the ticket's holder is in the queue, as a page that refreshes itself without scripts."""
    zh, en, mood = STATUS_WORDS[view.status]
    minutes = None if view.estimated_seconds is None else max(1, round(view.estimated_seconds / 60))
    page: str = _template().render(ticket=view, zh=zh, en=en, mood=mood, minutes=minutes)
    return page


def slip(view: TicketView, services: str, day: str) -> str:
    """The ticket on paper."""
    lines = [
        (Text("大厅", "Hall"), view.hall_name.zh),
        (Text("事项", "Service"), services),
        (Text("日期", "Date"), day),
        (Text("前面等候", "Before you"), str(max(0, (view.position or 1) - 1))),
    ]
    note = Text(
        "扫码查看排队进度，过号请联系窗口。", "Scan to follow the queue; if you miss your call, ask at a window."
    )
    code = f"{settings().public_url}/t/{view.id}"
    return appointments.slip(
        appointments.Slip(title=Text("排队号", "Ticket"), number=view.number, lines=lines, code=code, notes=[note])
    )
