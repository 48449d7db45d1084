"""Every state machine: each edge moves for those who may and nobody else, and every state leads to an end."""

from __future__ import annotations

import pytest

from chalicelib import features
from chalicelib.applications import rules as applications
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.graph import Edge, Graph

GRAPHS = features.graphs()
EVERYBODY = sorted({who for graph in GRAPHS.values() for edge in graph.edges for who in edge.by})
EDGES = [
    pytest.param(graph, edge, id=f"{name}: {edge.start} {edge.action}")
    for name, graph in GRAPHS.items()
    for edge in graph.edges
]
STATES = [pytest.param(graph, state, id=f"{name}: {state}") for name, graph in GRAPHS.items() for state in graph.states]


@pytest.mark.parametrize(("graph", "edge"), EDGES)
def test_every_edge_moves_for_those_who_may_and_nobody_else(graph: Graph, edge: Edge) -> None:
    for who in EVERYBODY:
        if who in edge.by:
            assert graph.move(edge.start, edge.action, who) == edge.end
        else:
            with pytest.raises(Problem):
                graph.move(edge.start, edge.action, who)


@pytest.mark.parametrize(("graph", "state"), STATES)
def test_every_other_action_is_refused_in_every_state(graph: Graph, state: str) -> None:
    allowed = {edge.action for edge in graph.edges if edge.start == state}
    for action in {edge.action for edge in graph.edges} - allowed:
        for who in EVERYBODY:
            with pytest.raises(Problem) as refused:
                graph.move(state, action, who)
            assert refused.value.error is graph.wrong_state


@pytest.mark.parametrize(("graph", "state"), STATES)
def test_every_state_leads_to_an_end(graph: Graph, state: str) -> None:
    reached, waiting = {state}, [state]
    while waiting:
        here = waiting.pop()
        following = {edge.end for edge in graph.edges if edge.start == here} - reached
        reached |= following
        waiting += following
    assert reached & set(graph.final)


def test_an_application_ends_in_five_ways() -> None:
    assert set(applications.GRAPH.final) == {"not_accepted", "refused", "completed", "withdrawn", "discarded"}
