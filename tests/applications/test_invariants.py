"""What holds of every case whatever officers, applicants and the clock do: random verbs on the pure machine.

The seven ways in which other engines fail (reference A.4): a vote that is lost or counted twice; a return that leaves
nobody with a task; a reminder that is forgotten; methods that are mixed up; a definition that changes under a case; a
state without its event; somebody who left and keeps a task.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.applications import answers, course, guards, limits, rules, verbs, watch
from chalicelib.applications.guards import TaskPlace
from chalicelib.applications.process import AFTER, BEFORE, COPY, INTAKE, SIGN, Officer, TaskSeat
from chalicelib.kernel.errors import Problem
from tests.applications.reviews import EXPERTS, Review, officer, step, voting

UNITS = ("unit_intake", "unit_fire", "unit_health", "unit_law")
PEOPLE = [officer(f"{unit}.{number}", unit) for unit in UNITS for number in range(3)]
HEADS = [officer(f"{unit}.head", unit, "unit_head") for unit in UNITS]
EVERYBODY = [*PEOPLE, *HEADS]
METHODS = ("any", "all", "ratio", "sequence")


@st.composite
def workflows(draw: st.DrawFn) -> Review:
    """An intake, two or three branches at the same time, and a decision; each answered in a way of its own."""

    def answer(allow_head: bool = False) -> Any:
        seats = draw(st.integers(1, 3))
        posts = ["officer"] * seats
        if allow_head and seats > 1:
            posts[-1] = "unit_head"
        return voting(draw(st.sampled_from(METHODS)), *posts, share=draw(st.sampled_from([34, 50, 67, 100])))

    fire = step("fire", after=["intake"], answer=answer(), procedures=["expert_review"], return_to=["intake"])
    health = step("health", after=["intake"], answer=answer(), consulted=["unit_law"])
    law = step("law", after=["intake"], answer=answer(), unanswered="escalate")
    last = answer(allow_head=True)
    decision = step(
        "decision",
        "unit_intake",
        after=["fire", "health", "law"],
        answer=last,
        return_to=["intake"],
        extension_days=5,
    )
    on_refusal = draw(st.sampled_from(["fail_fast", "collect_all"]))
    skipped = draw(st.sampled_from([(), ("law",), ("health", "law")]))
    return Review.of(
        step("intake", answer=answer()), fire, health, law, decision,
        skipped=skipped, accepted=draw(st.booleans()), on_refusal=on_refusal, procedures=EXPERTS,
    )  # fmt: skip


class Story:
    """A case in the hands of everybody at once."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.case = review.case
        self.decisions = 0
        self.votes: dict[tuple[str, int, int], str] = {}
        self.gone: set[str] = set()

    def places(self) -> list[TaskPlace]:
        return [TaskPlace(one, seat) for one in self.case.process.steps for seat in one.seats]

    def act(self, verb: str, place: TaskPlace, who: Officer, other: Officer) -> bool:
        """A verb by somebody of the task's unit, as the endpoint demands; whether it was possible."""
        if who.unit != self.case.unit_of(place.step, place.seat):
            return False
        if who.id in self.gone:
            return False
        before = self.snapshot()
        events = len(self.case.happened)
        self.case.gone = frozenset({place.seat.officer} & self.gone)
        outcome = self.case.outcome
        try:
            self._do(verb, place, who, other)
        except Problem:
            assert self.snapshot() == before, f"{verb} was refused and has changed something"
            return False
        finally:
            self.case.gone = frozenset()
        if self.case.outcome and not outcome:
            self.decisions += 1
        if self.snapshot() != before:
            assert len(self.case.happened) > events, f"{verb} has changed something, and no event says so"
        if verb in ("approve", "refuse"):
            key = (place.step.code, place.step.round, place.seat.number)
            self.votes[key] = verb
        self.go_on()
        return True

    def _do(self, verb: str, place: TaskPlace, who: Officer, other: Officer) -> None:
        case = self.case
        naming = {
            "assign": verbs.assign, "reassign": verbs.reassign, "transfer": verbs.transfer, "delegate": verbs.delegate,
        }  # fmt: skip
        if verb in naming:
            naming[verb](case, place, who, other)
        elif verb.startswith("add_signer"):
            verbs.add_signer(case, place, who, other, BEFORE if verb.endswith("before") else AFTER)
        elif verb == "consult":
            verbs.consult(case, place, who, other.unit)
        elif verb == "send_copy":
            verbs.send_copy(case, place, who, other.unit)
        elif verb == "return_to":
            verbs.return_to(case, place, who, "intake")
        elif verb == "open_procedure":
            verbs.open_procedure(case, place, who, "expert_review", "告知 1 号", 10)
        elif verb == "close_procedure":
            verbs.close_procedure(case, place, who, "expert_review")
        elif verb == "extend":
            verbs.extend(case, place, who, 5, "延长 1 号")
        elif verb == "answer_supervision":
            verbs.answer_supervision(case, place, who)
        else:
            getattr(verbs, verb)(case, place, who)

    def go_on(self) -> None:
        """The applicant answers the one notice at once."""
        if not self.case.sends_notice:
            return
        self.case.sends_notice = False
        assert not self.case.corrected, "what is missing is told once"
        self.case.corrected = True
        course.begin_again(self.case, self.case.process.skipped)

    def wait(self, days: int) -> None:
        self.case.today += timedelta(days=days)
        day = self.case.today
        watch.look(self.case, datetime(day.year, day.month, day.day, 16))
        self.go_on()

    def give_back(self, leaver: str) -> None:
        """The head of the leaver's unit gives back what they have; nothing of it names them afterwards."""
        unit = leaver.rpartition(".")[0]
        outcome = self.case.outcome
        verbs.give_back(self.case, unit, leaver)
        if self.case.outcome and not outcome:
            self.decisions += 1
        for place in self.places():
            is_open = place.step.status == rules.STEP_OPEN and place.seat.status in answers.LIVE
            has_it = leaver in (place.seat.officer, place.seat.delegate)
            assert not (is_open and has_it and place.seat.status == answers.OPEN), "a leaver keeps no task"
        self.go_on()

    def snapshot(self) -> bytes:
        return msgspec.json.encode((self.case.process, self.case.item.status, self.case.outcome, self.case.corrected))

    # What must be true

    def check(self) -> None:
        case = self.case
        if case.outcome:
            assert self.decisions == 1, "a case is decided once"
            assert not any(seat.status in answers.LIVE and seat.kind != COPY for one in self.open() for seat in one)
            return
        assert case.item.status in (rules.RECEIVED, rules.ACCEPTED)
        self._check_nobody_is_stuck()
        for one in case.process.steps:
            self._check_seats(one.seats)
            if one.status in (rules.STEP_DONE, rules.STEP_REFUSED) and one.code != INTAKE:
                self._check_answer(one.code, one.status, one.seats)
        for mark in case.process.told:
            kind, _, code = mark.partition(":")
            told = case.process.step(code) if kind == "overdue" else None
            due_on = limits.step_due(case, told) if told is not None and told.status == rules.STEP_OPEN else None
            # A limit that the case's acceptance or a pause has moved since may still be told of: never a new round's.
            assert told is None or due_on is None or told.round == 1 or told.opened != case.today
        self._check_votes()
        for one in case.process.open_steps:
            assert one.opened is not None
            limits.step_due(case, one)  # follows from the inputs, whatever has happened

    def open(self) -> list[list[TaskSeat]]:
        return [one.seats for one in self.case.process.open_steps]

    def _check_nobody_is_stuck(self) -> None:
        actionable = [
            place for place in self.places()
            if place.step.status == rules.STEP_OPEN and place.seat.status == answers.OPEN and place.seat.kind == SIGN
        ]  # fmt: skip
        assert actionable, "a running case has a task that somebody can act on"
        can_lead_on: set[str] = set()
        for place in actionable:
            unit = self.case.unit_of(place.step, place.seat)
            self.case.gone = frozenset(self.gone)
            for who in EVERYBODY:
                if who.unit == unit and who.id not in self.gone:
                    possible = guards.possible(self.case, place, who)
                    can_lead_on |= {verb for verb in LEADING_ON if possible[verb] is None}
            self.case.gone = frozenset()
        assert can_lead_on, "somebody can bring the case further"

    def _check_answer(self, code: str, status: str, seats: list[TaskSeat]) -> None:
        """What became of a step, by another way of counting than the engine's."""
        rule = self.case.workflow.step(code).answer
        signers = [seat for seat in seats if seat.kind == SIGN and not seat.added_by]
        agreed = sum(seat.status == answers.AGREED for seat in signers)
        rejected = sum(seat.status == answers.REJECTED for seat in signers)
        if rule.method == "any":
            expected = agreed == 1 if status == rules.STEP_DONE else rejected == 1
        elif rule.method == "ratio":
            reached = 100 * agreed >= rule.share * len(signers)
            reachable = 100 * (len(signers) - rejected) >= rule.share * len(signers)
            expected = reached if status == rules.STEP_DONE else not reachable
        else:
            expected = agreed == len(signers) if status == rules.STEP_DONE else rejected == 1
        assert expected, f"{code} is {status} by {rule.method}: {[seat.status for seat in signers]}"

    def _check_seats(self, seats: list[TaskSeat]) -> None:
        holders = [
            seat.officer for seat in seats if seat.kind == SIGN and seat.officer and seat.status != answers.SKIPPED
        ]
        assert len(holders) == len(set(holders)), "nobody answers for two"
        for seat in seats:
            assert not (seat.status == answers.HELD and not _has_live_added(seats, seat)), (
                "a vote that waits for nobody"
            )

    def _check_votes(self) -> None:
        """Every vote of the current rounds is still there: as it was cast, proposed, or taken back."""
        for (code, round_, number), verdict in self.votes.items():
            state = self.case.process.step(code)
            if state is None or state.round != round_ or state.status == rules.STEP_RESET:
                continue
            seat = state.seat(number)
            assert seat is not None
            lost = verdict == "approve" and seat.status == answers.SKIPPED
            assert not lost, "a vote was lost"


