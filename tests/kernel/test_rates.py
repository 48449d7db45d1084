"""Limits: many honest people behind one address are left alone, guessing is not."""

from __future__ import annotations

from scenes.world import World


def test_guessing_receipt_numbers_is_slowed_down(world: World) -> None:
    guesser = world.anonymous()
    answers = [guesser.get(f"/v1/progress?receipt=AAAA-BBBB-{number:02d}") for number in range(65)]
    assert [answer.status for answer in answers[:60]] == [404] * 60
    refused = answers[-1]
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 300


def test_right_receipt_numbers_are_never_counted(world: World) -> None:
    receipt = world.enterprise().apply()["receipt"]
    asking = world.anonymous()
    assert {asking.get(f"/v1/progress?receipt={receipt}").status for _ in range(40)} == {200}


def test_the_limit_ends_with_its_window(world: World) -> None:
    guesser = world.anonymous()
    for _ in range(61):
        answer = guesser.get("/v1/progress?receipt=AAAA")
    assert answer.status == 429
    world.pass_time(seconds=301)
    assert guesser.get("/v1/progress?receipt=AAAA").status == 404


def test_somebody_elses_guessing_does_not_lock_me_out(world: World) -> None:
    guesser = world.anonymous()
    for _ in range(61):
        guesser.get("/v1/progress?receipt=AAAA")
    assert world.anonymous().get("/v1/progress?receipt=AAAA").status == 404


def test_right_and_wrong_receipts_look_alike(world: World) -> None:
    asking = world.anonymous()
    wrong_check = asking.get("/v1/progress?receipt=K7M2-9QXA-40").json
    unknown = asking.get("/v1/progress?receipt=0000-0000-01").json
    assert set(wrong_check) == set(unknown) and wrong_check["code"] == unknown["code"] == "receipt_unknown"
