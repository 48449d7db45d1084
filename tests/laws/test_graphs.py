"""State machines and events: each edge moves for those who may, nothing else sets a status, each event has words."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

import pytest

from chalicelib import features
from chalicelib.applications import rules as applications
from chalicelib.delivery import rules as delivery
from chalicelib.kernel.access import system
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.event_types import NOT_KEPT, EventType
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.payments import rules as payments
from chalicelib.payments.store import BillItem
from local.environment import ROOT
from tests import walked

LIBRARY = ROOT / "chalicelib"
GRAPHS = features.graphs()
EVENTS = features.events()
EVERYBODY = sorted({who for graph in GRAPHS.values() for edge in graph.edges for who in edge.by})
EDGES = [
    pytest.param(graph, edge, id=f"{name}: {edge.start or 'new'} {edge.action}")
    for name, graph in GRAPHS.items()
    for edge in graph.edges
]
STATES = [pytest.param(graph, state, id=f"{name}: {state}") for name, graph in GRAPHS.items() for state in graph.states]


@dataclass
class Thing:
    """Something that has a status."""

    status: str


@pytest.mark.parametrize(("graph", "edge"), EDGES)
def test_every_edge_moves_for_those_who_may_and_nobody_else(graph: Graph, edge: Edge) -> None:
    allowed = {who for one in graph.edges if (one.start, one.action) == (edge.start, edge.action) for who in one.by}
    for who in EVERYBODY:
        thing = Thing(edge.start)
        if who in edge.by:
            assert graph.move(thing, edge.action, who) is edge.event
            assert thing.status == edge.end
        elif who not in allowed:
            with pytest.raises(Problem):
                graph.move(thing, edge.action, who)
            assert thing.status == edge.start


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_no_move_has_two_edges(graph: Graph) -> None:
    moves = [(edge.start, edge.action, who) for edge in graph.edges for who in edge.by]
    assert len(moves) == len(set(moves))


@pytest.mark.parametrize(("graph", "state"), STATES)
def test_every_other_action_is_refused_in_every_state(graph: Graph, state: str) -> None:
    allowed = {edge.action for edge in graph.edges if edge.start == state}
    for action in {edge.action for edge in graph.edges} - allowed:
        for who in EVERYBODY:
            with pytest.raises(Problem) as refused:
                graph.move(Thing(state), action, who)
            assert refused.value.error is graph.wrong_state


@pytest.mark.parametrize(("graph", "state"), STATES)
def test_every_state_begins_somewhere_has_words_and_leads_to_an_end(graph: Graph, state: str) -> None:
    assert re.search("[一-鿿]", graph.words[state])
    assert state in _reached(graph, NEW)
    assert _reached(graph, state) & set(graph.final)


def _reached(graph: Graph, state: str) -> set[str]:
    reached = {state}
    waiting = [state]
    while waiting:
        here = waiting.pop()
        following = {edge.end for edge in graph.edges if edge.start == here} - reached
        reached |= following
        waiting += following
    return reached


@pytest.mark.parametrize(
    ("table", "graph"),
    [
        (delivery.CONSEQUENCES, delivery.SHIPMENTS),
        (payments.REFUND_WAITS, payments.REFUNDS),
        (payments.SUSPENSE_LISTS, payments.SUSPENSE),
    ],
    ids=["parcel", "refund", "suspense"],
)
def test_what_follows_is_said_of_every_state(table: dict[str, object], graph: Graph) -> None:
    assert set(table) == set(graph.states)


def test_an_application_ends_in_seven_ways() -> None:
    # A completed one can still be revoked, where it rests on a promise.
    ends = {"not_accepted", "refused", "withdrawn", "discarded", "terminated", "revoked"}
    assert set(applications.GRAPH.final) == ends


def faults_of_statuses(text: str) -> list[str]:
    """Where a text sets a status by itself, instead of by a graph's move."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.comprehension | ast.NamedExpr):
            targets = [node.target]
        for target in targets:
            parts = ast.walk(target)
            by_name = "attribute_values['status']" in ast.unparse(target)
            if by_name or any(isinstance(part, ast.Attribute) and part.attr == "status" for part in parts):
                faults.append(f"line {target.lineno}: sets a status")
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.endswith("Item") and any(keyword.arg == "status" for keyword in node.keywords):
            faults.append(f"line {node.lineno}: begins with a status")
        if called.endswith("status.set") or (called.endswith("Touch") and "'status'" in ast.unparse(node)):
            faults.append(f"line {node.lineno}: writes a status past the graph")
        if called == "setattr":
            faults.append(f"line {node.lineno}: sets an attribute by its name, which may be a status")
        if called.endswith("attribute_values.update"):
            faults.append(f"line {node.lineno}: sets attributes past their types")
    return faults


