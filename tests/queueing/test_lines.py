"""Lines of numbers behave like lists of them, and a full hall's queue is small and quick to read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.queueing import lines, packing
from scenes.crowds import crowd

NUMBERS = st.builds(lines.printed, st.sampled_from("AB"), st.integers(1, 2000))


@given(st.lists(NUMBERS, unique=True, max_size=40), st.data())
def test_a_line_is_a_list(numbers: list[str], data: Any) -> None:
    line: lines.Line = []
    model: list[str] = []
    for number in numbers:
        place = data.draw(st.integers(0, len(model) + 2))
        if place > len(model):
            lines.append(line, number)
            model.append(number)
        else:
            lines.insert(line, place, number)
            model.insert(place, number)
    for number in data.draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else []:
        assert lines.index(line, number) == model.index(number)
        assert lines.remove(line, number)
        model.remove(number)
        assert lines.index(line, number) is None and not lines.remove(line, number)
    assert list(lines.numbers(line)) == model and lines.length(line) == len(model)


def test_ascending_numbers_are_one_stretch() -> None:
    line: lines.Line = []
    for value in (7, 9, 10, 265, 521):
        lines.append(line, lines.printed("A", value))
    assert line == [lines.Stretch("A", 7, bytes([2, 1, 255])), lines.Stretch("A", 521)]
    lines.remove(line, "A009")
    assert line[0] == lines.Stretch("A", 7, bytes([3, 255]))


def test_two_thousand_people_are_one_write_unit() -> None:
    state = packing.pack(crowd(2000))
    keys_and_other_attributes = 75
    assert len(state) + keys_and_other_attributes <= 1024
    assert packing.unpack(state) == crowd(2000)


def test_ten_thousand_people_are_four() -> None:
    queue = crowd(10_000)
    state = packing.pack(queue)
    assert len(state) <= 4000
    assert packing.unpack(state).everybody() == queue.everybody()
