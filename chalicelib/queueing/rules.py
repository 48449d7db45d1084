"""What can happen to a hall's queue: people come and leave, windows open and close, the day ends. Pure.

The whole queue is one value that changes as a whole (``store.QueueItem``): whoever changes it works on what it
is now, so two windows never call one person, and nobody is in two places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from chalicelib.kernel.errors import ErrorCode, refuse_if
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.queueing import events, lines
from chalicelib.queueing.queue import Joiner, OpenWindow, Person, Queue, Run

PRIORITY = "priority"
APPOINTMENT = "appointment"
WALK_IN = "walk_in"
OPEN = "open"
SERVED = "served"
MISSED = "missed"
LEFT = "left"
UNSERVED = "unserved"
JOINING_SECONDS = 60
"""So long after the last request for it, a ticket that was not written will not be any more: no request lives longer
than 29 seconds."""
_MOST_LOOKED_AT = 2
_MOST_EXPIRED = 20
_RUN_SECONDS = 1800  # how finely the arrival of those without an appointment counts in the priority lane

WINDOW_CLOSED = ErrorCode(
    "window_closed", 409, zh="该窗口没有开启，请先开启窗口", en="This window is not open; open it first"
)
WINDOW_NOT_YOURS = ErrorCode(
    "window_not_yours",
    409,
    zh="该窗口由其他人员开启，请先接管",
    en="Somebody else has this window; open it to take over",
)
WINDOW_BUSY = ErrorCode(
    "window_busy",
    409,
    zh="窗口正在办理 {number}，请先办结、挂起或转移",
    en="{number} is at this window; finish, park or transfer first",
)
WINDOW_EMPTY = ErrorCode("window_empty", 409, zh="窗口当前没有叫号", en="Nobody is called to this window")
NOBODY_WAITS = ErrorCode("nobody_waits", 409, zh="暂无等候人员", en="Nobody waits for this window")
NOT_PARKED = ErrorCode("not_parked", 409, zh="没有挂起的 {number}", en="{number} is not parked")
TRANSFER_UNKNOWN = ErrorCode(
    "transfer_unknown", 422, zh="没有这个窗口或窗口组", en="There is no such window or group to transfer to"
)
TICKET_OVER = ErrorCode("ticket_over", 409, zh="该号已结束", en="This ticket is over")
ALREADY_IN_QUEUE = ErrorCode(
    "already_in_queue", 409, zh="您已取号 {number}，请勿重复取号", en="You have ticket {number} already"
)
TICKETS_USED_UP = ErrorCode(
    "tickets_used_up",
    409,
    zh="您今天在本大厅取号次数已达上限，请到咨询台办理",
    en="You have taken too many tickets in this hall today; please ask at the desk",
)
HALL_CLOSED = ErrorCode("hall_closed", 409, zh="大厅现在不开放", en="The hall is not open now")
DAY_NOT_CLOSED = ErrorCode(
    "day_not_closed", 409, zh="该日统计在次日凌晨生成", en="A day's statistics are written soon after midnight"
)
NOT_AT_HALL = ErrorCode(
    "not_at_hall",
    409,
    zh="请在大厅扫描屏幕上的签到码",
    en="Scan the check-in code shown in the hall",
)
CODE_UNKNOWN = ErrorCode(
    "check_in_code_unknown",
    422,
    zh="没有找到当天的预约，请核对预约号或身份证号",
    en="No appointment of today is known by this number",
)

TICKETS = Graph(
    (
        Edge("issue", NEW, OPEN, by=("hall",), event=events.TICKET_ISSUED),
        Edge("serve", OPEN, SERVED, by=("hall",), event=events.TICKET_SERVED),
        Edge("miss", OPEN, MISSED, by=("hall",), event=events.TICKET_MISSED),
        Edge("leave", OPEN, LEFT, by=("hall",), event=events.TICKET_LEFT),
        Edge("close", OPEN, UNSERVED, by=("hall",), event=events.TICKET_UNSERVED),
    ),
    TICKET_OVER,
    {OPEN: "排队中", SERVED: "已办理", MISSED: "未到场", LEFT: "已退号", UNSERVED: "未能办理"},
)


# Coming and leaving


def arrive(queue: Queue, group: str, lane: str, prefix: str, ticket: str, now: int, start: int = 0) -> Person:
    """Give somebody the next number of their group; raises ``hall_closed`` or ``already_in_queue``.

    ``start`` is the time of the appointment. Who asks again for the same ticket keeps number and place; its minute
    begins anew. Who asks for another group meanwhile is refused: the first request may still write its ticket.
    """
    for number, joiner in queue.joining.items():
        if joiner.ticket == ticket:
            queue.joining[number] = replace(joiner, asked_at=now)
            person = queue.find_waiting(number)
            if person is None or person.group != group:
                raise ALREADY_IN_QUEUE(number=number)
            return person
    refuse_if(queue.closed, HALL_CLOSED)
    if lane == PRIORITY and not start:
        # beside appointments in one lane: who came at half past nine is behind who is due at nine
        start = now - now % _RUN_SECONDS
    value = queue.last_given.get(group, 0) + 1
    queue.last_given[group] = value
    person = Person(number=lines.printed(prefix, value), group=group, lane=lane, start=start)
    join_run(queue, person)
    queue.joining[person.number] = Joiner(ticket, since=now, asked_at=now)
    queue.count(group, issued=1)
    return person


def join_run(queue: Queue, person: Person) -> None:
    """Put somebody at the end of those who are due at the same time."""
    runs = queue.lanes.setdefault(person.group, {}).setdefault(person.lane, [])
    place = 0
    while place < len(runs) and runs[place].start < person.start:
        place += 1
    if place == len(runs) or runs[place].start != person.start:
        runs.insert(place, Run(person.start, []))
    lines.append(runs[place].line, person.number)


def settle_joiners(queue: Queue, is_written: Callable[[str], bool], now: int) -> bool:
    """Look at the oldest joiners: forget those whose ticket ``is_written``; who has none after ``JOINING_SECONDS``
    never got it, and leaves. Whether anything has changed.

    Two at a time, so that nobody waits for it; more of those whose time is over, who may stand in others' way.
    """
    oldest = sorted(queue.joining, key=lambda number: queue.joining[number].asked_at)
    has_changed = False
    for place, number in enumerate(oldest[:_MOST_EXPIRED]):
        joiner = queue.joining[number]
        is_expired = joiner.asked_at < now - JOINING_SECONDS
        if place >= _MOST_LOOKED_AT and not is_expired:
            break
        if is_written(joiner.ticket):
            del queue.joining[number]
            has_changed = True
        elif is_expired:
            leave(queue, number)
            has_changed = True
    return has_changed


def leave(queue: Queue, number: str) -> None:
    """Somebody who waits or is parked goes home; raises ``ticket_over`` for who is at a window or not there."""
    group = take_out(queue, number)
    if group is None:
        raise TICKET_OVER()
    forget(queue, number)
    queue.count(group, left=1)


def take_out(queue: Queue, number: str) -> str | None:
    """Take a number out of wherever it waits or is parked: the group for which it did; None if it is not there."""
    for people in (queue.ahead, *queue.parked.values()):
        person = next(filter(lambda one: one.number == number, people), None)
        if person is not None:
            people.remove(person)
            return person.group
    for group, lane, run in queue.runs():
        if lines.remove(run.line, number):
            _drop_empty(queue, group, lane)
            return group
    return None


def _drop_empty(queue: Queue, group: str, lane: str) -> None:
    queue.lanes[group][lane] = [run for run in queue.lanes[group][lane] if run.line]


def forget(queue: Queue, number: str) -> None:
    """Somebody is gone."""
    queue.joining.pop(number, None)
    queue.skips.pop(number, None)
    if number in queue.told:
        queue.told.remove(number)


# Windows


def open_window(queue: Queue, code: str, clerk: bytes, groups: Sequence[str], now: int) -> None:
    """A clerk sits down; whom the window had before goes back to the head of the queue."""
    refuse_if(queue.closed, HALL_CLOSED)
    close_window(queue, code)
    queue.windows[code] = OpenWindow(clerk, tuple(groups), now)


def close_window(queue: Queue, code: str) -> None:
    """Nobody sits at the window any more; its person and those parked there go to the head of the queue."""
    window = queue.windows.pop(code, None)
    queue.ahead = [replace(one, window="") if one.window == code else one for one in queue.ahead]
    if window is not None and window.person is not None:
        queue.ahead.append(replace(window.person, window=""))
    for person in queue.parked.pop(code, []):
        queue.ahead.append(replace(person, window=""))


def may_be_silent(queue: Queue, silent_seconds: int, now: int) -> bool:
    """Whether some window has called nobody for so long that its signs of life have to be looked at."""
    return any(window.since < now - silent_seconds for window in queue.windows.values())


def close_silent(queue: Queue, signs: dict[str, int], silent_seconds: int, now: int) -> list[str]:
    """Close the windows that gave no sign of life for too long; which."""
    silent = [
        code for code, window in queue.windows.items() if max(window.since, signs.get(code, 0)) < now - silent_seconds
    ]
    for code in silent:
        close_window(queue, code)
    return silent


def window_of(queue: Queue, code: str, clerk: bytes) -> OpenWindow:
    """The clerk's open window; raises ``window_closed`` or ``window_not_yours``."""
    window = queue.windows.get(code)
    if window is None:
        raise WINDOW_CLOSED()
    refuse_if(window.clerk != clerk, WINDOW_NOT_YOURS)
    return window


def person_at(queue: Queue, code: str, clerk: bytes) -> Person:
    """Whom the clerk's window has; raises ``window_closed``, ``window_not_yours`` or ``window_empty``."""
    window = window_of(queue, code, clerk)
    if window.person is None:
        raise WINDOW_EMPTY()
    return window.person


def close_day(queue: Queue) -> int:
    """The end of the day: how many are left, now without a place; nothing happens in this queue after."""
    left = 0
    for group, _, run in queue.runs():
        here = lines.length(run.line)
        queue.count(group, unserved=here)
        left += here
    for person in queue.persons():
        queue.count(person.group, unserved=1)
        left += 1
    queue.lanes = {}
    queue.ahead = []
    queue.parked = {}
    queue.windows = {}
    queue.joining = {}
    queue.skips = {}
    queue.told = []
    queue.closed = True
    return left
