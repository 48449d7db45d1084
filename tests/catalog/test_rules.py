"""Finding a service in plain words, as tables of examples and properties: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog import rules


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("旅游包车", {"旅游", "游包", "包车"}),
        ("车", {"车"}),
        ("", set()),
        ("  \u3000 ", set()),
        ("Ab c", {"ab", "bc"}),
        ("ＡＢ", {"ab"}),
    ],
)
def test_words_are_compared_by_pairs_of_characters(text: str, pairs: set[str]) -> None:
    assert rules.pairs(text) == pairs


@pytest.mark.parametrize(
    ("wanted", "texts", "score"),
    [
        ("包车", [(4, ["旅游包车标贴"])], 4.0),
        ("我要给大巴办包车标贴", [(3, ["包车"])], 3.0),
        ("包车标", [(1, ["包车"])], 1.0),
        ("包车标", [(2, ["车标贴纸"])], 1.0),
        ("购房", [(4, ["旅游包车标贴"])], 0.0),
        ("包车", [(4, ["包车"]), (3, ["包车", "购房"]), (1, [])], 7.0),
        ("", [(4, ["包车"])], 0.0),
        ("包车", [], 0.0),
    ],
)
def test_the_better_match_counts(wanted: str, texts: list[tuple[int, list[str]]], score: float) -> None:
    assert rules.score(wanted, texts) == score


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_score_never_exceeds_the_weight(wanted: str, text: str) -> None:
    assert 0 <= rules.score(wanted, [(3, [text])]) <= 3
    if rules.pairs(wanted):
        assert rules.score(wanted, [(3, [wanted])]) == 3


@pytest.mark.parametrize(
    ("regions", "region", "serves"),
    [
        (["320100"], "320102", True),
        (["320102"], "320102", True),
        (["320102"], "320100", False),
        (["320000"], "320102", True),
        (["330100", "320100"], "320102", True),
        ([], "320102", False),
        (["310000"], "320102", False),
    ],
)
def test_a_division_above_serves_those_below(regions: list[str], region: str, serves: bool) -> None:
    assert rules.serves_region(regions, region) is serves
