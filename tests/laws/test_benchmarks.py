"""What the benchmarks have measured is kept, says of which commit it is, and is not older than the code by long."""

from __future__ import annotations

import json
import subprocess
from datetime import date, timedelta
from typing import Any

import pytest

from bench import api, cycle, halls, rush
from bench.__main__ import MEASURED, RESULTS, budget_lines
from local.environment import ROOT

GRACE = timedelta(days=7)
"""A result may be so much older than the code: measuring takes half an hour, and each commit is green."""
NAMES = ("api", "cycle", "hostile", "journey", "notices", "rush", "simulation")
NOT_REACHED = {
    # PynamoDB and the check of a token's signature are more than that alone (docs/decisions/packaging.md)
    "warm_ratio_signed",
    # a ticket in a hall, the slowest of ten (the same)
    "cold_ratio",
    # one write unit for each message and entry of the log (docs/decisions/limits.md)
    "write units: confirmed booking",
    "write units: payment notification until the certificate",
    # servers, database and those who ask share two cores (docs/decisions/booking.md)
    "rush",
    # the registers' simulators are counted, a PDF is a third (docs/decisions/packaging.md)
    "cycle, in front",
}
"""Goals that are known to be missed, and no others."""


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def newest_change() -> date | None:
    """The day of the newest commit to the measured code; None in a copy without commits."""
    try:
        text = git("log", "-1", "--format=%cs", "--", *MEASURED)
    except subprocess.CalledProcessError:
        return None
    return date.fromisoformat(text) if text else None


def is_too_old(measured_at: str, changed: date) -> bool:
    return date.fromisoformat(measured_at) + GRACE < changed


@pytest.mark.parametrize("name", NAMES)
def test_a_result_says_of_which_commit_it_is_and_is_not_old(name: str) -> None:
    result = read(name)
    assert len(result["commit"].removesuffix("+")) == 40 and result["machine"]
    changed = newest_change()
    if changed is None:
        pytest.skip("a copy without commits")
    assert not is_too_old(result["measured_at"], changed), f"measure again: make bench, make cycle, make {name}"


def test_all_results_are_of_one_commit() -> None:
    assert len({read(name)["commit"] for name in NAMES}) == 1


def test_an_old_result_is_noticed() -> None:
    assert is_too_old("2026-11-01", date(2026, 11, 9)) and not is_too_old("2026-11-02", date(2026, 11, 9))


def test_the_goals_are_reached() -> None:
    rows = read("journey")["endpoints"]
    missed = {*api.missed(read("api")), *halls.missed(rows), *budget_lines(rows)[1]}
    if read("rush")["ratio_to_raw"] < rush.LEAST_OF_RAW:
        missed.add("rush")
    if read("cycle")["cases_a_second_of_a_core"] < cycle.LEAST_IN_FRONT:
        missed.add("cycle, in front")
    if read("cycle")["with_functions"] < cycle.LEAST_WITH_FUNCTIONS:
        missed.add("cycle, with functions")
    assert missed == NOT_REACHED


def test_a_goal_that_is_missed_is_found() -> None:
    too_large = {**read("api"), "peak_mb": 129}
    assert set(api.missed(too_large)) - set(api.missed(read("api"))) == {"peak_mb"}


def test_on_a_release_morning_nothing_is_lost() -> None:
    morning = read("rush")
    assert morning["confirmed"] == morning["places"]
    assert morning["oversold"] == morning["errors_5xx"] == morning["unanswered"] == 0