def _has_live_added(seats: list[TaskSeat], seat: TaskSeat) -> bool:
    return any(other.added_by == seat.number and other.status in answers.LIVE for other in seats)


VERBS = [verb for verb in guards.GUARDS if verb not in ("not_accept", "receive_material", "confirm_promise",
                                                          "report_false_promise")]  # fmt: skip
LEADING_ON = ("claim", "approve", "close_procedure", "answer_delegation", "take_back", "confirm_papers")
LIKELY = [*VERBS, *["claim"] * 8, *["approve"] * 8, *["confirm_papers"] * 3, "refuse", "return_to", "close_procedure"]


@settings(max_examples=400)
@given(workflows(), st.randoms(use_true_random=False))
def test_no_story_leaves_a_case_stuck_or_decided_twice_or_loses_a_vote(review: Review, choice: Any) -> None:
    story = Story(review)
    for _ in range(60):
        if story.case.outcome:
            break
        if choice.random() < 0.02:
            story.gone.add(choice.choice(PEOPLE).id)
            story.gone = set(list(story.gone)[:2])
        elif choice.random() < 0.05:
            story.wait(choice.choice([1, 1, 3, 7]))
        elif choice.random() < 0.05 and story.gone:
            story.give_back(choice.choice(sorted(story.gone)))
        elif choice.random() < 0.05:
            _ignore(verbs.urge, story.case)
        elif choice.random() < 0.05:
            _ignore(verbs.supervise, story.case)
        else:
            place = choice.choice(story.places())
            story.act(choice.choice(LIKELY), place, choice.choice(EVERYBODY), choice.choice(EVERYBODY))
        story.check()


def _ignore(verb: Any, case: Any) -> None:
    try:
        verb(case)
    except Problem:
        return


@settings(max_examples=100)
@given(workflows(), st.randoms(use_true_random=False))
def test_every_case_can_be_brought_to_its_end(review: Review, choice: Any) -> None:
    """From wherever a story has led: officers who only take tasks and agree come to a decision."""
    story = Story(review)
    for _ in range(25):
        if not story.case.outcome:
            place = choice.choice(story.places())
            story.act(choice.choice(VERBS), place, choice.choice(EVERYBODY), choice.choice(EVERYBODY))
    for _ in range(300):
        if story.case.outcome:
            return
        _push(story)
    raise AssertionError("the case does not come to its end")


def _push(story: Story) -> None:
    """Everybody does with every task what leads on."""
    for place in story.places():
        for who in EVERYBODY:
            for verb in ("answer_delegation", "claim", "close_procedure", "take_back", "approve"):
                if not story.case.outcome:
                    story.act(verb, place, who, who)
    for place in story.places():
        if place.step.code == INTAKE:
            for who in EVERYBODY:
                if not story.case.outcome:
                    story.act("confirm_papers", place, who, who)
