"""How votes make a step's answer. Pure.

``any`` (或签), ``all`` (会签), ``ratio`` and ``sequence`` (依次) as in ``AnswerRule``; 加签 before and after.
The tables are in tests/applications/test_answers.py and docs/deciding.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.applications.process import AFTER, BEFORE, CONSULT, COPY, SIGN, Officer, StepState, TaskSeat
from chalicelib.catalog.definition import AnswerRule
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

WAITING = "waiting"
OPEN = "open"
HELD = "held"
AGREED = "agreed"
REJECTED = "rejected"
SKIPPED = "skipped"

APPROVE = "approve"
REFUSE = "refuse"

SEAT_NOT_OPEN = ErrorCode(
    "seat_not_open",
    409,
    zh="此待办当前为“{state_zh}”，不能进行此操作",
    en="This task is “{state}” now; this cannot be done",
)
SEATS = Graph(
    (
        Edge("open", NEW, OPEN, by=("system",)),
        Edge("queue", NEW, WAITING, by=("system",)),
        Edge("open", WAITING, OPEN, by=("system",)),
        Edge("queue", OPEN, WAITING, by=("system",)),
        Edge("hold", OPEN, HELD, by=("officer",)),
        Edge("agree", OPEN, AGREED, by=("officer",)),
        Edge("reject", OPEN, REJECTED, by=("officer",)),
        Edge("open", HELD, OPEN, by=("system",)),
        Edge("agree", HELD, AGREED, by=("system",)),
        Edge("reject", HELD, REJECTED, by=("system",)),
        Edge("skip", OPEN, SKIPPED, by=("system",)),
        Edge("skip", WAITING, SKIPPED, by=("system",)),
        Edge("skip", HELD, SKIPPED, by=("system",)),
        Edge("recall", AGREED, OPEN, by=("officer",)),
        Edge("open", SKIPPED, OPEN, by=("system",)),
    ),
    SEAT_NOT_OPEN,
    {
        WAITING: "等待前序", OPEN: "待办", HELD: "等待加签", AGREED: "已同意", REJECTED: "不同意", SKIPPED: "已取消",
    },
)  # fmt: skip
"""One person's place in a step. An opinion that was given (征求意见) and a copy that was read are ``agreed`` too."""
LIVE = (WAITING, OPEN, HELD)


