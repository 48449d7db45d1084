"""Identifiers and the numbers that people read aloud."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import ids, numbers

BODIES = st.text(numbers.ALPHANUMERIC, min_size=1, max_size=30)


@given(BODIES)
def test_a_number_with_its_check_character_is_valid(body: str) -> None:
    assert numbers.has_valid_check(body + numbers.check_character(body))


@given(BODIES, st.data())
def test_any_single_wrong_character_is_noticed(body: str, data: st.DataObject) -> None:
    number = body + numbers.check_character(body)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([one for one in numbers.ALPHANUMERIC if one != number[place]]))
    assert not numbers.has_valid_check(number[:place] + wrong + number[place + 1 :])


def test_swapping_two_neighbours_is_nearly_always_noticed() -> None:
    """The standard's hybrid system misses a few swaps by design; more than 19 in 20 are noticed."""
    generator, noticed = random.Random(1), 0
    for _ in range(2000):
        body = "".join(generator.sample(numbers.ALPHANUMERIC, 9))
        number, at = body + numbers.check_character(body), generator.randrange(8)
        noticed += not numbers.has_valid_check(number[:at] + number[at + 1] + number[at] + number[at + 2 :])
    assert noticed > 1900


def test_the_iso_7064_example() -> None:
    """The ISO 7064 MOD 37,36 example of ISAN: A12425GABC1234002 has check character M."""
    assert numbers.check_character("A12425GABC1234002") == "M"


def test_receipt_numbers_are_short_grouped_and_checked() -> None:
    number = ids.new_receipt_number()
    assert len(number) == 14 and number[4] == number[9] == "-"
    assert numbers.has_valid_check(number.replace("-", ""))


def test_letters_that_look_like_digits_are_read_as_typed() -> None:
    number = ids.readable("0000011111").replace("-", "")
    typed = number[:-1].replace("0", "o").replace("1", "l") + number[-1]
    assert ids.normalized(typed) == number


def test_ids_sort_by_time_and_differ() -> None:
    made = [ids.new_id() for _ in range(100)]
    assert len(set(made)) == 100 and all(len(one) == 26 for one in made)


def test_a_derived_id_depends_on_every_part() -> None:
    assert ids.derived_id("a", "bc") != ids.derived_id("ab", "c")
    assert ids.derived_id("a", "bc") == ids.derived_id("a", "bc")
