"""Blanks around text, of every kind that Unicode has."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import text

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def test_every_blank_of_unicode_is_one() -> None:
    everything = (chr(code) for code in range(sys.maxunicode + 1))
    separators = [one for one in everything if one.isspace() or unicodedata.category(one) in ("Zs", "Zl", "Zp")]
    assert set(separators) - set(text.BLANKS) == set()
    assert not [one for one in text.BLANKS if unicodedata.category(one) in ("Nd", "Lu", "Ll", "Po", "Sm")]


@pytest.mark.parametrize(
    ("value", "trimmed", "without"),
    [
        ("  张三\u3000", "张三", "张三"),
        ("\u200b\ufeff", "", ""),
        ("欧阳\u3000娜娜", "欧阳\u3000娜娜", "欧阳\u3000娜娜"),
        ({"a": " ", "b": 0}, {"a": "", "b": 0}, {"b": 0}),
        ({"a": ["x ", "\u00a0"]}, {"a": ["x", ""]}, {"a": ["x"]}),
        ({"a": {"b": "\t"}}, {"a": {"b": ""}}, {"a": {}}),
        (None, None, None),
        (["", False, 0], ["", False, 0], [False, 0]),
    ],
)
def test_examples(value: Any, trimmed: Any, without: Any) -> None:
    assert text.trimmed(value) == trimmed
    assert text.without_blanks(value) == without


@given(json_values)
def test_doing_it_twice_changes_nothing_more(value: Any) -> None:
    assert text.trimmed(text.trimmed(value)) == text.trimmed(value)
    assert text.without_blanks(text.without_blanks(value)) == text.without_blanks(value)


@given(st.text(), st.text(alphabet=text.BLANKS), st.text(alphabet=text.BLANKS))
def test_what_is_between_the_blanks_stays(inner: str, before: str, after: str) -> None:
    assert text.trimmed(before + inner + after) == text.trimmed(inner)