def needed(answer: AnswerRule, seats: int) -> int:
    """How many of the seats have to agree by a ratio: ``share`` percent of them, rounded up."""
    return -(-answer.share * seats // 100)


def outcome(answer: AnswerRule, statuses: Sequence[str]) -> str:
    """What the seats' votes make: ``approve``, ``refuse``, or empty while it is open."""
    agreed = statuses.count(AGREED)
    rejected = statuses.count(REJECTED)
    if answer.method == "any":
        if rejected:
            return REFUSE
        return APPROVE if agreed else ""
    if answer.method == "ratio":
        wanted = needed(answer, len(statuses))
        if agreed >= wanted:
            return APPROVE
        return REFUSE if rejected > len(statuses) - wanted else ""
    if rejected:
        return REFUSE
    return APPROVE if agreed == len(statuses) else ""


def cast(step: StepState, answer: AnswerRule, seat: TaskSeat, verdict: str) -> str:
    """Cast a seat's vote, ``approve`` or ``refuse``; what the step's answer is by it.

    Who has added signers after the own vote only proposes: they act now. A rejection among them is the seat's own.
    """
    followers = [one for one in _added(step, seat, AFTER) if one.status == WAITING]
    if verdict == APPROVE and followers:
        SEATS.move(seat, "hold", "officer")
        for follower in followers:
            SEATS.move(follower, "open", "system")
        return ""
    SEATS.move(seat, "agree" if verdict == APPROVE else "reject", "officer")
    for follower in followers:
        skip(step, follower)
    _tell_who_added(step, seat)
    return _after_vote(step, answer)


def _after_vote(step: StepState, answer: AnswerRule) -> str:
    signers = step.signers
    answered = outcome(answer, [one.status for one in signers])
    if not answered and answer.method == "sequence":
        _open_next(signers)
    return answered


def _open_next(signers: Sequence[TaskSeat]) -> None:
    """In a sequence, the first who waits may act when nobody before acts any more."""
    for signer in signers:
        if signer.status in (OPEN, HELD):
            return
        if signer.status == WAITING:
            SEATS.move(signer, "open", "system")
            return


def _tell_who_added(step: StepState, seat: TaskSeat) -> None:
    """Whoever added a signer learns of the vote; so does who added that one."""
    parent = step.seat(seat.added_by) if seat.added_by else None
    if parent is None or parent.status != HELD:
        return
    others = [one for one in _added(step, parent, seat.place) if one.status in LIVE]
    if seat.place == AFTER and seat.status == REJECTED:
        for other in others:
            skip(step, other)
        SEATS.move(parent, "reject", "system")
        _tell_who_added(step, parent)
        return
    if others:
        return
    if seat.place == BEFORE:
        SEATS.move(parent, "open", "system")
        return
    SEATS.move(parent, "agree", "system")
    _tell_who_added(step, parent)


def _added(step: StepState, seat: TaskSeat, place: str) -> list[TaskSeat]:
    """The signers whom a seat's holder added at a place and who have not been removed."""
    return [one for one in step.seats if one.added_by == seat.number and one.place == place and one.status != SKIPPED]


def has_voted(step: StepState, seat: TaskSeat) -> bool:
    """Whether the seat's holder has agreed, and only who was asked to sign after them is awaited."""
    return seat.status == HELD and has_added(step, seat, AFTER)


def has_added(step: StepState, seat: TaskSeat, place: str) -> bool:
    """Whether signers whom this seat's holder added at a place are still there."""
    return bool(_added(step, seat, place))


def has_signed_after(step: StepState, seat: TaskSeat) -> bool:
    """Whether somebody whom this seat's holder asked to sign after has done so."""
    return any(one.status in (AGREED, REJECTED) for one in _added(step, seat, AFTER))


def skip(step: StepState, seat: TaskSeat) -> None:
    """Cancel a seat that has not acted, and everybody whom its holder has added."""
    if seat.status in LIVE:
        SEATS.move(seat, "skip", "system")
    for other in step.seats:
        if other.added_by == seat.number and other.status in LIVE:
            skip(step, other)


def close(step: StepState) -> None:
    """Cancel every seat that has not acted: the step is answered. Who was only informed keeps the copy."""
    for seat in step.seats:
        if seat.kind != COPY and seat.status in LIVE:
            SEATS.move(seat, "skip", "system")


def add_signer(step: StepState, seat: TaskSeat, officer: Officer, place: str) -> TaskSeat:
    """Add a signer (加签) before or after a seat's own vote, with the post that they have."""
    post = seat.post if seat.post in officer.posts else officer.posts[0]
    added = TaskSeat(number=len(step.seats) + 1, officer=officer.id, added_by=seat.number, place=place, post=post)
    step.seats = [*step.seats, added]
    if place == BEFORE:
        SEATS.move(added, "open", "system")
        if seat.status == OPEN:
            SEATS.move(seat, "hold", "officer")
    else:
        SEATS.move(added, "queue", "system")
    return added


def remove_signer(step: StepState, answer: AnswerRule, seat: TaskSeat) -> str:
    """Remove a signer who was added (减签), with everybody whom they added; what the step's answer is by it.

    Whoever waited for them goes on.
    """
    parent = step.seat(seat.added_by)
    skip(step, seat)
    assert parent is not None
    others = [one for one in _added(step, parent, seat.place) if one.status in LIVE]
    if parent.status != HELD or others:
        return ""
    if seat.place == BEFORE:
        SEATS.move(parent, "open", "system")
        return ""
    # Nobody is left whom the holder wanted to hear after the own vote: that vote stands.
    SEATS.move(parent, "agree", "system")
    _tell_who_added(step, parent)
    return _after_vote(step, answer)


def seats_of(answer: AnswerRule, consulted: Sequence[str]) -> list[TaskSeat]:
    """The seats of a step that opens: one for each post, and one for each unit that is consulted."""
    seats = [TaskSeat(number=place, post=post) for place, post in enumerate(answer.posts, 1)]
    for place, seat in enumerate(seats):
        waits = answer.method == "sequence" and place > 0
        SEATS.move(seat, "queue" if waits else "open", "system")
    for unit in consulted:
        asked = TaskSeat(number=len(seats) + 1, kind=CONSULT, unit=unit)
        SEATS.move(asked, "open", "system")
        seats.append(asked)
    return seats


def recall(step: StepState, answer: AnswerRule, seat: TaskSeat) -> None:
    """Take a vote back (撤回): the seat may act again, and who came to act by it, or was cancelled by it, goes back.

    In a sequence no signer was cancelled: who comes later waits again. Units that were asked for an opinion are asked
    again if the vote had ended the step before they answered.
    """
    SEATS.move(seat, "recall", "officer")
    asked = [other for other in step.seats if other.kind == CONSULT]
    for other in [*step.signers, *asked]:
        is_later = answer.method == "sequence" and other.number > seat.number and other.kind == SIGN
        if other.status == SKIPPED:
            SEATS.move(other, "open", "system")
        elif is_later and other.status == OPEN:
            SEATS.move(other, "queue", "system")


def has_acted(step: StepState, seat: TaskSeat) -> bool:
    """Whether somebody has acted on what a seat's vote in a sequence has opened: taken it, or voted."""
    for other in step.seats:
        if other.kind != SIGN or other.number <= seat.number:
            continue
        if other.officer or other.status in (AGREED, REJECTED):
            return True
    return False
