"""State machines as data: every allowed move stands in one table, which code, tests and documents read alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from chalicelib.kernel.errors import ErrorCode, Problem
from chalicelib.kernel.event_types import NOT_KEPT, EventType

NEW = ""
"""The state of what is not stored yet: edges from here say how a thing begins."""


class HasStatus(Protocol):
    """What a graph moves: an item that keeps its state in ``status``."""

    @property
    def status(self) -> str: ...

    @status.setter
    def status(self, value: str) -> None: ...


@dataclass(frozen=True)
class Edge:
    """One allowed move: by which action, from where to where, by whom, and which event it is in the event log.

    ``by``: in which part somebody acts (payer, clerk, two_scans: both sides of a hand-over, system ...). The use case
    says it; who may call, the endpoint's ``Access`` decides. No ``event``: nothing is kept of such things, or the move
    is stored together with another event.
    """

    action: str
    start: str
    end: str
    _: KW_ONLY
    by: tuple[str, ...]
    event: EventType = NOT_KEPT


@dataclass(frozen=True)
class Graph:
    """All edges of one kind of thing.

    ``wrong_state`` is the error of any other move; its texts have places ``{state_zh}`` and ``{state}``, filled from
    ``words`` (the states' Chinese names) and the state itself.
    """

    edges: tuple[Edge, ...]
    wrong_state: ErrorCode
    words: Mapping[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        """The states in the order in which the table names them, without ``NEW``."""
        named = dict.fromkeys(state for edge in self.edges for state in (edge.start, edge.end))
        return tuple(state for state in named if state != NEW)

    @property
    def final(self) -> tuple[str, ...]:
        """The states that nothing leads out of, unless one begins anew."""
        beginnings = {edge.action for edge in self.edges if edge.start == NEW}
        left = {edge.start for edge in self.edges if edge.action not in beginnings}
        return tuple(state for state in self.states if state not in left)

    def edge(self, state: str, action: str, by: str) -> Edge:
        """The edge for an action in a state; raises ``wrong_state`` if there is none."""
        for edge in self.edges:
            if edge.action == action and edge.start == state and by in edge.by:
                return edge
        raise self.refusal(state)

    def move(self, item: HasStatus, action: str, by: str) -> EventType:
        """Give an item its next state; returns the event that this is. Raises ``wrong_state``.

        Nothing else sets a status. An item without one is ``NEW``.
        """
        edge = self.edge(item.status or NEW, action, by)
        item.status = edge.end
        return edge.event

    def refusal(self, state: str) -> Problem:
        """The error that says that something cannot be done in this state."""
        return self.wrong_state(state=state, state_zh=self.words.get(state, ""))

    def mermaid(self) -> str:
        """The graph as a Mermaid state diagram, for the documents."""
        lines = ["stateDiagram-v2"]
        for edge in self.edges:
            start = edge.start or "[*]"
            lines.append(f"    {start} --> {edge.end}: {edge.action} ({', '.join(edge.by)})")
        for state in self.final:
            lines.append(f"    {state} --> [*]")
        return "\n".join(lines)
