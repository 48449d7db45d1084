"""A small ``make hostile``: a day of payments against platforms that lose, double, delay, forge and time out."""

from __future__ import annotations

from bench import hostile
from scenes.world import World


def test_a_hostile_day_ends_with_every_fen_in_its_place(world: World) -> None:
    found = hostile.play(world, orders=120, seed=9, told=lambda _: None)
    wrong = ("wrong_states", "double_credits", "unsettled_after_30_min", "differences_without_case", "forged_accepted")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["money_missing_fen"] == 0 < found["money_in_fen"]
    assert found["settled"] > 60 and found["suspense"] > 5 and found["refunded"] > 5 and found["forged_refused"] > 2
    assert found["notice_cpu_ms_p50"] < 50
