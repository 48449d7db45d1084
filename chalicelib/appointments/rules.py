"""Booking a place at a hall: slots, places, limits, credit. Pure.

One item decides about each question: the slot's item which places are taken, the appointment's item
whether a hold became an appointment, the visitor's item (``BookerItem``) what the visitor may still book.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from chalicelib.appointments import events
from chalicelib.appointments.seats import Slot
from chalicelib.kernel.clock import SHANGHAI, local
from chalicelib.kernel.errors import ErrorCode, Problem, refuse_if
from chalicelib.kernel.graph import NEW, Edge, Graph

MOST_PLACES = 30
HOLDS_PER_HOUR = 20
# Minutes for which the place of an offer that nobody accepted is kept for the next on the list.
RESERVED_MINUTES = 10

CONFIRMED = "confirmed"
CHECKED_IN = "checked_in"
SERVED = "served"
CANCELLED = "cancelled"
NO_SHOW = "no_show"
EXCUSED = "excused"
VOID = "void"
WAITING = "waiting"
OFFERED = "offered"
ACCEPTED = "accepted"
LEFT = "left"
LAPSED = "lapsed"

SLOT_UNKNOWN = ErrorCode(
    "slot_unknown",
    422,
    zh="该大厅当日没有这个时段，请重新选择",
    en="The hall has no such slot on that day; choose again",
)
SLOT_PAST = ErrorCode("slot_past", 409, zh="该时段已过，请选择其他时段", en="This slot is over; choose another")
SLOT_CLOSED = ErrorCode(
    "slot_closed",
    409,
    zh="该时段的预约已截止（提前 {minutes} 分钟），可到现场取号",
    en="Booking of this slot closed {minutes} minutes before it; take a ticket at the hall",
)
SLOT_NOT_RELEASED = ErrorCode(
    "slot_not_released",
    409,
    zh="该日号源将于 {at} 放出，请届时再约",
    en="The places of that day are released at {at}",
)
SLOT_FULL = ErrorCode(
    "slot_full",
    409,
    zh="该时段已约满，请选择其他时段或加入候补",
    en="This slot is sold out; choose another, or join the waiting list",
)
SLOT_BUSY = ErrorCode(
    "slot_busy",
    409,
    zh="约号人数较多，没有占号，请再试一次",
    en="Many are booking this slot; nothing was taken, try again",
)
SERVICE_NOT_HERE = ErrorCode(
    "service_not_here",
    422,
    zh="该大厅不办理事项 {service}",
    en="This hall does not handle the service {service}",
)
SERVICES_APART = ErrorCode(
    "services_apart",
    422,
    zh="所选事项不在同一类窗口办理，请分别预约",
    en="These services are handled at different windows; book them one by one",
)
VISIT_TOO_LONG = ErrorCode(
    "visit_too_long",
    422,
    zh="所选事项合计时间超过一个时段可约的号源，请分别预约",
    en="Together these services need more places than a slot has; book them one by one",
)
ALREADY_BOOKED = ErrorCode(
    "already_booked",
    409,
    zh="已有该事项的有效预约（{day}），请先取消或改约",
    en="There is an appointment for this service already ({day}); cancel or move it",
)
HOLD_IN_PROGRESS = ErrorCode(
    "hold_in_progress",
    409,
    zh="您已为该事项占号（{day} {start}），尚未确认：请先确认预约或放弃占号，也可在 {minutes} 分钟后重试",
    en="You are holding a place for this service ({day} {start}), not confirmed yet: confirm it or give it up, "
    "or retry in {minutes} minutes",
)
LIMIT_REACHED = ErrorCode(
    "booking_limit_reached",
    409,
    zh="已达预约上限：{limit_zh}最多 {most} 次，{until} 起可再约",
    en="The booking limit is reached: at most {most} {limit_en}; possible again for {until}",
)
BLOCKED = ErrorCode(
    "booking_blocked",
    409,
    zh="因爽约次数较多，{until} 前不能预约；可对爽约记录提出申诉",
    en="Too many no-shows: no booking before {until}; you can appeal against a no-show",
)
TOO_MANY_HOLDS = ErrorCode(
    "too_many_holds",
    429,
    zh="占号过于频繁，请 {minutes} 分钟后再试",
    en="Too many places were held; retry in {minutes} minutes",
)
TICKET_REQUIRED = ErrorCode(
    "booking_ticket_required",
    403,
    zh="该大厅放号期间须先领取预约凭证",
    en="This hall asks for a booking ticket; fetch one first",
)
TICKET_INVALID = ErrorCode(
    "booking_ticket_invalid",
    403,
    zh="预约凭证无效、已用过或已过期，请重新领取",
    en="The booking ticket is not valid, used or expired; fetch a new one",
)
TICKET_EARLY = ErrorCode(
    "booking_ticket_early",
    409,
    zh="还没有轮到您，请 {seconds} 秒后再试",
    en="It is not your turn yet; retry in {seconds} seconds",
)
HOLD_EXPIRED = ErrorCode(
    "hold_expired", 409, zh="占号已过期，请重新选择时段", en="The hold has expired; choose a slot again"
)
HOLD_INVALID = ErrorCode(
    "hold_invalid", 422, zh="占号凭证无效，请重新选择时段", en="This is no hold of yours; choose a slot again"
)
WRONG_STATE = ErrorCode(
    "appointment_wrong_state",
    409,
    zh="预约当前状态为“{state_zh}”，不能进行此操作",
    en="The appointment is “{state}”; not possible now",
)
TOO_LATE_TO_CANCEL = ErrorCode(
    "too_late_to_cancel",
    409,
    zh="已过可取消的时间（{until}），请联系大厅",
    en="It could be cancelled until {until}; call the hall",
)
WRONG_DAY = ErrorCode("check_in_wrong_day", 409, zh="预约日期是 {day}", en="The appointment is on {day}")
WRONG_HALL = ErrorCode("check_in_wrong_hall", 409, zh="预约的大厅是 {hall}", en="The appointment is at {hall}")
TOO_EARLY = ErrorCode("check_in_too_early", 409, zh="请于 {at} 之后签到", en="It is too early; check in from {at} on")
TOO_LATE = ErrorCode(
    "check_in_too_late",
    409,
    zh="已超过签到时间（{until}），请取现场号",
    en="Check-in ended at {until}; take a walk-in ticket",
)
WAITING_LIST_FULL = ErrorCode(
    "waiting_list_full", 409, zh="候补人数已满，请选择其他日期", en="The waiting list is full; choose another day"
)
WAITER_WRONG_STATE = ErrorCode(
    "waiting_wrong_state",
    409,
    zh="候补当前状态为“{state_zh}”，不能进行此操作",
    en="The waiting entry is “{state}”; not possible now",
)
DAY_NOT_OVER = ErrorCode(
    "day_not_over",
    409,
    zh="当天尚未结束，爽约在次日凌晨统计",
    en="The day is not over; no-shows are counted after midnight",
)
RELATIVE_OR_ENTERPRISE = ErrorCode(
    "relative_or_enterprise",
    422,
    zh="代表企业时不能为亲属预约，请切换到个人身份",
    en="Book for a relative as yourself, not for an enterprise",
)
APPEAL_DECIDED = ErrorCode(
    "appeal_decided", 409, zh="该申诉已处理，或没有待处理的申诉", en="There is no appeal that waits for a decision"
)
MOVE_TO_OTHERS = ErrorCode(
    "move_to_others",
    422,
    zh="改约只能用于同一人的同一事项",
    en="An appointment can be moved only for the same visitor and services",
)

APPOINTMENTS = Graph(
    (
        Edge("confirm", NEW, CONFIRMED, by=("visitor",), event=events.APPOINTMENT_CONFIRMED),
        Edge("void", NEW, VOID, by=("system",)),  # the hold's end, kept in the appointment's place
        Edge("cancel", CONFIRMED, CANCELLED, by=("visitor",), event=events.APPOINTMENT_CANCELLED),
        Edge("move", CONFIRMED, CANCELLED, by=("visitor",), event=events.APPOINTMENT_MOVED),
        Edge("break", CONFIRMED, CANCELLED, by=("system",), event=events.APPOINTMENT_CANCELLED_BY_HALL),
        Edge("check_in", CONFIRMED, CHECKED_IN, by=("hall",), event=events.CHECKED_IN),
        Edge("serve", CHECKED_IN, SERVED, by=("hall",), event=events.SERVED),
        Edge("release", CHECKED_IN, EXCUSED, by=("hall",), event=events.NOT_SERVED),  # not served: nobody's no-show
        Edge("miss", CONFIRMED, NO_SHOW, by=("hall",), event=events.NO_SHOW),
        Edge("miss", CHECKED_IN, NO_SHOW, by=("hall",), event=events.NO_SHOW),
        Edge("appeal", NO_SHOW, NO_SHOW, by=("visitor",), event=events.NO_SHOW_APPEALED),
        Edge("refuse_appeal", NO_SHOW, NO_SHOW, by=("supervisor",), event=events.APPEAL_REFUSED),
        Edge("grant_appeal", NO_SHOW, EXCUSED, by=("supervisor",), event=events.APPEAL_GRANTED),
        Edge("forgive", NO_SHOW, EXCUSED, by=("supervisor",), event=events.NO_SHOW_FORGIVEN),
    ),
    WRONG_STATE,
    {
        CONFIRMED: "已预约", CHECKED_IN: "已签到", SERVED: "已办理", CANCELLED: "已取消", NO_SHOW: "爽约",
        EXCUSED: "已免记", VOID: "占号已失效",
    },
)  # fmt: skip
WAITERS = Graph(
    (
        Edge("join", NEW, WAITING, by=("visitor",), event=events.WAITING_JOINED),
        Edge("join", WAITING, WAITING, by=("visitor",), event=events.WAITING_JOINED),
        Edge("join", LEFT, WAITING, by=("visitor",), event=events.WAITING_JOINED),
        Edge("join", LAPSED, WAITING, by=("visitor",), event=events.WAITING_JOINED),
        Edge("join", ACCEPTED, WAITING, by=("visitor",), event=events.WAITING_JOINED),
        Edge("keep_place", WAITING, OFFERED, by=("system",), event=events.OFFER_BEGUN),
        Edge("drop_offer", OFFERED, WAITING, by=("system",), event=events.OFFER_DROPPED),
        Edge("announce", OFFERED, OFFERED, by=("system",), event=events.PLACE_OFFERED),
        Edge("accept", OFFERED, ACCEPTED, by=("visitor", "system"), event=events.OFFER_ACCEPTED),
        Edge("lapse", OFFERED, LAPSED, by=("system",), event=events.WAITING_LAPSED),
        Edge("leave", WAITING, LEFT, by=("visitor",), event=events.WAITING_LEFT),
        Edge("leave", OFFERED, LEFT, by=("visitor",), event=events.WAITING_LEFT),
    ),
    WAITER_WRONG_STATE,
    {WAITING: "候补中", OFFERED: "有号待确认", ACCEPTED: "已确认", LEFT: "已退出", LAPSED: "逾期未确认"},
)


def slot_starts(spans: Iterable[tuple[str, str]], slot_minutes: int) -> list[str]:
    """When the slots of a day begin: whole ones within each span of opening hours."""
    starts = []
    for opens, closes in spans:
        at = _minutes(opens)
        end = _minutes(closes)
        while at + slot_minutes <= end:
            starts.append(f"{at // 60:02d}:{at % 60:02d}")
            at += slot_minutes
    return starts


def slot_end(start: str, slot_minutes: int) -> str:
    end = _minutes(start) + slot_minutes
    return f"{end // 60:02d}:{end % 60:02d}"


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def released_at(day: date, horizon_days: int, release_time: str) -> datetime:
    """When the places of a day are released, in Asia/Shanghai."""
    return datetime.combine(day - timedelta(horizon_days), time.fromisoformat(release_time), SHANGHAI)


def not_released(now: datetime, opens: datetime, released: datetime) -> Problem:
    """The error that says when the places are released; ``opens``: when the same request would be taken."""
    wait = int((opens - now).total_seconds()) + 1
    return SLOT_NOT_RELEASED(retry_after=min(wait, _LONGEST_WAIT), at=spoken(released))


_LONGEST_WAIT = 86400


def check_open(slot: Slot, now: datetime, released: datetime, cut_off_minutes: int) -> None:
    """Raise unless the slot can be booked now: ``slot_past``, ``slot_not_released`` or ``slot_closed``."""
    refuse_if(slot.starts_at <= now, SLOT_PAST)
    if now < released:
        raise not_released(now, released, released)
    refuse_if(now > slot.starts_at - timedelta(minutes=cut_off_minutes), SLOT_CLOSED, minutes=cut_off_minutes)


def places_needed(minutes: Sequence[int], place_minutes: int) -> int:
    """Places that a visit takes: its services' minutes together, in places of ``place_minutes``."""
    return max(1, -(-sum(minutes) // place_minutes))


def age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def between(low: float, high: float, fraction: float) -> float:
    """The point at ``fraction`` (0 to 1) between two numbers."""
    return low + (high - low) * fraction


def check_cancellable(slot: Slot, now: datetime, hours: int) -> None:
    """Raise ``too_late_to_cancel``."""
    until = slot.starts_at - timedelta(hours=hours)
    refuse_if(now > until, TOO_LATE_TO_CANCEL, until=spoken(until))


def check_arrival(slot: Slot, hall: str, now: datetime, early_minutes: int, late_minutes: int) -> None:
    """Raise unless somebody may check in at ``hall`` now: ``check_in_wrong_hall``, ``..._wrong_day``, ``..._too_*``."""
    refuse_if(slot.hall != hall, WRONG_HALL, hall=slot.hall)
    refuse_if(local(now).date() != slot.day, WRONG_DAY, day=str(slot.day))
    opens = slot.starts_at - timedelta(minutes=early_minutes)
    closes = slot.starts_at + timedelta(minutes=late_minutes)
    refuse_if(now < opens, TOO_EARLY, at=f"{local(opens):%H:%M}")
    refuse_if(now > closes, TOO_LATE, until=f"{local(closes):%H:%M}")


def spoken(moment: datetime) -> str:
    """A moment as people read it: ``2026-11-09 08:00``."""
    return f"{local(moment):%Y-%m-%d %H:%M}"
