"""A hall's queue of one day as a value, and everything that can happen to it. Pure.

The whole queue is one value that changes as a whole (``store.QueueItem``): whoever changes it works on what it
is now, so two windows never call one person, and nobody is in two places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.queueing import events

PRIORITY = "priority"
APPOINTMENT = "appointment"
WALK_IN = "walk_in"
OPEN = "open"
SERVED = "served"
MISSED = "missed"
LEFT = "left"
UNSERVED = "unserved"
SHOWN_CALLS = 8
_NEW_WEIGHT = 0.2
_STEP = 1e-6  # tells those apart who came in the same second

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


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in the queue. Times are epoch seconds.

    Within a lane the smallest ``order`` is called first; nobody is called before ``due`` while others are. ``ahead``:
    comes before everybody (a window lost them, or they were transferred); ``window``: may go there only.
    """

    ticket: str
    number: str
    group: str
    lane: str
    order: float
    since: int
    due: int = 0
    visitor: str = ""
    ahead: bool = False
    window: str = ""
    skips: int = 0


@dataclass(frozen=True, kw_only=True)
class OpenWindow:
    """An open window: who sits there, which groups, whom it has called since when; ``turn`` in the pattern."""

    clerk: str
    groups: tuple[str, ...]
    opened_at: int
    turn: int = 0
    person: Person | None = None
    called_at: int = 0
    calls: int = 0


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as displays show and speak it; the highest ``sequence`` is the newest."""

    sequence: int
    number: str
    window: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What has happened to a group's tickets; ``seconds`` is the moving service time, the sums are in seconds."""

    issued: int = 0
    served: int = 0
    missed: int = 0
    left: int = 0
    unserved: int = 0
    seconds: float = 0.0
    waited: int = 0
    worked: int = 0


@dataclass(kw_only=True)
class Queue:
    """A hall's queue of one day."""

    numbers: dict[str, int] = field(default_factory=dict)
    waiting: list[Person] = field(default_factory=list)
    parked: dict[str, list[Person]] = field(default_factory=dict)
    windows: dict[str, OpenWindow] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    sequence: int = 0
    closed: bool = False

    def everybody(self) -> list[Person]:
        """All who wait, are parked, or are at a window."""
        at_windows = [window.person for window in self.windows.values() if window.person]
        return [*self.waiting, *(person for parked in self.parked.values() for person in parked), *at_windows]

    def tally(self, group: str) -> Tally:
        return self.tallies.get(group, Tally())

    def count(self, group: str, **more: int) -> None:
        """Add to a group's numbers."""
        before = self.tally(group)
        added = {name: getattr(before, name) + amount for name, amount in more.items()}
        self.tallies[group] = replace(before, **added)


# Coming and leaving


def arrive(queue: Queue, person: Person, prefix: str) -> Person:
    """Give somebody the next number of their group; raises ``already_in_queue`` or ``hall_closed``.

    Walk-ins have one ticket at a time; who has two appointments checks in for both (``visitor`` is empty then).
    """
    if queue.closed:
        raise HALL_CLOSED()
    if person.visitor:
        for other in queue.everybody():
            if other.visitor == person.visitor:
                raise ALREADY_IN_QUEUE(number=other.number)
    number = queue.numbers.get(person.group, 0) + 1
    queue.numbers[person.group] = number
    arrived = replace(person, number=f"{prefix}{number:03d}", order=person.order + number * _STEP)
    queue.waiting.append(arrived)
    queue.count(person.group, issued=1)
    return arrived


def leave(queue: Queue, ticket: str) -> Person:
    """Somebody who waits or is parked goes home; raises ``ticket_over`` for who is not there."""
    for people in (queue.waiting, *queue.parked.values()):
        for person in people:
            if person.ticket == ticket:
                people.remove(person)
                queue.count(person.group, left=1)
                return person
    raise TICKET_OVER()


# Windows


def open_window(queue: Queue, code: str, clerk: str, groups: Sequence[str], now: int) -> None:
    """A clerk sits down; whom the window had before goes back to the head of the queue."""
    if queue.closed:
        raise HALL_CLOSED()
    close_window(queue, code)
    queue.windows[code] = OpenWindow(clerk=clerk, groups=tuple(groups), opened_at=now)


def close_window(queue: Queue, code: str) -> None:
    """Nobody sits at the window any more; its person and those parked there go to the head of the queue."""
    window = queue.windows.pop(code, None)
    queue.waiting = [replace(one, window="") if one.window == code else one for one in queue.waiting]
    if window is not None and window.person is not None:
        _to_head(queue, replace(window.person, window=""))
    for person in queue.parked.pop(code, []):
        _to_head(queue, replace(person, window=""))


def close_silent(queue: Queue, signs: dict[str, int], silent_seconds: int, now: int) -> list[str]:
    """Close the windows that gave no sign of life for too long; which."""
    silent = [
        code
        for code, window in queue.windows.items()
        if max(window.called_at, window.opened_at, signs.get(code, 0)) < now - silent_seconds
    ]
    for code in silent:
        close_window(queue, code)
    return silent


def _to_head(queue: Queue, person: Person) -> None:
    queue.waiting.append(replace(person, ahead=True))


def window_of(queue: Queue, code: str, clerk: str) -> OpenWindow:
    """The clerk's open window; raises ``window_closed`` or ``window_not_yours``."""
    window = queue.windows.get(code)
    if window is None:
        raise WINDOW_CLOSED()
    if window.clerk != clerk:
        raise WINDOW_NOT_YOURS()
    return window


def _person_at(queue: Queue, code: str, clerk: str) -> tuple[OpenWindow, Person]:
    window = window_of(queue, code, clerk)
    if window.person is None:
        raise WINDOW_EMPTY()
    return window, window.person


# Calling


