"""How much a visitor may book: appointments at a time, no-shows, pace. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from chalicelib.appointments import rules
from chalicelib.appointments.seats import Claim


def claim_for_same_service(claims: Iterable[Claim], wanted: Claim, today: date) -> Claim | None:
    """The claim that stands in the way of another appointment for one of the same services, if there is one."""
    for claim in claims:
        is_coming = claim.open and claim.day >= today
        if is_coming and set(claim.services) & set(wanted.services):
            return claim
    return None


def check_limits(
    claims: Iterable[Claim], wanted: Claim, today: date, per_day: int, per_week: int, per_month: int
) -> None:
    """Raise ``already_booked`` or ``booking_limit_reached`` if ``wanted`` is one appointment too many; 0: no limit."""
    claims = list(claims)
    in_the_way = claim_for_same_service(claims, wanted, today)
    if in_the_way is not None:
        raise rules.ALREADY_BOOKED(day=str(in_the_way.day))
    day = wanted.day
    monday = day - timedelta(day.weekday())
    first = day.replace(day=1)
    for most, begin, end, zh, en in (
        (per_day, day, day + timedelta(1), "每天", "a day"),
        (per_week, monday, monday + timedelta(7), "每周", "a week"),
        (per_month, first, (first + timedelta(31)).replace(day=1), "每月", "a month"),
    ):
        if most and sum(begin <= claim.day < end for claim in claims) >= most:
            raise rules.LIMIT_REACHED(limit_zh=zh, limit_en=en, most=most, until=str(end))


def blocked_until(no_shows: Iterable[date], allowed: int, within_days: int, blocked_days: int) -> date | None:
    """Until which day (exclusive) a visitor may not book, by the days of the no-shows; None if never blocked."""
    days = sorted(no_shows)
    ends = [
        last + timedelta(blocked_days + 1)
        for place, last in enumerate(days)
        if sum(last - day <= timedelta(within_days) for day in days[: place + 1]) >= allowed
    ]
    return max(ends, default=None)


def check_credit(until: date | None, today: date) -> None:
    """Raise ``booking_blocked`` while no-shows forbid booking."""
    if until is not None and today < until:
        raise rules.BLOCKED(until=str(until))


def check_pace(tries: Iterable[int], now: datetime) -> None:
    """Raise ``too_many_holds`` for a visitor who held too many places in the last hour."""
    recent = sorted(at for at in tries if at > now.timestamp() - 3600)
    if len(recent) >= rules.HOLDS_PER_HOUR:
        wait = int(recent[-rules.HOLDS_PER_HOUR] + 3600 - now.timestamp()) + 1
        raise rules.TOO_MANY_HOLDS(retry_after=wait, minutes=-(-wait // 60))
