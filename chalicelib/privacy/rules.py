"""Closing an account: its states and times. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.privacy import events

ERASED_AFTER = timedelta(hours=1)
"""Between the closing and the erasing: so long the message about the closing may take."""
PATIENCE = timedelta(minutes=20)
"""How long a visit may take, which ends after 15 minutes at the latest, before another one begins."""
LONGEST_WAIT = timedelta(days=31)
MOST_OPEN = 50
"""So many open matters are named; whoever has more sees the others when these are done."""

NOT_ASKED = "not_asked"
"""What a person sees who has not asked for it; this is not stored."""
CHECKING = "checking"
BLOCKED = "blocked"
CALLED_OFF = "called_off"
CLOSED = "closed"
ERASED = "erased"
CLOSING_STATE = ErrorCode(
    "closing_wrong_state",
    409,
    zh="注销申请当前状态为“{state_zh}”，不能进行此操作",
    en="The closing of the account is “{state}”; not possible now",
)
CLOSINGS = Graph(
    (
        Edge("ask", NEW, CHECKING, by=("person",), event=events.CLOSING_ASKED),
        Edge("ask", CHECKING, CHECKING, by=("person",), event=events.CLOSING_ASKED),
        Edge("ask", BLOCKED, CHECKING, by=("person",), event=events.CLOSING_ASKED),
        Edge("ask", CALLED_OFF, CHECKING, by=("person",), event=events.CLOSING_ASKED),
        Edge("call_off", CHECKING, CALLED_OFF, by=("system",), event=events.CLOSING_CALLED_OFF),
        Edge("block", CHECKING, BLOCKED, by=("system",), event=events.CLOSING_BLOCKED),
        Edge("close", CHECKING, CLOSED, by=("system",), event=events.CLOSING_DONE),
        Edge("wait", CLOSED, CLOSED, by=("system",), event=events.ERASURE_WAITS),
        Edge("erase", CLOSED, ERASED, by=("system",), event=events.ERASURE_DONE),
    ),
    CLOSING_STATE,
    {CHECKING: "核对中", BLOCKED: "有未办结事项", CALLED_OFF: "账号有变，未注销", CLOSED: "已注销", ERASED: "已删除"},
)


def next_visit(now: datetime, today: date, waits: list[date]) -> datetime:
    """When to come again for what could not be erased yet: on the first of the days, tomorrow at the earliest.

    At the latest after ``LONGEST_WAIT``, because a certificate may be revoked before its last day.
    """
    days = max(1, (min(waits) - today).days)
    return now + min(timedelta(days=days), LONGEST_WAIT)


def kept_until(moment: datetime, years: int) -> datetime:
    """When the archive forgets what is kept for some years from a moment."""
    return moment + timedelta(days=366 * years)
