"""What happens when somebody closes their account. The person hears of it by the account's own events."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType

CLOSING_ASKED = EventType("closing_asked", zh="已申请注销账号", en="The account is to be closed")
CLOSING_BLOCKED = EventType(
    "closing_blocked", zh="尚有未办结事项，账号未注销", en="The account was not closed, because something is open"
)
CLOSING_CALLED_OFF = EventType(
    "closing_called_off", zh="申请后账号状态有变，未注销", en="The account has changed since, and was not closed"
)
CLOSING_DONE = EventType(
    "closing_done", zh="账号已注销，个人信息待删除", en="The account is closed; its data will be erased"
)
ERASURE_WAITS = EventType(
    "erasure_waits",
    zh="部分个人信息已删除，其余到期后删除",
    en="Data was erased; what has to stay for now waits for its day",
)
ERASURE_DONE = EventType("erasure_done", zh="个人信息已全部删除或封存", en="All personal data was erased or sealed")