def choose(people: Iterable[Person], pattern: Sequence[str], turn: int, now: int) -> tuple[Person, int] | None:
    """Who comes next and the pattern's turn after that; None if nobody waits.

    Who is ahead comes first; then those whose time has come, lane by lane as the pattern says; then the others.
    """
    people = list(people)
    ahead = [person for person in people if person.ahead]
    if ahead:
        return min(ahead, key=lambda person: (person.since, person.number)), turn
    for candidates in ([person for person in people if person.due <= now], people):
        for step in range(len(pattern)):
            place = (turn + step) % len(pattern)
            lane = [person for person in candidates if person.lane == pattern[place]]
            if lane:
                return min(lane, key=_place_in_lane), (place + 1) % len(pattern)
    return None


def _place_in_lane(person: Person) -> tuple[float, int, str]:
    return (person.order, person.since, person.number)


def candidates(queue: Queue, code: str, groups: Sequence[str]) -> list[Person]:
    """Who may be called to a window that serves these groups."""
    return [
        person for person in queue.waiting if (person.window == code) or (not person.window and person.group in groups)
    ]


def call_next(queue: Queue, code: str, clerk: str, pattern: Sequence[str], now: int) -> Person:
    """Call the next person; raises ``window_closed``, ``window_not_yours``, ``window_busy`` or ``nobody_waits``."""
    window = window_of(queue, code, clerk)
    if window.person is not None:
        raise WINDOW_BUSY(number=window.person.number)
    chosen = choose(candidates(queue, code, window.groups), pattern, window.turn, now)
    if chosen is None:
        raise NOBODY_WAITS()
    person, turn = chosen
    queue.waiting.remove(person)
    _call(queue, code, replace(window, turn=turn), replace(person, ahead=False), now)
    return person


def _call(queue: Queue, code: str, window: OpenWindow, person: Person, now: int, calls: int = 1) -> None:
    called_at = window.called_at if calls > 1 else now
    queue.windows[code] = replace(window, person=person, called_at=called_at, calls=calls)
    queue.sequence += 1
    queue.calls = [*queue.calls, Call(sequence=queue.sequence, number=person.number, window=code, at=now)][
        -SHOWN_CALLS:
    ]


def recall(queue: Queue, code: str, clerk: str, now: int) -> Person:
    """Call the window's person once more."""
    window, person = _person_at(queue, code, clerk)
    _call(queue, code, window, person, now, window.calls + 1)
    return person


def skip(queue: Queue, code: str, clerk: str, skip_back: int, skips_allowed: int) -> tuple[Person, bool]:
    """Who does not come goes some places back (过号); the second value tells that it was once too often."""
    window, person = _person_at(queue, code, clerk)
    queue.windows[code] = replace(window, person=None)
    skipped = replace(person, skips=person.skips + 1)
    if skipped.skips > skips_allowed:
        queue.count(person.group, missed=1)
        return skipped, True
    lane = sorted(
        (one for one in queue.waiting if (one.group, one.lane) == (person.group, person.lane)), key=_place_in_lane
    )
    behind = lane[min(skip_back, len(lane)) - 1].order + _STEP / 2 if lane else person.order
    queue.waiting.append(replace(skipped, order=behind))
    return skipped, False


def park(queue: Queue, code: str, clerk: str) -> Person:
    """The person fetches something; the window may call others meanwhile (挂起)."""
    window, person = _person_at(queue, code, clerk)
    queue.windows[code] = replace(window, person=None)
    queue.parked.setdefault(code, []).append(person)
    return person


def resume(queue: Queue, code: str, clerk: str, number: str, now: int) -> Person:
    """Call a parked person back to the window; raises ``window_busy`` or ``not_parked``."""
    window = window_of(queue, code, clerk)
    if window.person is not None:
        raise WINDOW_BUSY(number=window.person.number)
    parked = queue.parked.get(code, [])
    person = next((one for one in parked if one.number == number), None)
    if person is None:
        raise NOT_PARKED(number=number)
    parked.remove(person)
    _call(queue, code, window, person, now)
    return person


def transfer(queue: Queue, code: str, clerk: str, *, to_window: str = "", to_group: str = "") -> Person:
    """Send the window's person on to an open window or to a group, ahead of all who wait there."""
    if to_window and to_window not in queue.windows:
        raise WINDOW_CLOSED()
    window, person = _person_at(queue, code, clerk)
    queue.windows[code] = replace(window, person=None)
    moved = replace(person, window=to_window, group=to_group or person.group, skips=0)
    _to_head(queue, moved)
    return moved


def finish(queue: Queue, code: str, clerk: str, expected: float, now: int) -> Person:
    """The person is served. ``expected`` is the service time in seconds to begin the moving average with."""
    window, person = _person_at(queue, code, clerk)
    queue.windows[code] = replace(window, person=None)
    seconds = max(0, now - window.called_at)
    waited = max(0, window.called_at - person.since)
    queue.count(person.group, served=1, worked=seconds, waited=waited)
    tally = queue.tally(person.group)
    moving = (tally.seconds or expected) * (1 - _NEW_WEIGHT) + seconds * _NEW_WEIGHT
    queue.tallies[person.group] = replace(tally, seconds=moving)
    return person


def miss(queue: Queue, code: str, clerk: str) -> Person:
    """The person did not come at all."""
    window, person = _person_at(queue, code, clerk)
    queue.windows[code] = replace(window, person=None)
    queue.count(person.group, missed=1)
    return person


def close_day(queue: Queue) -> list[Person]:
    """The end of the day: everybody who is left, now without a place; nothing happens in this queue after."""
    left = queue.everybody()
    for person in left:
        queue.count(person.group, unserved=1)
    queue.waiting = []
    queue.parked = {}
    queue.windows = {}
    queue.closed = True
    return left
