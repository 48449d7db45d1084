"""What happens to appointments, visitors' claims and waiting lists."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

_PLACES = {
    "id": announcements.same("K7M29QXA4TB3"),
    "hall": ("玄武区政务服务中心", "Xuanwu District Service Centre"),
    "address": ("玄武区示例路 1 号", "1 Demo Road, Xuanwu"),
    "start": announcements.moment_sample(),
    "number": announcements.same("K7M2-9QXA-4TB3"),
}
_OFFER_PLACES = _PLACES | {"until": announcements.moment_sample()}

PLACE_CLAIMED = EventType("place_claimed", zh="已占号", en="A place was claimed")
CLAIM_DROPPED = EventType("claim_dropped", zh="已释放占号", en="A claim was dropped")
APPOINTMENT_CONFIRMED = EventType(
    "appointment_confirmed", zh="预约成功", en="The appointment is confirmed", places=_PLACES
)
APPOINTMENT_MOVED = EventType("appointment_moved", zh="已改约", en="The appointment was moved", places=_PLACES)
APPOINTMENT_CANCELLED = EventType(
    "appointment_cancelled", zh="预约已取消", en="The appointment was cancelled", places=_PLACES
)
APPOINTMENT_CANCELLED_BY_HALL = EventType(
    "appointment_cancelled_by_hall",
    zh="大厅调整，预约已取消",
    en="The hall had to cancel the appointment",
    places=_PLACES,
)
APPOINTMENT_REMINDER_DUE = EventType(
    "appointment_reminder_due", zh="预约日期将至", en="The appointment is soon", places=_PLACES
)
CHECKED_IN = EventType("checked_in", zh="已签到", en="Checked in")
SERVED = EventType("served", zh="已办理", en="Served")
NOT_SERVED = EventType("not_served", zh="大厅已闭馆，未能办理", en="The hall closed before the visitor's turn")
NO_SHOW = EventType("no_show", zh="未按预约到场", en="The visitor did not come", places=_PLACES)
NO_SHOW_NOTED = EventType("no_show_noted", zh="爽约已记录", en="The no-show was noted")
NO_SHOW_STRUCK = EventType("no_show_struck", zh="爽约记录已撤销", en="The no-show was struck")
NO_SHOW_APPEALED = EventType("no_show_appealed", zh="已对爽约提出申诉", en="An appeal was made against the no-show")
APPEAL_GRANTED = EventType("appeal_granted", zh="申诉成立", en="The appeal was granted")
APPEAL_REFUSED = EventType("appeal_refused", zh="申诉不成立", en="The appeal was refused")
NO_SHOW_FORGIVEN = EventType("no_show_forgiven", zh="爽约已予免记", en="The no-show was forgiven")
WAITING_JOINED = EventType("waiting_joined", zh="已加入候补", en="Joined the waiting list")
WAITING_LEFT = EventType("waiting_left", zh="已退出候补", en="Left the waiting list")
OFFER_BEGUN = EventType("offer_begun", zh="正在为候补占号", en="A place is being kept for who waits")
OFFER_DROPPED = EventType("offer_dropped", zh="未能占号，继续候补", en="No place could be kept; the wait goes on")
PLACE_OFFERED = EventType("place_offered", zh="候补有号，待确认", en="A place is offered", places=_OFFER_PLACES)
OFFER_ACCEPTED = EventType("offer_accepted", zh="候补号已确认", en="The offered place was accepted")
WAITING_LAPSED = EventType(
    "waiting_lapsed", zh="候补号未在时限内确认", en="The offered place was not taken in time", places=_OFFER_PLACES
)
