"""What a visitor may still book: claims, limits, credit and pace, in one item that changes as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal, NamedTuple

from chalicelib.appointments import events, limits, rules, store
from chalicelib.appointments.seats import Claim
from chalicelib.appointments.service import plans, relations
from chalicelib.appointments.service.plans import Plan
from chalicelib.appointments.store import Book, BookerItem
from chalicelib.identity import service as identity
from chalicelib.kernel import budget, clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables

_REQUEST_SECONDS = int(budget.REQUEST_SECONDS)


def claim(actor: Actor, visitor: str, wanted: Claim, plan: Plan, *, ticket: str = "") -> Claim:
    """Note that the visitor is about to hold a place, if limits, credit and pace allow it; one write unit.

    The same appointment's claim is found again by a repeat, and given back. What it ``moves`` does not count.
    Raises ``already_booked``, ``hold_in_progress``, ``booking_limit_reached``, ``booking_blocked``,
    ``too_many_holds``, ``booking_ticket_invalid``, ``slot_busy``, or what ``_check_move`` raises.
    """

    def attempt() -> Claim:
        item = store.booker(visitor) or store.new_booker(visitor)
        book = item.opened()
        known = next(filter(lambda one: one.appointment == wanted.appointment, book.claims), None)
        if known is not None:
            return known
        _check_move(actor, wanted, visitor)
        check_credit(book, plan)
        refuse_if(ticket and any(used == ticket for _, used in book.tries), rules.TICKET_INVALID)
        if actor.kind != "system":
            limits.check_pace([at for at, _ in book.tries], clock.now())
            book.tries = [*_recent(book.tries), (clock.seconds(clock.now()), ticket)]
        book.claims = [*_checked(book.claims, wanted, plan), wanted]
        item.close(book)
        event = Event(events.PLACE_CLAIMED, actor, data={"appointment": wanted.appointment, "hall": wanted.hall})
        tables.write(changes.record(item, event))
        return wanted

    return optimistic.repeat(attempt, otherwise=lambda: rules.SLOT_BUSY(retry_after=1))


def has_claim(visitor: str, appointment: str) -> bool:
    """Whether the visitor has claimed a place for this appointment already (one consistent read)."""
    item = store.booker(visitor)
    return item is not None and any(one.appointment == appointment for one in item.opened().claims)


def may(visitor: str, wanted: Claim, plan: Plan) -> bool:
    """Whether limits and credit would allow a claim now; writes nothing (but voids holds that are over)."""
    try:
        check(visitor, wanted, plan)
        return True
    except errors.Problem as problem:
        if problem.error is errors.UNAVAILABLE:
            raise
        return False


def check(visitor: str, wanted: Claim, plan: Plan) -> None:
    """Raise what ``claim`` would for limits and credit."""
    item = store.booker(visitor)
    book = item.opened() if item else Book()
    check_credit(book, plan)
    _checked(book.claims, wanted, plan)


def check_credit(book: Book, plan: Plan) -> None:
    """Raise ``booking_blocked`` when the visitor's no-shows forbid booking by this plan's rules."""
    policy = plan.rules.no_shows
    days = [day for _, day in book.no_shows]
    until = limits.blocked_until(days, policy.allowed, policy.within_days, policy.blocked_days)
    limits.check_credit(until, clock.today())


def _checked(claims: list[Claim], wanted: Claim, plan: Plan) -> list[Claim]:
    """The claims that still count; whether they stand is looked up only if they would be in the way."""
    today = clock.today()
    first = min(today.replace(day=1), today - timedelta(today.weekday()))
    claims = [one for one in claims if one.day >= first]
    try:
        _check(claims, wanted, plan)
    except errors.Problem:
        claims = _looked_up(claims, wanted)
        _check(claims, wanted, plan)
    return claims


def _looked_up(claims: list[Claim], wanted: Claim) -> list[Claim]:
    """The claims that stand, with what became of them.

    Raises ``hold_in_progress`` or ``slot_busy`` for one that is not an appointment yet and is in the way.
    """
    standing = []
    unconfirmed = {}
    for one in claims:
        found = _standing(one)
        if found is None:
            continue
        standing.append(found.claim)
        if found.state != "booked":
            unconfirmed[one.appointment] = found
    in_the_way = limits.claim_for_same_service(_others(standing, wanted), wanted, clock.today())
    if in_the_way is not None and in_the_way.appointment in unconfirmed:
        raise _refusal(unconfirmed[in_the_way.appointment])
    return standing


def _refusal(found: _Standing) -> errors.Problem:
    """Why a claim that is not an appointment yet forbids another one: it is held, or its request still runs."""
    claim = found.claim
    now = clock.seconds(clock.now())
    if found.state == "requested":
        return rules.SLOT_BUSY(retry_after=max(1, claim.made + _REQUEST_SECONDS - now))
    seconds = max(1, claim.until - now)
    return rules.HOLD_IN_PROGRESS(retry_after=seconds, day=str(claim.day), start=claim.start, minutes=-(-seconds // 60))


def _others(claims: list[Claim], wanted: Claim) -> list[Claim]:
    """The claims without the one that the wanted appointment replaces."""
    return [one for one in claims if one.appointment != wanted.moves]


def _check(claims: list[Claim], wanted: Claim, plan: Plan) -> None:
    most = plan.rules
    claims = _others(claims, wanted)
    limits.check_limits(claims, wanted, clock.today(), most.per_day, most.per_week, most.per_month)


def _check_move(actor: Actor, wanted: Claim, visitor: str) -> None:
    """Raise unless the appointment to be replaced is the caller's to move, for the same visitor and services."""
    if not wanted.moves:
        return
    item = store.appointment(wanted.moves)
    if item is None or not relations.concerns(actor, item):
        raise errors.NOT_FOUND()
    if identity.relatives.proven_key(item.visitor) != identity.relatives.proven_key(visitor):
        raise errors.NOT_FOUND()
    refuse_if(set(item.services) != set(wanted.services), rules.MOVE_TO_OTHERS)
    rules.APPOINTMENTS.edge(item.status, "move", "visitor")
    hours = plans.rules_of(item.hall, item.group).cancel_until_hours
    if actor.kind == "person":
        rules.check_cancellable(item.slot, clock.now(), hours)


