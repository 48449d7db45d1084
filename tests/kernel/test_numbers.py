"""Residents' ID numbers (GB 11643) and credit codes (GB 32100)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import numbers
from scenes.world import new_credit_code, new_id_number

TODAY = date(2026, 11, 2)


def test_the_standards_example_is_valid() -> None:
    """GB 11643-1999 gives 11010519491231002X as its example."""
    assert numbers.is_id_number("11010519491231002X", TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # wrong check character
        "11010519491331002X",  # month 13
        "11010520991231002X",  # born in the future
        "1101051949123100",  # too short
        "11010519491231002x",  # lower case: normalized before
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",  # digits of another script
        "",
    ],
)
def test_wrong_id_numbers_are_refused(text: str) -> None:
    assert not numbers.is_id_number(text, TODAY)


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_wrong_digit_of_an_id_number_is_noticed(place: int, change: int) -> None:
    number = new_id_number()
    digit = str((int(number[place]) + change) % 10)
    assert not numbers.is_id_number(number[:place] + digit + number[place + 1 :], TODAY)


def test_a_published_credit_code_is_valid() -> None:
    """The code of the State Administration that GB 32100's text has been quoted with."""
    assert numbers.is_credit_code("91350100M000100Y43")


@pytest.mark.parametrize("text", ["91350100M000100Y44", "9135O100M000100Y43", "91350100M000100Y4", ""])
def test_wrong_credit_codes_are_refused(text: str) -> None:
    assert not numbers.is_credit_code(text)


def test_numbers_are_normalized_as_typed() -> None:
    code = new_credit_code()
    assert numbers.normalized(f" {code[:9]} {code[9:]}".lower()) == code
