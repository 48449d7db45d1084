"""How votes make a step's answer: truth tables of all four methods, with rejections, delegates and added signers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.applications import answers, refusals, rules, verbs
from chalicelib.applications.answers import AGREED, APPROVE, HELD, OPEN, REFUSE, REJECTED, SKIPPED, WAITING
from chalicelib.applications.process import AFTER, BEFORE, Officer, OwedMaterial, ProcedureRun
from chalicelib.kernel.errors import Problem
from tests.applications.reviews import MONDAY, Review, officer, step, voting

A, R, N, W = AGREED, REJECTED, OPEN, WAITING
TABLE = [
    # method, share, votes, answer
    ("any", 100, [N, N], ""),
    ("any", 100, [A, N], APPROVE),
    ("any", 100, [N, R], REFUSE),
    ("all", 100, [A, N, N], ""),
    ("all", 100, [A, A, A], APPROVE),
    ("all", 100, [A, R, N], REFUSE),
    ("all", 100, [R, N, N], REFUSE),
    ("ratio", 60, [A, A, N, N, N], ""),
    ("ratio", 60, [A, A, A, N, N], APPROVE),
    ("ratio", 60, [R, R, N, N, N], ""),
    ("ratio", 60, [R, R, R, N, N], REFUSE),
    ("ratio", 67, [A, A, R], REFUSE),  # two of three are 66.7 percent
    ("ratio", 66, [A, A, R], APPROVE),
    ("ratio", 50, [A, R], APPROVE),
    ("ratio", 1, [A, N, N], APPROVE),
    ("ratio", 100, [A, R, N], REFUSE),
    ("sequence", 100, [A, N, W], ""),
    ("sequence", 100, [A, A, A], APPROVE),
    ("sequence", 100, [A, R, W], REFUSE),
    ("sequence", 100, [R, W, W], REFUSE),
]


@pytest.mark.parametrize(("method", "share", "votes", "answer"), TABLE)
def test_the_table_of_votes(method: str, share: int, votes: list[str], answer: str) -> None:
    posts = ["officer"] * len(votes)
    assert answers.outcome(voting(method, *posts, share=share), votes) == answer


@given(st.integers(1, 9), st.integers(1, 100))
def test_a_ratio_is_decided_as_soon_as_it_cannot_come_out_otherwise(seats: int, share: int) -> None:
    """Against every way in which the votes that are missing may still be cast."""
    rule = voting("ratio", *["officer"] * seats, share=share)
    for agreed, rejected in itertools.product(range(seats + 1), repeat=2):
        left = seats - agreed - rejected
        if left < 0:
            continue
        votes = [A] * agreed + [R] * rejected + [N] * left
        reached = agreed * 100 >= share * seats
        reachable = (agreed + left) * 100 >= share * seats
        expected = APPROVE if reached else "" if reachable else REFUSE
        assert answers.outcome(rule, votes) == expected, votes


def panel(method: str, seats: int, share: int = 100) -> Review:
    """A step of one unit that several persons answer, each of whom has taken a seat."""
    review = Review.of(step("panel", answer=voting(method, *["officer"] * seats, share=share)), step("other"))
    for number in range(1, seats + 1):
        if review.place("panel", number).seat.status == OPEN:
            verbs.claim(review.case, review.place("panel", number), member(number))
    return review


def member(number: int) -> Officer:
    return officer(f"member.{number}", "unit_panel")


def vote(review: Review, number: int, verdict: str, *, as_holder: bool = True) -> None:
    place = review.place("panel", number)
    who = officer(place.seat.officer, "unit_panel") if as_holder else member(number)
    verb = verbs.approve if verdict == APPROVE else verbs.refuse
    verb(review.case, place, who)


def test_the_first_vote_decides_and_the_others_are_skipped_and_never_agreed() -> None:
    for verdict, status, end in ((APPROVE, AGREED, rules.STEP_DONE), (REFUSE, REJECTED, rules.STEP_REFUSED)):
        review = panel("any", 3)
        vote(review, 2, verdict)
        assert (review.seats("panel"), review.status("panel")) == ([SKIPPED, status, SKIPPED], end)


def test_all_have_to_agree() -> None:
    review = panel("all", 3)
    vote(review, 1, APPROVE)
    vote(review, 3, APPROVE)
    assert review.status("panel") == rules.STEP_OPEN and review.events()[-1] == "vote_cast"
    vote(review, 2, APPROVE)
    assert review.status("panel") == rules.STEP_DONE


def test_one_rejection_of_all_refuses() -> None:
    review = panel("all", 3)
    vote(review, 1, APPROVE)
    vote(review, 2, REFUSE)
    assert (review.seats("panel"), review.status("panel")) == ([AGREED, REJECTED, SKIPPED], rules.STEP_REFUSED)


def test_a_sequence_opens_the_next_when_the_one_before_agrees() -> None:
    review = panel("sequence", 3)
    assert review.seats("panel") == [OPEN, WAITING, WAITING]
    with pytest.raises(Problem) as early:
        verbs.claim(review.case, review.place("panel", 2), member(2))
    assert early.value.error is answers.SEAT_NOT_OPEN
    vote(review, 1, APPROVE)
    assert review.seats("panel") == [AGREED, OPEN, WAITING]
    verbs.claim(review.case, review.place("panel", 2), member(2))
    vote(review, 2, REFUSE)
    assert review.seats("panel") == [AGREED, REJECTED, SKIPPED]


def test_nobody_answers_for_two() -> None:
    review = Review.of(step("panel", answer=voting("all", "officer", "officer")))
    verbs.claim(review.case, review.place("panel", 1), member(1))
    with pytest.raises(Problem) as twice:
        verbs.claim(review.case, review.place("panel", 2), member(1))
    assert twice.value.error is refusals.SEAT_TWICE


# Delegates


@pytest.mark.parametrize("method", ["any", "all", "ratio", "sequence"])
@pytest.mark.parametrize("verdict", [APPROVE, REFUSE])
def test_a_delegates_answer_is_no_vote(method: str, verdict: str) -> None:
    review = panel(method, 2, share=50)
    place = review.place("panel")
    owner, delegate = officer("member.1", "unit_panel"), officer("delegate", "unit_panel")
    verbs.delegate(review.case, place, owner, delegate)
    with pytest.raises(Problem) as waiting:
        verbs.approve(review.case, place, owner)
    assert waiting.value.error is refusals.WITH_DELEGATE
    verbs.answer_delegation(review.case, place, delegate)
    assert place.seat.status == OPEN and review.status("panel") == rules.STEP_OPEN
    vote(review, 1, verdict)
    assert place.seat.status == (AGREED if verdict == APPROVE else REJECTED)


# Added signers: what the added one says, what the holder says, what becomes of the holder's seat and of the step

ADDED = [
    (BEFORE, APPROVE, APPROVE, AGREED, rules.STEP_DONE),
    (BEFORE, APPROVE, REFUSE, REJECTED, rules.STEP_REFUSED),
    (BEFORE, REFUSE, APPROVE, AGREED, rules.STEP_DONE),  # who is asked before only advises
    (BEFORE, REFUSE, REFUSE, REJECTED, rules.STEP_REFUSED),
    (AFTER, APPROVE, APPROVE, AGREED, rules.STEP_DONE),
    (AFTER, REFUSE, APPROVE, REJECTED, rules.STEP_REFUSED),  # who signs after can stop it
    (AFTER, APPROVE, REFUSE, REJECTED, rules.STEP_REFUSED),  # the holder's no needs nobody else
]


@pytest.mark.parametrize(("where", "added", "holder", "seat", "end"), ADDED)
def test_the_table_of_added_signers(where: str, added: str, holder: str, seat: str, end: str) -> None:
    review = panel("any", 1)
    place, owner = review.place("panel"), officer("member.1", "unit_panel")
    verbs.add_signer(review.case, place, owner, officer("signer", "unit_panel"), where)
    if where == BEFORE:
        assert review.seats("panel") == [HELD, OPEN]
        vote(review, 2, added)
        assert place.seat.status == OPEN
        vote(review, 1, holder)
    else:
        assert review.seats("panel") == [OPEN, WAITING]
        vote(review, 1, holder)
        if holder == APPROVE:
            assert review.seats("panel") == [HELD, OPEN]
            vote(review, 2, added)
    assert (place.seat.status, review.status("panel")) == (seat, end)


@pytest.mark.parametrize("method", ["all", "ratio", "sequence"])
@pytest.mark.parametrize(("where", "added", "holder", "seat", "end"), ADDED)
def test_the_table_of_added_signers_where_two_have_to_agree(
    method: str, where: str, added: str, holder: str, seat: str, end: str
) -> None:
    """The first seat's vote is made as in the table; only then, and if it agrees, is the second one's wanted."""
    review = panel(method, 2)
    place, owner = review.place("panel"), officer("member.1", "unit_panel")
    verbs.add_signer(review.case, place, owner, officer("signer", "unit_panel"), where)
    if where == BEFORE:
        vote(review, 3, added)
        vote(review, 1, holder)
    else:
        vote(review, 1, holder)
        if holder == APPROVE:
            assert review.status("panel") == rules.STEP_OPEN, "the holder's vote waits for who signs after"
            vote(review, 3, added)
    assert place.seat.status == seat
    if end == rules.STEP_REFUSED:
        assert review.status("panel") == end, "one no decides"
        return
    assert review.status("panel") == rules.STEP_OPEN
    if method == "sequence":
        verbs.claim(review.case, review.place("panel", 2), member(2))
    vote(review, 2, APPROVE)
    assert review.status("panel") == rules.STEP_DONE


def test_a_vote_that_is_taken_back_asks_again_for_opinions_that_it_had_cut_off() -> None:
    review = Review.of(step("panel", answer=voting("any", "officer"), consulted=["unit_law"]), step("other"))
    verbs.claim(review.case, review.place("panel"), member(1))
    vote(review, 1, APPROVE)
    assert review.seats("panel") == [AGREED, SKIPPED]
    verbs.recall(review.case, review.place("panel"), member(1))
    assert review.seats("panel") == [OPEN, OPEN]


def test_a_seat_that_waits_is_nobody_s_in_a_later_round() -> None:
    """Otherwise the first vote of a sequence could not be taken back in a later round."""
    review = Review.of(step("intake"), step("panel", after=["intake"], answer=voting("sequence", "officer", "officer")),
                       step("end", after=["panel"], return_to=["intake"]))  # fmt: skip
    for _ in range(2):
        for number in (1, 2):
            code = "intake" if number == 1 and review.status("intake") != rules.STEP_DONE else ""
            if code:
                who = officer("first", "unit_intake")
                if not review.place("intake").seat.officer:
                    verbs.claim(review.case, review.place("intake"), who)
                verbs.approve(review.case, review.place("intake"), who)
            if not review.place("panel", number).seat.officer:
                verbs.claim(review.case, review.place("panel", number), member(number))
            if number == 1:
                vote(review, 1, APPROVE)
                verbs.recall(review.case, review.place("panel"), member(1))
                assert review.seats("panel") == [OPEN, WAITING]
            vote(review, number, APPROVE)
        last = officer("last", "unit_end")
        if not review.place("end").seat.officer:
            verbs.claim(review.case, review.place("end"), last)
        verbs.return_to(review.case, review.place("end"), last, "intake")


@pytest.mark.parametrize("method", ["all", "ratio", "sequence"])
def test_a_held_vote_does_not_count_before_the_added_signer_has_agreed(method: str) -> None:
    review = panel(method, 2)
    verbs.add_signer(
        review.case, review.place("panel"), officer("member.1", "unit_panel"), officer("signer", "unit_panel"), AFTER
    )
    vote(review, 1, APPROVE)
    second = review.place("panel", 2).seat
    assert second.status == (WAITING if method == "sequence" else OPEN)
    vote(review, 3, APPROVE)
    if method == "sequence":
        verbs.claim(review.case, review.place("panel", 2), member(2))
    vote(review, 2, APPROVE)
    assert review.status("panel") == rules.STEP_DONE


def test_an_added_signer_adds_another_one() -> None:
    review = panel("any", 1)
    owner, signer = officer("member.1", "unit_panel"), officer("signer", "unit_panel")
    verbs.add_signer(review.case, review.place("panel"), owner, signer, AFTER)
    vote(review, 1, APPROVE)
    verbs.add_signer(review.case, review.place("panel", 2), signer, officer("third", "unit_panel"), AFTER)
    vote(review, 2, APPROVE)
    assert review.seats("panel") == [HELD, HELD, OPEN]
    vote(review, 3, APPROVE)
    assert review.seats("panel") == [AGREED, AGREED, AGREED] and review.status("panel") == rules.STEP_DONE


def test_who_is_removed_takes_those_whom_they_added_along() -> None:
    review = panel("any", 1)
    owner, signer = officer("member.1", "unit_panel"), officer("signer", "unit_panel")
    verbs.add_signer(review.case, review.place("panel"), owner, signer, BEFORE)
    verbs.add_signer(review.case, review.place("panel", 2), signer, officer("third", "unit_panel"), BEFORE)
    verbs.remove_signer(review.case, review.place("panel", 2), owner)
    assert review.seats("panel") == [OPEN, SKIPPED, SKIPPED]
    vote(review, 1, APPROVE)
    assert review.status("panel") == rules.STEP_DONE


def test_a_vote_that_is_taken_back_opens_what_it_had_cancelled() -> None:
    review = panel("any", 3)
    vote(review, 2, APPROVE)
    verbs.recall(review.case, review.place("panel", 2), officer("member.2", "unit_panel"))
    assert (review.seats("panel"), review.status("panel")) == ([OPEN, OPEN, OPEN], rules.STEP_OPEN)
    review = panel("sequence", 2)
    vote(review, 1, APPROVE)
    verbs.recall(review.case, review.place("panel"), officer("member.1", "unit_panel"))
    assert review.seats("panel") == [OPEN, WAITING]


def test_a_substitute_signs_for_one_and_not_for_two() -> None:
    """会签 of two persons: who stands in for one of them is not the other one."""
    review = panel("all", 2)
    stands_in = officer("member.2", "unit_panel", stands_in_for=("member.1",))
    with pytest.raises(Problem) as twice:
        verbs.approve(review.case, review.place("panel", 1), stands_in)
    assert twice.value.error is refusals.SEAT_TWICE
    third = officer("third", "unit_panel", stands_in_for=("member.1", "member.2"))
    verbs.approve(review.case, review.place("panel", 1), third)
    with pytest.raises(Problem) as again:
        verbs.approve(review.case, review.place("panel", 2), third)
    assert again.value.error is refusals.SEAT_TWICE
    vote(review, 2, APPROVE)
    assert review.status("panel") == rules.STEP_DONE


def test_the_last_vote_of_an_added_signer_waits_for_what_is_owed_too() -> None:
    review = Review.of(step("panel"))
    owner, signer = officer("member.1", "unit_panel"), officer("signer", "unit_panel")
    verbs.claim(review.case, review.place("panel"), owner)
    review.case.process.owed = [OwedMaterial(material="fire_chapter", days=5)]
    verbs.add_signer(review.case, review.place("panel"), owner, signer, AFTER)
    vote(review, 1, APPROVE)
    with pytest.raises(Problem) as waiting:
        vote(review, 2, APPROVE)
    assert waiting.value.error is refusals.OWED


def test_nobody_is_removed_while_the_clock_stands() -> None:
    review = panel("any", 1)
    owner, signer = officer("member.1", "unit_panel"), officer("signer", "unit_panel")
    verbs.add_signer(review.case, review.place("panel"), owner, signer, AFTER)
    vote(review, 1, APPROVE)
    paused = ProcedureRun(kind="hearing", document="1", step="panel", opened=MONDAY, until=MONDAY)
    review.case.process.procedures = [paused]
    with pytest.raises(Problem) as standing:
        verbs.remove_signer(review.case, review.place("panel", 2), owner)
    assert standing.value.error is refusals.CASE_PAUSED


def test_a_leaver_leaves_nothing_behind() -> None:
    """Held seats, those that wait for their turn, what a leaver was asked, and a signature that was wanted of them."""
    review = panel("sequence", 2)
    owner = officer("member.1", "unit_panel")
    verbs.delegate(review.case, review.place("panel"), owner, officer("leaver", "unit_panel"))
    verbs.give_back(review.case, "unit_panel", "leaver")
    assert (review.place("panel").seat.officer, review.place("panel").seat.delegate) == ("member.1", "")
    review.place("panel", 2).seat.officer = "leaver"
    verbs.give_back(review.case, "unit_panel", "leaver")
    assert review.place("panel", 2).seat.officer == ""
    verbs.add_signer(review.case, review.place("panel"), owner, officer("leaver", "unit_panel"), BEFORE)
    verbs.give_back(review.case, "unit_panel", "leaver")
    assert review.seats("panel")[0] == OPEN, "who asked for the signature goes on"
