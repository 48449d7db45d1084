"""The course of a case, its guards and the moving of definitions: pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from chalicelib.applications import answers, course, guards, limits, migration, refusals, rules, store, verbs, watch
from chalicelib.applications.process import AFTER, COMPLETE, INTAKE, MISSING, Case, OwedMaterial, ProcedureRun, Process
from chalicelib.catalog.definition import Workflow, paths
from chalicelib.kernel.errors import ErrorCode, Problem
from tests.applications.reviews import EXPERTS, MONDAY, PARALLEL, TWO_STEPS, Review, head, officer, step, voting

FIRST = officer("anna", "unit_first")
SECOND = officer("bert", "unit_first")
INTAKER = officer("ina", "unit_intake")


def refused(error: ErrorCode, verb: Callable[..., None], *arguments: Any) -> None:
    with pytest.raises(Problem) as problem:
        verb(*arguments)
    assert problem.value.error is error, problem.value


def through_intake() -> Review:
    """Two units review it at the same time, each task taken."""
    review = Review.of(*PARALLEL, procedures=EXPERTS)
    verbs.claim(review.case, review.place("intake"), INTAKER)
    verbs.approve(review.case, review.place("intake"), INTAKER)
    for name in ("fire", "health"):
        verbs.claim(review.case, review.place(name), officer(name, f"unit_{name}"))
    review.case.happened.clear()
    return review


def test_a_case_goes_from_step_to_step() -> None:
    review = Review.of(*TWO_STEPS)
    verbs.claim(review.case, review.place("first"), FIRST)
    assert review.status("second") == ""
    verbs.approve(review.case, review.place("first"), FIRST)
    assert (review.status("first"), review.status("second")) == (rules.STEP_DONE, rules.STEP_OPEN)
    assert review.events() == ["task_claimed", "step_approved", "step_opened"]
    second = officer("bela", "unit_second")
    verbs.claim(review.case, review.place("second"), second)
    verbs.approve(review.case, review.place("second"), second)
    assert review.case.outcome == "approve"


def test_a_skipped_step_counts_as_done() -> None:
    review = Review.of(
        step("first"), step("second", after=["first"]), step("third", after=["second"]), skipped=("second",)
    )
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.approve(review.case, review.place("first"), FIRST)
    assert (review.status("second"), review.status("third")) == ("", rules.STEP_OPEN)


def test_one_refusal_decides_where_the_definition_says_so_and_all_are_heard_where_it_does_not() -> None:
    for on_refusal, outcome, open_steps in (("fail_fast", "refuse", 0), ("collect_all", "", 1)):
        review = Review.of(step("first"), step("second"), on_refusal=on_refusal)
        verbs.claim(review.case, review.place("first"), FIRST)
        verbs.refuse(review.case, review.place("first"), FIRST)
        assert review.case.outcome == outcome
        live = [one for one in review.case.process.open_steps if any(seat.status == "open" for seat in one.seats)]
        assert len(live) == open_steps


def test_what_comes_after_a_refused_step_never_opens() -> None:
    review = Review.of(step("first"), step("other"), step("last", after=["first"]), on_refusal="collect_all")
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.refuse(review.case, review.place("first"), FIRST)
    other = officer("otto", "unit_other")
    verbs.claim(review.case, review.place("other"), other)
    verbs.approve(review.case, review.place("other"), other)
    assert review.status("last") == "" and review.case.outcome == "refuse"


def test_every_other_unit_is_asked_what_it_misses() -> None:
    review = Review.of(*PARALLEL, accepted=False)
    intake = review.place(INTAKE).step
    assert [seat.unit for seat in intake.seats] == ["unit_fire", "unit_health"]
    fire = officer("fire", "unit_fire")
    verbs.claim(review.case, review.place(INTAKE), fire)
    verbs.request_correction(review.case, review.place(INTAKE), fire)
    assert review.case.process.gaps == {"unit_intake": "", "unit_fire": MISSING, "unit_health": ""}
    verbs.claim(review.case, review.place("intake"), INTAKER)
    verbs.confirm_papers(review.case, review.place("intake"), INTAKER)
    assert not review.case.sends_notice
    health = officer("health", "unit_health")
    verbs.claim(review.case, review.place(INTAKE, 2), health)
    verbs.confirm_papers(review.case, review.place(INTAKE, 2), health)
    assert review.case.sends_notice and review.head.status == rules.RECEIVED


def test_who_votes_finds_nothing_missing_and_who_found_something_waits_for_the_notice() -> None:
    review = Review.of(step("first"), step("second", after=["first"]), accepted=False)
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.approve(review.case, review.place("first"), FIRST)
    assert review.case.process.gaps["unit_first"] == COMPLETE
    assert review.head.status == rules.RECEIVED, "the other unit has said nothing yet"
    review = Review.of(step("first"), step("second", after=["first"]), accepted=False)
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.request_correction(review.case, review.place("first"), FIRST)
    refused(refusals.GAPS_STATED_BEFORE, verbs.approve, review.case, review.place("first"), FIRST)


def test_what_comes_behind_a_skipped_step_waits_for_what_is_before_it() -> None:
    steps = (step("site"), step("safety", after=["site"]), step("decision", after=["safety"]))
    review = Review.of(*steps, skipped=("safety",))
    assert review.status("decision") == "", "the site is not checked yet"
    site = officer("site", "unit_site")
    verbs.claim(review.case, review.place("site"), site)
    verbs.approve(review.case, review.place("site"), site)
    assert review.status("decision") == rules.STEP_OPEN


def test_a_correction_decides_anew_which_steps_run() -> None:
    steps = (step("first"), step("extra", after=["first"]), step("last", after=["extra"]))
    review = Review.of(*steps, skipped=("extra",), accepted=False)
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.approve(review.case, review.place("first"), FIRST)
    assert review.status("last") == rules.STEP_OPEN
    course.begin_again(review.case, [])
    assert (review.status("extra"), review.status("last")) == (rules.STEP_OPEN, rules.STEP_RESET)
    assert review.case.process.gaps["unit_extra"] == COMPLETE, "nobody asks a second time"
    assert review.case.item.status == rules.ACCEPTED, "nobody has to look at the answer"
    review.case.item.status = rules.RECEIVED
    course.begin_again(review.case, ["extra"])
    assert (review.status("extra"), review.status("last")) == (rules.STEP_RESET, rules.STEP_OPEN)


def test_a_correction_leaves_somebody_who_decides() -> None:
    review = Review.of(step("first"), step("extra"), accepted=False)
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.approve(review.case, review.place("first"), FIRST)
    course.begin_again(review.case, ["extra"])
    assert review.status("extra") == rules.STEP_OPEN, "it was the last open step"


def test_what_is_owed_has_all_its_days_though_the_units_were_silent() -> None:
    review = Review.of(step("first"), accepted=False)
    review.case.process.owed = [OwedMaterial(material="plan", days=5)]
    review.case.today = limits.acceptance_due(review.case) + timedelta(days=1)
    watch.look(review.case, datetime.combine(review.case.today, time(9)))
    assert review.case.item.status == rules.ACCEPTED
    owed = review.case.process.owed[0]
    assert owed.until == review.case.calendar.add_working_days(review.case.today, 5)


def test_a_leavers_vote_stays_and_a_paused_case_is_not_decided_by_their_leaving() -> None:
    review = Review.of(step("first"))
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.add_signer(review.case, review.place("first"), FIRST, SECOND, AFTER)
    verbs.approve(review.case, review.place("first"), FIRST)
    verbs.give_back(review.case, "unit_first", FIRST.id)
    assert review.place("first").seat.officer == FIRST.id
    review.case.process.procedures = [
        ProcedureRun(
            kind="hearing",
            document="1",
            step="first",
            opened=review.case.today,
            until=review.case.today + timedelta(days=9),
            pauses=True,
        )
    ]
    verbs.give_back(review.case, "unit_first", SECOND.id)
    assert review.case.outcome == "", "nothing is decided while the clock stands"
    review.case.process.procedures[0].closed = review.case.today
    verbs.give_back(review.case, "unit_first", SECOND.id)
    assert review.case.outcome == "approve"


def test_the_units_that_found_something_missing_look_at_the_answer() -> None:
    review = Review.of(*PARALLEL, accepted=False)
    fire, health = officer("fire", "unit_fire"), officer("health", "unit_health")
    verbs.claim(review.case, review.place(INTAKE), fire)
    verbs.request_correction(review.case, review.place(INTAKE), fire)
    verbs.claim(review.case, review.place(INTAKE, 2), health)
    verbs.confirm_papers(review.case, review.place(INTAKE, 2), health)
    verbs.claim(review.case, review.place("intake"), INTAKER)
    verbs.confirm_papers(review.case, review.place("intake"), INTAKER)
    review.case.corrected = True
    course.begin_again(review.case, [])
    intake = review.place(INTAKE).step
    assert [(seat.unit, seat.officer, seat.status) for seat in intake.seats] == [("unit_fire", "fire", "open")]
    refused(rules.CORRECTION_ONCE, verbs.request_correction, review.case, review.place(INTAKE), fire)
    assert review.head.status == rules.RECEIVED
    verbs.confirm_papers(review.case, review.place(INTAKE), fire)
    assert review.head.status == rules.ACCEPTED


def test_many_steps_begin_and_are_overdue_with_one_event() -> None:
    many = [step(f"branch_{number}", after=["first"]) for number in range(30)]
    review = Review.of(step("first"), *many)
    verbs.claim(review.case, review.place("first"), FIRST)
    verbs.approve(review.case, review.place("first"), FIRST)
    assert len(review.events()) == 3 and len(review.case.process.open_steps) == 30
    assert look(review.case, 200)[-1] == "step_overdue" and len(review.events()) == 2


def test_a_procedure_takes_no_longer_than_was_told() -> None:
    review = through_intake()
    fire = officer("fire", "unit_fire")
    verbs.open_procedure(review.case, review.place("fire"), fire, "expert_review", "告知 1 号", 20)
    assert limits.whole_due(review.case) is None
    review.case.today = MONDAY + timedelta(days=60)
    late = limits.whole_due(review.case)
    assert late is not None, "after the days that were told the clock goes on by itself"
    verbs.close_procedure(review.case, review.place("fire"), fire, "expert_review")
    assert limits.whole_due(review.case) == late
    again = ("expert_review", "告知 2 号", 11)
    refused(refusals.PROCEDURE_TOO_LONG, verbs.open_procedure, review.case, review.place("fire"), fire, *again)
    verbs.open_procedure(review.case, review.place("fire"), fire, "expert_review", "告知 2 号", 10)


def test_a_step_that_is_sent_back_holds_no_clock() -> None:
    """What its procedure has stopped goes on: nobody else could end it."""
    review = through_intake()
    fire = officer("fire", "unit_fire")
    verbs.open_procedure(review.case, review.place("fire"), fire, "expert_review", "告知 1 号", 20)
    refused(refusals.CASE_PAUSED, verbs.recall, review.case, review.place("intake"), INTAKER)
    course.reset(review.case, "intake")
    assert not review.case.process.is_paused


def test_what_a_unit_says_after_the_hour_of_the_last_day_is_told_at_once() -> None:
    review = Review.of(*PARALLEL, accepted=False)
    review.case.is_notice_due = True
    fire = officer("fire", "unit_fire")
    verbs.claim(review.case, review.place(INTAKE), fire)
    verbs.request_correction(review.case, review.place(INTAKE), fire)
    assert review.case.sends_notice


def test_a_vote_on_which_somebody_has_signed_is_not_taken_back() -> None:
    review = through_intake()
    fire, signer = officer("fire", "unit_fire"), officer("signer", "unit_fire")
    verbs.add_signer(review.case, review.place("fire"), fire, signer, "after")
    verbs.approve(review.case, review.place("fire"), fire)
    verbs.approve(review.case, review.place("fire", 2), signer)
    refused(refusals.NOT_RECALLABLE, verbs.recall, review.case, review.place("fire"), fire)


def test_a_step_takes_so_many_participants_and_no_more() -> None:
    review = through_intake()
    fire = officer("fire", "unit_fire")
    for number in range(39):
        verbs.consult(review.case, review.place("fire"), fire, f"unit_{number}")
    refused(refusals.STEP_FULL, verbs.consult, review.case, review.place("fire"), fire, "unit_next")


def test_a_step_that_is_returned_is_reminded_of_anew() -> None:
    review = through_intake()
    assert "step_overdue" in look(review.case, 60)
    for name in ("fire", "health"):
        verbs.approve(review.case, review.place(name), officer(name, f"unit_{name}"))
    verbs.claim(review.case, review.place("decision"), INTAKER)
    verbs.return_to(review.case, review.place("decision"), INTAKER, "intake")
    verbs.approve(review.case, review.place("intake"), INTAKER)
    assert look(review.case, 61) == []
    assert look(review.case, 120) == ["step_overdue"], "the next round has a limit of its own"


@pytest.mark.parametrize(
    ("target", "allowed"),
    [("intake", True), ("fire", False), ("health", False), ("decision", False), ("nothing", False)],
)
def test_a_case_goes_back_only_to_what_lies_on_every_way(target: str, allowed: bool) -> None:
    review = through_intake()
    for name in ("fire", "health"):
        verbs.approve(review.case, review.place(name), officer(name, f"unit_{name}"))
    verbs.claim(review.case, review.place("decision"), INTAKER)
    assert guards.return_targets(review.case, review.place("decision")) == ["intake"]
    if not allowed:
        refused(refusals.RETURN_NOT_POSSIBLE, verbs.return_to, review.case, review.place("decision"), INTAKER, target)
        return
    verbs.return_to(review.case, review.place("decision"), INTAKER, target)
    assert [review.status(code) for code in ("intake", "fire", "health", "decision")] == ["open", *["reset"] * 3]
    assert review.place("intake").step.round == 2 and review.place("intake").step.mark == course.RETURNED


def test_a_case_does_not_go_back_from_one_branch_while_the_other_runs() -> None:
    steps = (*PARALLEL[:2], step("health", after=["intake"], return_to=["intake"]), PARALLEL[3])
    review = Review.of(*steps)
    verbs.claim(review.case, review.place("intake"), INTAKER)
    verbs.approve(review.case, review.place("intake"), INTAKER)
    health = officer("health", "unit_health")
    verbs.claim(review.case, review.place("health"), health)
    verbs.return_to(review.case, review.place("health"), health, "intake")
    assert review.status("fire") == rules.STEP_RESET, "the intake lies on the way to both: both begin anew"


def test_a_return_lets_also_a_refused_branch_begin_anew() -> None:
    steps = (*PARALLEL[:2], step("health", after=["intake"], return_to=["intake"]), PARALLEL[3])
    review = Review.of(*steps, on_refusal="collect_all")
    verbs.claim(review.case, review.place("intake"), INTAKER)
    verbs.approve(review.case, review.place("intake"), INTAKER)
    fire, health = officer("fire", "unit_fire"), officer("health", "unit_health")
    verbs.claim(review.case, review.place("fire"), fire)
    verbs.refuse(review.case, review.place("fire"), fire)
    verbs.claim(review.case, review.place("health"), health)
    verbs.return_to(review.case, review.place("health"), health, "intake")
    assert (review.status("fire"), review.status("intake")) == (rules.STEP_RESET, rules.STEP_OPEN)


def test_a_paused_case_takes_no_votes() -> None:
    review = through_intake()
    fire = officer("fire", "unit_fire")
    verbs.open_procedure(review.case, review.place("fire"), fire, "expert_review", "告知 1 号", 20)
    refused(refusals.CASE_PAUSED, verbs.approve, review.case, review.place("fire"), fire)
    refused(refusals.CASE_PAUSED, verbs.approve, review.case, review.place("health"), officer("health", "unit_health"))
    verbs.close_procedure(review.case, review.place("fire"), fire, "expert_review")
    verbs.approve(review.case, review.place("fire"), fire)


def test_a_publicity_has_to_be_over_before_it_is_decided() -> None:
    review = Review.of(step("first", publicity_days=7, days=6))
    verbs.claim(review.case, review.place("first"), FIRST)
    refused(refusals.PUBLICITY_NOT_OVER, verbs.approve, review.case, review.place("first"), FIRST)
    review.case.today = MONDAY + timedelta(days=8)
    verbs.approve(review.case, review.place("first"), FIRST)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (officer("x", "unit_other"), refusals.NO_SUCH_COLLEAGUE),
        (officer("x", "unit_first", works=False), refusals.NO_SUCH_COLLEAGUE),
        (officer("x", "unit_first", is_own=True), refusals.OWN_MATTER_OF_COLLEAGUE),
        (head("x", "unit_first"), refusals.NOT_FOR_YOUR_POST),
    ],
)
def test_a_task_is_only_handed_to_who_may_have_it(who: Any, error: ErrorCode) -> None:
    review = Review.of(*TWO_STEPS)
    verbs.claim(review.case, review.place("first"), FIRST)
    refused(error, verbs.transfer, review.case, review.place("first"), FIRST, who)
    assert review.place("first").seat.officer == "anna"


def test_who_is_gone_leaves_a_task_that_others_take() -> None:
    review = Review.of(*TWO_STEPS)
    verbs.claim(review.case, review.place("first"), FIRST)
    other = officer("otto", "unit_first")
    refused(rules.TASK_TAKEN, verbs.claim, review.case, review.place("first"), other)
    review.case.gone = frozenset({"anna"})
    verbs.claim(review.case, review.place("first"), other)
    assert review.place("first").seat.officer == "otto"


def test_every_verb_has_a_guard_and_what_is_possible_does_not_raise() -> None:
    review = through_intake()
    possible = guards.possible(review.case, review.place("fire"), officer("fire", "unit_fire"))
    assert set(possible) == set(guards.GUARDS)
    for verb, problem in possible.items():
        if problem is None:
            continue
        refused(problem.error, guards.GUARDS[verb], review.case, review.place("fire"), officer("fire", "unit_fire"))


# What time does


def noon(days: int) -> datetime:
    day = MONDAY + timedelta(days=days)
    return datetime(day.year, day.month, day.day, 12)


def look(case: Case, days: int, hour: int = 12) -> list[str]:
    case.today = MONDAY + timedelta(days=days)
    case.happened.clear()
    watch.look(case, noon(days).replace(hour=hour))
    return [one.event.name for one in case.happened]


def test_the_clock_of_acceptance() -> None:
    review = Review.of(*PARALLEL, accepted=False)
    assert look(review.case, 3) == []
    assert look(review.case, 4) == ["gap_check_due"] and look(review.case, 4) == [], "the fourth working day"
    assert look(review.case, 7, hour=15) == [] and not review.case.sends_notice
    assert look(review.case, 7, hour=16) == [] and not review.case.sends_notice, "nobody misses anything"
    assert look(review.case, 8)[0] == "application_deemed_accepted"
    assert review.case.process.accepted == MONDAY


def test_nothing_is_approved_or_refused_because_nobody_answered() -> None:
    review = Review.of(*PARALLEL)
    for days in range(1, 400):
        look(review.case, days, hour=16)
    assert review.case.outcome == "" and review.head.status == rules.ACCEPTED
    assert len(review.case.process.told) == 2, "each thing is told once"


# Moving to another definition


def moved(steps: dict[str, str], **changes: Any) -> tuple[str, str] | None:
    process = through_intake().case.process
    before = Workflow(steps=list(PARALLEL))
    after = Workflow(
        steps=[
            step("entry", "unit_intake"),
            step("fire_new", "unit_fire", **changes),
            step("health"),
            step("nothing_before"),
        ]
    )
    return migration.fault(before, after, process, steps)


MAPPING = {"intake": "entry", "fire": "fire_new", "health": "health"}


def test_a_mapping_names_every_step_that_was_begun_and_keeps_units_and_seats() -> None:
    assert moved(MAPPING) is None
    for mapping in (
        {"intake": "entry"},
        {**MAPPING, "health": "fire_new"},
        {**MAPPING, "health": "nothing"},
        {**MAPPING, "fire": "health", "health": "fire_new"},
    ):
        assert moved(mapping) is not None, mapping
    assert moved(MAPPING, answer=voting("all", "officer", "officer")) is not None
    assert moved(MAPPING, answer=voting("all", "officer")) is not None, "the same seats, answered in another way"
    assert moved(MAPPING, after=["nothing_before"]) is not None, "the case has gone past it"


def test_a_moved_case_keeps_its_votes_and_days() -> None:
    process: Process = through_intake().case.process
    before = [(one.status, one.round, one.opened, [seat.status for seat in one.seats]) for one in process.steps]
    migration.apply(process, MAPPING)
    assert [one.code for one in process.steps if one.code != INTAKE] == ["entry", "fire_new", "health"]
    assert [(one.status, one.round, one.opened, [seat.status for seat in one.seats]) for one in process.steps] == before


# Ways through a workflow


def test_the_longest_way_decides_about_the_promise() -> None:
    workflow = Workflow(steps=list(PARALLEL))
    days = {"intake": 1, "fire": 5, "health": 2, "decision": 3}
    assert paths.longest_way(workflow, days) == (9, ["intake", "fire", "decision"])


def test_what_waits_for_itself_is_unreachable() -> None:
    circle = Workflow(steps=[step("one", after=["two"]), step("two", after=["one"]), step("three")])
    assert paths.unreachable(circle) == ["one", "two"]


def test_columns_hold_what_happens_at_the_same_time() -> None:
    columns = paths.columns(Workflow(steps=list(PARALLEL)))
    assert [[one.code for one in column] for column in columns] == [["intake"], ["fire", "health"], ["decision"]]


def test_a_workflow_of_twenty_steps_fits_into_four_kilobytes() -> None:
    """As it is stored: three persons in each step, half of the steps done, in their third round."""
    steps = [step(f"review_of_unit_{number}", answer=voting("all", *["officer"] * 3)) for number in range(20)]
    review = Review.of(*steps)
    for number, state in enumerate(review.case.process.steps):
        state.round = 3
        for seat in state.seats:
            seat.officer = f"officer.{number}.{seat.number}"
            if number < 10:
                answers.SEATS.move(seat, "agree", "officer")
    packed = store.ApplicationItem.process.serialize(review.case.process)
    assert len(packed) < 1000, f"{len(packed)} bytes"
    assert store.ApplicationItem.process.deserialize(packed) == review.case.process
