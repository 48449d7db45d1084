"""State machines as data: every allowed move stands in one table, which code, tests and documents read alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.kernel.errors import ErrorCode, Problem


@dataclass(frozen=True)
class Edge:
    """One allowed move: by which action, from where to where, by whom."""

    action: str
    start: str
    end: str
    by: tuple[str, ...]


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
        return tuple(dict.fromkeys(state for edge in self.edges for state in (edge.start, edge.end)))

    @property
    def final(self) -> tuple[str, ...]:
        """The states that nothing leads out of."""
        return tuple(state for state in self.states if all(edge.start != state for edge in self.edges))

    def move(self, state: str, action: str, by: str) -> str:
        """The state after an action; raises ``wrong_state`` unless there is such an edge."""
        for edge in self.edges:
            if edge.action == action and edge.start == state and by in edge.by:
                return edge.end
        raise self.refusal(state)

    def refusal(self, state: str) -> Problem:
        """The error that says that something cannot be done in this state."""
        return self.wrong_state(state=state, state_zh=self.words[state])

    def mermaid(self) -> str:
        """The graph as a Mermaid state diagram, for the documents."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.states[0]}"]
        lines += [f"    {edge.start} --> {edge.end}: {edge.action} ({', '.join(edge.by)})" for edge in self.edges]
        return "\n".join([*lines, *(f"    {state} --> [*]" for state in self.final)])
