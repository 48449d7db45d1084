"""Sessions: how long they last, and what a refresh may do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.kernel.roles import ADMINISTRATORS

REFRESH_INVALID = ErrorCode(
    "refresh_invalid", 401, zh="登录已失效，请重新登录", en="The session has ended; log in again"
)
REFRESH_REUSED = ErrorCode(
    "refresh_reused",
    401,
    zh="刷新令牌被重复使用，为安全起见已退出登录，请重新登录",
    en="The refresh token was used twice; the session was ended for safety, log in again",
)


BROWSER_LOGIN_WAITING = ErrorCode(
    "browser_login_waiting",
    409,
    zh="等待在小程序中确认",
    en="Nobody has confirmed in the mini-program yet; ask again",
)
BROWSER_LOGIN_OVER = ErrorCode(
    "browser_login_over",
    410,
    zh="二维码已失效，请在网页上刷新后重新扫码",
    en="This code is over; make a new one in the browser and scan again",
)
BROWSER_NUMBER_WRONG = ErrorCode(
    "browser_number_wrong",
    422,
    zh="数字与网页上显示的不一致；如果您没有打开网页，请勿确认",
    en="The browser shows another number; if you have opened no browser, do not confirm",
)
TEXT_CODE_WRONG = ErrorCode(
    "text_code_wrong",
    401,
    zh="验证码有误或已失效，请重新获取",
    en="The code is wrong or over; get a new one",
)
SESSION_OPEN = "open"
SESSION_ENDED = "ended"
SESSIONS = Graph(
    (
        Edge("open", NEW, SESSION_OPEN, by=("holder",), event=events.SESSION_OPENED),
        Edge(
            "close", SESSION_OPEN, SESSION_ENDED, by=("holder", "security_administrator"), event=events.SESSION_CLOSED
        ),
        Edge("reuse", SESSION_OPEN, SESSION_ENDED, by=("system",), event=events.SESSION_REUSE_DETECTED),
    ),
    REFRESH_INVALID,
    {SESSION_OPEN: "有效", SESSION_ENDED: "已结束"},
)


WAITING = "waiting"
CONFIRMED = "confirmed"
OVER = "over"
BROWSER_LOGINS = Graph(
    (
        Edge("begin", NEW, WAITING, by=("browser",)),
        Edge("confirm", WAITING, CONFIRMED, by=("holder",)),
        # Two digits are soon guessed: after some wrong ones the browser begins again.
        Edge("give_up", WAITING, OVER, by=("system",)),
        Edge("finish", CONFIRMED, OVER, by=("browser",)),
    ),
    BROWSER_LOGIN_OVER,
    {WAITING: "待确认", CONFIRMED: "已确认", OVER: "已结束"},
)
"""A browser that wants to log in. Nothing is kept of it in the event log: the session that is opened is."""


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long a session may go on at most, and how long it may lie idle (ASVS 5.0, 7.3)."""

    absolute: timedelta
    idle: timedelta


PERSON_LIMITS = SessionLimits(absolute=timedelta(days=30), idle=timedelta(days=7))
STAFF_LIMITS = SessionLimits(absolute=timedelta(hours=12), idle=timedelta(hours=1))
LIMITS_OF_ROLES = {
    **dict.fromkeys(ADMINISTRATORS, SessionLimits(absolute=timedelta(hours=8), idle=timedelta(minutes=30))),
    # A courier's day, with a phone that has no network for a while.
    "courier": SessionLimits(absolute=timedelta(hours=14), idle=timedelta(hours=4)),
    # A machine in the hall, which nobody logs in every morning.
    "kiosk": SessionLimits(absolute=timedelta(days=30), idle=timedelta(days=7)),
}
"""Roles with other limits than the rest of the staff; of several roles the strictest counts."""
REPEAT = timedelta(seconds=30)
MOST_ENDED = 50
"""Ended sessions that a holder's item names; they are forgotten once their access tokens have run out."""


def session_limits(roles: list[str] | None) -> SessionLimits:
    """The limits of a staff member with these roles, or of a person (None)."""
    if roles is None:
        return PERSON_LIMITS
    found = [LIMITS_OF_ROLES.get(role, STAFF_LIMITS) for role in roles] or [STAFF_LIMITS]
    return SessionLimits(absolute=min(limits.absolute for limits in found), idle=min(limits.idle for limits in found))


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """What decides about a refresh: hashes of the current token and the one before, and the session's times.

    ``is_of_this_version``: no change of the holder's factors, roles or status has ended all sessions since.
    """

    status: str
    current: str
    previous: str
    is_same_device: bool
    is_of_this_version: bool
    opened_at: datetime
    used_at: datetime


def refresh_outcome(session: SessionState, presented: str, now: datetime, limits: SessionLimits) -> str:
    """``rotate``, ``repeat`` (the last token once more, its answer got lost), ``expired`` or ``reuse``."""
    is_over = now >= session.opened_at + limits.absolute
    if session.status != SESSION_OPEN or not session.is_of_this_version or is_over:
        return "expired"
    if presented != session.current:
        is_last = session.previous != "" and presented == session.previous
        is_prompt = now <= session.used_at + REPEAT
        return "repeat" if is_last and is_prompt and session.is_same_device else "reuse"
    return "expired" if now >= session.used_at + limits.idle else "rotate"
