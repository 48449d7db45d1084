"""Which edges of the state machines, and which kinds of events, the tests of a whole run have seen.

Each test process notes what its items do. At the end of a run of all tests the notes are put together, and what is
missing fails the run (``conftest.py``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib import features
from chalicelib.kernel.edge import api
from chalicelib.kernel.edge.endpoint import Answer, Authenticate, Endpoint, Request
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import changes, readings
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.graph import NEW, Edge, Graph
from tests.answers import Answers
from tools import openapi


@dataclass
class Walked:
    """Names of edges and of events."""

    edges: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    undeclared: set[str] = field(default_factory=set)
    """Errors that an endpoint has answered although its declaration does not name them."""
    answers: Answers = field(default_factory=Answers)

    def add(self, notes: dict[str, Any]) -> None:
        """Add what another process has noted."""
        self.edges |= set(notes["edges"])
        self.events |= set(notes["events"])
        self.undeclared |= set(notes["undeclared"])
        self.answers.faults |= set(notes["wrong_answers"])
        for operation, example in notes["examples"].items():
            self.answers.keep(operation, example)

    def notes(self) -> dict[str, Any]:
        return {
            "edges": sorted(self.edges),
            "events": sorted(self.events),
            "undeclared": sorted(self.undeclared),
            "wrong_answers": sorted(self.answers.faults),
            "examples": self.answers.examples,
        }

    def missing(self) -> list[str]:
        """What no test has seen, in words."""
        edges = {edge_name(graph, edge) for graph in features.graphs().values() for edge in graph.edges}
        found = [f"no test walks the edge {one}" for one in sorted(edges - self.edges)]
        found += [f"no test raises the event {name}" for name in sorted(set(features.events()) - self.events)]
        return found

    def faults(self) -> list[str]:
        """What is wrong after a run of all tests, in words."""
        undeclared = [f"not declared: {one}" for one in sorted(self.undeclared)]
        strange = self.events - set(features.events()) - {event.name for event in readings.EVENTS}
        undeclared += [f"not declared: the event {name}" for name in sorted(strange) if not name.startswith("test_")]
        wrong = [f"not what the contract says: {one}" for one in sorted(self.answers.faults)]
        return [*undeclared, *wrong, *self.missing()]


def edge_name(graph: Graph, edge: Edge) -> str:
    name = next(name for name, one in features.graphs().items() if one is graph)
    return f"{name}: {edge.start or 'new'} {edge.action} {'/'.join(edge.by)}"


def note() -> Walked:
    """Note from now on what items do in this process; a test's own stand-ins for items do not count."""
    seen = Walked()
    move = Graph.move
    record = changes.record

    def noted_move(graph: Graph, item: Any, action: str, by: str) -> EventType:
        before = item.status or NEW
        event = move(graph, item, action, by)
        if type(item).__module__.startswith("chalicelib."):
            seen.edges.add(edge_name(graph, graph.edge(before, action, by)))
        return event

    def noted_record(item: Any, *events: Event) -> Any:
        written = record(item, *events)
        seen.events |= {event.type.name for event in events}
        return written

    serve = api.serve  # type: ignore[attr-defined]

    def noted_serve(declared: Endpoint, request: Request, authenticate: Authenticate) -> Answer:
        answer = serve(declared, request, authenticate)
        if answer.content_type == "application/problem+json":
            code = json.loads(answer.body)["code"]
            if code not in {error.code for error in openapi.error_codes(declared)}:
                seen.undeclared.add(f"{declared.operation} answers {code}")
        else:
            seen.answers.look_at(declared, request, answer)
        return answer

    api.serve = noted_serve  # type: ignore[attr-defined]
    Graph.move = noted_move  # type: ignore[method-assign,assignment]
    changes.record = noted_record  # type: ignore[assignment]
    return seen
