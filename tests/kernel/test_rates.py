"""Limits: who is known has one; an address, which many honest people share, is only slowed down."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest

from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge import rates
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from scenes.world import World

RIGHTS = Limit(name="test", times=3, seconds=60)


def test_guessing_receipt_numbers_is_slowed_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("chalicelib.kernel.edge.rates.time.sleep", waits.append)
    receipt = world.enterprise().apply()["receipt"]
    guesser = world.anonymous()
    answers = []
    for number in range(65):
        # what a caller says of its own address is not believed
        headers = {"x-forwarded-for": f"10.1.1.{number}", "x-real-ip": f"10.1.1.{number}"}
        answers.append(guesser.get(f"/v1/progress?receipt=AAAA-BBBB-{number:02d}", headers=headers))
    assert [answer.status for answer in answers] == [404] * 65
    assert waits == [rates.WAIT_SECONDS] * 5
    assert guesser.get(f"/v1/progress?receipt={receipt}").status == 200, "who is right is neither refused nor late"
    assert world.anonymous().get("/v1/progress?receipt=AAAA").status == 404
    assert len(waits) == 5, "another address is not slowed down"
    world.pass_time(seconds=301)
    guesser.get("/v1/progress?receipt=AAAA")
    assert len(waits) == 5, "the count ends with its window"


def test_an_endpoint_for_anybody_refuses_no_address() -> None:
    with pytest.raises(ValueError, match="many people share an address"):
        endpoint("GET", "/v1/made_up", ANYONE, limit=RIGHTS)(lambda: None)


@pytest.mark.parametrize(
    "failure", [errors.PLATFORM_UNAVAILABLE(platform="wechat"), errors.UNAVAILABLE(), RuntimeError("ours")]
)
def test_our_own_failures_use_up_nobodys_tries(world: World, failure: Exception) -> None:
    for _ in range(5):
        with pytest.raises(type(failure)), RIGHTS.spent(str(failure)):
            raise failure
    for _ in range(3):
        with pytest.raises(errors.Problem), RIGHTS.spent(str(failure)):
            raise errors.NOT_FOUND()
    with pytest.raises(errors.Problem) as refused, RIGHTS.spent(str(failure)):
        pass
    assert refused.value.error is errors.TOO_MANY_REQUESTS
    assert 0 < (refused.value.retry_after or 0) <= 60


@pytest.fixture
def every_fourth(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one call in four is counted, it is the first of each four."""
    calls = itertools.count()
    monkeypatch.setattr(rates, "drawn", lambda one_in: one_in == 1 or next(calls) % one_in == 0)


@pytest.mark.usefixtures("every_fourth")
def test_who_begins_many_drafts_asks_registers_no_more(world: World) -> None:
    person = world.real_person()
    answers = [person.post("/v1/applications", {"service": "real_estate_registration"}).status for _ in range(31)]
    assert answers == [201] * 28 + [429] * 3, "28 were counted as 28, the next one counts for four"
    world.pass_time(minutes=11)
    person.renew()
    assert person.post("/v1/applications", {"service": "real_estate_registration"}).status == 201


@pytest.mark.usefixtures("every_fourth")
def test_a_form_is_saved_twice_in_ten_seconds_and_not_ten_times(world: World) -> None:
    person = world.real_person()
    draft = person.post("/v1/applications", {"service": "real_estate_registration"}).json["id"]
    answers = [person.put(f"/v1/applications/{draft}/form", {"form": {}}).status for _ in range(121)]
    assert answers == [200] * 120 + [429]


def test_a_limit_that_counts_one_call_in_four_holds_on_average(city: World) -> None:
    limit = Limit(name="one_in_four", times=200, seconds=600, one_in=4)
    passed = 0
    for _ in range(600):
        with suppress(errors.Problem), limit.spent("somebody"):
            passed += 1
    assert 80 < passed < 350


@pytest.mark.usefixtures("every_fourth")
def test_our_own_failure_gives_back_what_was_counted_for_it() -> None:
    limit = Limit(name="given_back", times=8, seconds=600, one_in=4)
    for _ in range(60):
        with suppress(ValueError), limit.spent("somebody"):
            raise ValueError
    with limit.spent("somebody"):
        is_let_through = True
    assert is_let_through


def test_each_guess_is_counted() -> None:
    with pytest.raises(ValueError, match="each one is counted"):
        Limit(name="guesses", times=5, seconds=60, failures_only=True, one_in=4)


def test_right_and_wrong_receipts_look_alike(world: World) -> None:
    asking = world.anonymous()
    wrong_check = asking.get("/v1/progress?receipt=K7M2-9QXA-40").json
    unknown = asking.get("/v1/progress?receipt=0000-0000-01").json
    assert set(wrong_check) == set(unknown) and wrong_check["code"] == unknown["code"] == "receipt_unknown"
