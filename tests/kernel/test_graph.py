"""State machines in general: which states there are, which end, what is refused, how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chalicelib.kernel.errors import REGISTRY, ErrorCode, Problem
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.graph import NEW, Edge, Graph

OPENED = EventType("door_opened", zh="已打开", en="Opened")
CLOSED = EventType("door_closed", zh="已关闭", en="Closed")
WRONG = ErrorCode("door_wrong_state", 409, zh="门“{state_zh}”", en="The door is “{state}”")
del REGISTRY["door_wrong_state"]
DOOR = Graph(
    (
        Edge("build", NEW, "shut", by=("builder",), event=CLOSED),
        Edge("open", "shut", "open", by=("owner", "guest"), event=OPENED),
        Edge("close", "open", "shut", by=("owner",), event=CLOSED),
        Edge("wall_up", "shut", "gone", by=("builder",)),
        Edge("build", "gone", "shut", by=("builder",), event=CLOSED),
    ),
    WRONG,
    {"shut": "关着", "open": "开着"},
)


@dataclass
class Door:
    """Something that has a status."""

    status: str = ""


def test_states_are_named_in_their_order() -> None:
    assert DOOR.states == ("shut", "open", "gone")
    assert DOOR.final == ("gone",), "nothing leads out of it but a new beginning"


def test_a_move_sets_the_status_and_says_what_happened() -> None:
    door = Door()
    assert DOOR.move(door, "build", "builder") is CLOSED and door.status == "shut"
    assert DOOR.move(door, "open", "guest") is OPENED and door.status == "open"
    assert DOOR.move(door, "close", "owner") is CLOSED


@pytest.mark.parametrize(
    ("state", "action", "by"), [("open", "close", "guest"), ("open", "open", "owner"), ("shut", "knock", "owner")]
)
def test_any_other_move_is_refused_with_the_states_words(state: str, action: str, by: str) -> None:
    door = Door(state)
    with pytest.raises(Problem) as refused:
        DOOR.move(door, action, by)
    assert refused.value.error is WRONG and door.status == state
    assert refused.value.zh == f"门“{DOOR.words[state]}”" and refused.value.en == f"The door is “{state}”"


def test_a_state_without_words_is_refused_too() -> None:
    assert DOOR.refusal("gone").zh == "门“”"


def test_the_drawing_begins_and_ends() -> None:
    lines = DOOR.mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert lines[1] == "    [*] --> shut: build (builder)"
    assert lines[2] == "    shut --> open: open (owner, guest)"
    assert lines[-1] == "    gone --> [*]" and len(lines) == 7
