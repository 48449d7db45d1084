"""What happens to a hall's queue and to its tickets."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType

WINDOW_OPENED = EventType("window_opened", zh="窗口已开启", en="The window was opened")
WINDOW_CLOSED = EventType("window_closed", zh="窗口已关闭", en="The window was closed")
WINDOW_LOST = EventType(
    "window_lost", zh="窗口失去联系，已自动关闭", en="The window gave no sign of life and was closed"
)
TICKET_CHECKED_IN = EventType("ticket_checked_in", zh="预约签到取号", en="Checked in with an appointment")
TICKET_TAKEN = EventType("ticket_taken", zh="现场取号", en="A walk-in ticket was taken")
TICKET_GIVEN_BACK = EventType("ticket_given_back", zh="已退号", en="The ticket was given back")
CALLED = EventType("called", zh="已叫号", en="Called")
RECALLED = EventType("recalled", zh="再次叫号", en="Called again")
SKIPPED = EventType("skipped", zh="过号", en="Skipped")
MISSED = EventType("missed", zh="未到场", en="Did not come")
PARKED = EventType("parked", zh="已挂起", en="Parked")
RESUMED = EventType("resumed", zh="恢复办理", en="Called back")
TRANSFERRED = EventType("transferred", zh="已转移", en="Transferred")
FINISHED = EventType("finished", zh="办理完毕", en="Finished")
DAY_CLOSED = EventType("day_closed", zh="当日已结束", en="The day was closed")
TICKET_ISSUED = EventType("ticket_issued", zh="已出号", en="The ticket was issued")
TICKET_SERVED = EventType("ticket_served", zh="已办理", en="Served")
TICKET_MISSED = EventType("ticket_missed", zh="未到场", en="Did not come")
TICKET_LEFT = EventType("ticket_left", zh="已退号", en="Left")
TICKET_UNSERVED = EventType("ticket_unserved", zh="大厅已闭馆，未能办理", en="The hall closed before the ticket's turn")
