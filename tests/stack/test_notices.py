"""How soon people are told: the whole stack in processes of their own, 50 events a second."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.burst import burst
from local.environment import ROOT

MEASURE = "import json; from bench import notices; print(json.dumps(notices.measure(events=750, rate=50.0)))"


def test_people_are_told_within_ten_seconds_and_once() -> None:
    """In a process of its own: the measured installation's settings are not those of the other tests."""
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["sent"] == result["events"] and result["duplicates"] == 0, result
    assert result["events_per_s"] >= 49 and result["within_10_s"] >= 0.99, result


def test_a_city_s_burst_is_told_within_ten_seconds_too() -> None:
    assert burst(rate=500, seconds=60)["within_10_s"] >= 0.99