class _Standing(NamedTuple):
    """A claim as it stands: an appointment, a seat on hold, or asked for by a request that may still run."""

    claim: Claim
    state: Literal["booked", "held", "requested"]


def _standing(claim: Claim) -> _Standing | None:
    """The claim as it stands, None if nothing is left of it; makes sure that a dead hold is never confirmed.

    A request can die between its claim and its seat. Such a claim stands until the request's time is over.
    """
    became = store.fate(claim.appointment)
    if became is None:
        is_over = claim.until <= clock.now().timestamp()
        if not is_over and _has_seat(claim):
            return _Standing(claim, "held")
        if not is_over and clock.now().timestamp() <= claim.made + _REQUEST_SECONDS:
            return _Standing(claim, "requested")
        # After this write nobody can confirm the hold, even if its request takes a seat later all the same. If
        # somebody confirmed it meanwhile, the write fails and the appointment is found.
        if store.void(claim.appointment) == rules.VOID:
            return None
        became = store.fate(claim.appointment)
        assert became is not None
    if became.status in (rules.VOID, rules.CANCELLED, rules.EXCUSED):
        return None
    is_open = became.status in (rules.CONFIRMED, rules.CHECKED_IN)
    return _Standing(claim._replace(open=is_open), "booked")


def _has_seat(claim: Claim) -> bool:
    return store.slots.occupancy(claim.slot, consistent=True).seat_of(claim.appointment) is not None


def _recent(tries: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [one for one in tries if one[0] > clock.now().timestamp() - 3600]


def drop(actor: Actor, visitor: str, appointment: str, ticket: str = "") -> None:
    """Take a claim back whose place could not be had, with its ticket, so that another slot can be tried."""

    def alter(book: Book) -> None:
        book.claims = [one for one in book.claims if one.appointment != appointment]
        book.tries = [(at, "" if used == ticket else used) for at, used in book.tries]

    change(visitor, alter, Event(events.CLAIM_DROPPED, actor, data={"appointment": appointment}))


def change(visitor: str, alter: Callable[[Book], None], event: Event) -> None:
    """Alter a visitor's book as it is now, again when somebody else was faster."""

    def attempt() -> None:
        item = store.booker(visitor) or store.new_booker(visitor)
        book = item.opened()
        alter(book)
        if not _unchanged(item, book):
            item.close(book)
            tables.write(changes.record(item, event))

    optimistic.repeat(attempt)


def _unchanged(item: BookerItem, book: Book) -> bool:
    return item.opened() == book