def test_only_a_move_sets_a_status() -> None:
    found = {}
    for path in LIBRARY.rglob("*.py"):
        faults = faults_of_statuses(path.read_text(encoding="utf-8"))
        if faults and path not in (LIBRARY / "kernel" / "graph.py", LIBRARY / "kernel" / "storage" / "tables.py"):
            found[str(path.relative_to(LIBRARY))] = faults
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "item.status = 'done'",
        "item.status, item.note = 'done', ''",
        "store.item().status += 'x'",
        "CaseItem('CASE#1', status='open')",
        "store.CaseItem('CASE#1', status='open')",
        "setattr(item, 'status', 'done')",
        "setattr(item, name, 'done')",
        "item.attribute_values.update(status='done')",
        "for item.status in ('done',):\n    pass",
        "tables.Touch(item, ('status',), condition)",
        "tables.update(CaseItem, pk, sk, [CaseItem.status.set('done')], condition)",
        "item.attribute_values['status'] = 'done'",
    ],
)
def test_the_law_of_statuses_finds(text: str) -> None:
    assert faults_of_statuses(text)


def faults_of_events(declared: dict[str, EventType], constants: dict[str, EventType]) -> list[str]:
    """What is wrong with kinds of events: their words, or the names of the constants that hold them."""
    faults = []
    for constant, event in constants.items():
        if constant != event.name.upper():
            faults.append(f"{constant} holds {event.name}")
        if declared.get(event.name) is not event:
            faults.append(f"{event.name} is declared twice")
    for event in declared.values():
        if not re.search("[一-鿿]", event.zh):
            faults.append(f"{event.name} has no Chinese words")
        if not re.search("[A-Za-z]{2}", event.en) or re.search("[一-鿿]", event.en):
            faults.append(f"{event.name} has no English words")
    return faults


def _constants() -> dict[str, EventType]:
    found = {}
    for feature in features.all_features():
        if feature.events:
            for name, value in vars(feature.load(feature.events)).items():
                if isinstance(value, EventType):
                    found[name] = value
    return found


def test_every_event_is_declared_once_and_has_words() -> None:
    assert faults_of_events(EVENTS, _constants()) == []


def test_the_law_of_events_finds() -> None:
    good = EventType("parcel_lost", zh="已遗失", en="Lost")
    assert faults_of_events({"parcel_lost": good}, {"PARCEL_LOST": good}) == []
    assert faults_of_events({"parcel_lost": good}, {"LOST": good})
    assert faults_of_events({"parcel_lost": EventType("parcel_lost", zh="已丢失", en="Lost")}, {"PARCEL_LOST": good})
    assert faults_of_events({"parcel_lost": EventType("parcel_lost", zh="lost", en="Lost")}, {})
    assert faults_of_events({"parcel_lost": EventType("parcel_lost", zh="已遗失", en="已遗失")}, {})


def test_every_edge_of_what_is_kept_names_a_declared_event() -> None:
    for name, graph in GRAPHS.items():
        for edge in graph.edges:
            is_declared = EVENTS.get(edge.event.name) is edge.event
            assert is_declared or edge.event is NOT_KEPT, f"{name}: {edge.action}"
    kept = {name for name, graph in GRAPHS.items() if any(edge.event is not NOT_KEPT for edge in graph.edges)}
    assert set(GRAPHS) - kept == {"browser login", "message", "task"}


def test_what_no_test_has_walked_or_raised_is_found() -> None:
    seen = walked.Walked()
    assert seen.missing()
    seen.edges = {walked.edge_name(graph, edge) for graph in GRAPHS.values() for edge in graph.edges}
    seen.events = set(EVENTS)
    assert seen.missing() == []
    seen.events.remove("shipment_lost")
    assert seen.missing() == ["no test raises the event shipment_lost"]


def test_the_event_log_takes_no_move_of_what_is_not_kept() -> None:
    with pytest.raises(ValueError, match="NOT_KEPT"):
        changes.record(BillItem("BILL#1"), Event(NOT_KEPT, system("test")))
