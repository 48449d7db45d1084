"""What happens to the tickets and windows of a hall, and how its day ends."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

WINDOW_OPENED = EventType("window_opened", zh="窗口已开启", en="The window was opened")
WINDOW_CLOSED = EventType("window_closed", zh="窗口已关闭", en="The window was closed")
WINDOW_LOST = EventType(
    "window_lost", zh="窗口失去联系，已自动关闭", en="The window gave no sign of life and was closed"
)
CALLED = EventType("called", zh="已叫号", en="Called")
TURN_NEAR = EventType(
    "turn_near",
    zh="已提醒前面还有 2 位的人",
    en="Who has two others before them was told",
    places={
        "hall": ("玄武区政务服务中心", "Xuanwu District Service Centre"),
        "number": announcements.same("A017"),
        "ahead": announcements.same("2"),
        "id": announcements.same("01KC3Z5N8Q6T4V7W9X2Y0A1B3C"),
    },
)
RECALLED = EventType("recalled", zh="再次叫号", en="Called again")
SKIPPED = EventType("skipped", zh="过号", en="Skipped")
PARKED = EventType("parked", zh="已挂起", en="Parked")
RESUMED = EventType("resumed", zh="恢复办理", en="Called back")
TRANSFERRED = EventType("transferred", zh="已转移", en="Transferred")
DAY_CLOSED = EventType("day_closed", zh="当日已结束", en="The day was closed")
TICKET_ISSUED = EventType("ticket_issued", zh="已出号", en="The ticket was issued")
TICKET_SERVED = EventType("ticket_served", zh="已办理", en="Served")
TICKET_MISSED = EventType("ticket_missed", zh="未到场", en="Did not come")
TICKET_LEFT = EventType("ticket_left", zh="已退号", en="Left")
TICKET_UNSERVED = EventType("ticket_unserved", zh="大厅已闭馆，未能办理", en="The hall closed before the ticket's turn")
