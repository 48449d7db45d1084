"""Blanks around text, of every kind that Unicode has."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import blanks

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def test_every_blank_of_unicode_is_one() -> None:
    everything = (chr(code) for code in range(sys.maxunicode + 1))
    separators = [one for one in everything if one.isspace() or unicodedata.category(one) in ("Zs", "Zl", "Zp")]
    assert set(separators) - set(blanks.BLANKS) == set()
    assert not [one for one in blanks.BLANKS if unicodedata.category(one) in ("Nd", "Lu", "Ll", "Po", "Sm")]


@pytest.mark.parametrize(
    ("value", "trimmed", "without"),
    [
        ("  张三\u3000", "张三", "张三"),
        ("\u200b\ufeff", "", ""),
        ("\u200b\ufe0f", "", ""),
        ("\U000e0020\u17b4\u180b", "", ""),
        ("葛\U000e0100", "葛\U000e0100", "葛\U000e0100"),
        ("欧阳\u3000娜娜", "欧阳\u3000娜娜", "欧阳\u3000娜娜"),
        ({"a": " ", "b": 0}, {"a": "", "b": 0}, {"b": 0}),
        ({"a": ["x ", "\u00a0"]}, {"a": ["x", ""]}, {"a": ["x"]}),
        ({"a": {"b": "\t"}}, {"a": {"b": ""}}, {"a": {}}),
        (None, None, None),
        (["", False, 0], ["", False, 0], [False, 0]),
    ],
)
def test_examples(value: Any, trimmed: Any, without: Any) -> None:
    assert blanks.trim_texts(value) == trimmed
    assert blanks.trim_and_drop_empty(value) == without


@given(json_values)
def test_doing_it_twice_changes_nothing_more(value: Any) -> None:
    assert blanks.trim_texts(blanks.trim_texts(value)) == blanks.trim_texts(value)
    assert blanks.trim_and_drop_empty(blanks.trim_and_drop_empty(value)) == blanks.trim_and_drop_empty(value)


@given(st.text(), st.text(alphabet=blanks.BLANKS), st.text(alphabet=blanks.BLANKS))
def test_what_is_between_the_blanks_stays(inner: str, before: str, after: str) -> None:
    assert blanks.trim_texts(before + inner + after) == blanks.trim_texts(inner)
