"""Phone numbers in the one form in which they are stored."""

from __future__ import annotations

import pytest

from chalicelib.kernel import phones


@pytest.mark.parametrize(
    ("text", "country", "stored"),
    [
        ("13800001234", "86", "+8613800001234"),
        ("+8613800001234", "86", "+8613800001234"),
        ("8613800001234", "86", "+8613800001234"),
        ("0086 138 0000 1234", "86", "+8613800001234"),
        ("138-0000-1234", "86", "+8613800001234"),
        ("１３８００００１２３４", "86", "+8613800001234"),
        ("51234567", "852", "+85251234567"),
        ("+85251234567", "86", "+85251234567"),
        ("(415) 555-2671", "1", "+14155552671"),
    ],
)
def test_one_form_for_all_spellings(text: str, country: str, stored: str) -> None:
    assert phones.parse(text, country) == stored


@pytest.mark.parametrize("text", ["", "abc", "1234", "12800001234", "+861", "1" * 20, "+0123456789", "138000012345"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        phones.parse(text)


@pytest.mark.parametrize(
    ("stored", "shown"), [("+8613800001234", "13800001234"), ("+85251234567", "+85251234567"), ("", "")]
)
def test_people_see_it_as_they_write_it(stored: str, shown: str) -> None:
    assert phones.shown(stored) == shown
