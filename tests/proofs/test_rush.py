"""``make rush``, small: the whole stack, more people than places."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from local.environment import ROOT

KEYS = {
    "places",
    "people",
    "confirmed",
    "refused_sold_out",
    "errors_5xx",
    "unanswered",
    "p50_ms",
    "p99_ms",
    "attempts_per_s",
    "ratio_to_raw",
    "write_units_per_booking",
}


def test_a_small_rush_books_every_place_once_and_answers_everybody(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bench.rush",
        "--people",
        "240",
        "--places",
        "40",
        "--rounds",
        "1",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads((tmp_path / "rush.json").read_text(encoding="utf-8"))
    assert set(result) >= KEYS
    assert (result["confirmed"], result["refused_sold_out"]) == (40, 200)
    assert result["oversold"] == result["errors_5xx"] == result["unanswered"] == 0
    assert result["write_units_per_booking"] <= 4
    assert (tmp_path / "rush.svg").read_text(encoding="utf-8").startswith("<svg")
