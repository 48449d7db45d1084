"""Writes: an aggregate only with its events, one way to try again, one worker; and no query in a loop unnoticed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from chalicelib import features
from chalicelib.kernel.storage import tables
from chalicelib.payments.store import BillItem, EntryItem
from local.environment import ROOT, Environment

LIBRARY = ROOT / "chalicelib"
FILES = sorted(LIBRARY.rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(LIBRARY))


def test_an_aggregate_is_not_written_without_its_events() -> None:
    tables.Put(EntryItem("LEDGER#1", "x"))
    with pytest.raises(TypeError, match="BillItem is an aggregate"):
        tables.Put(BillItem("BILL#1"))
    with pytest.raises(TypeError, match="BillItem is an aggregate"):
        tables.Delete(BillItem("BILL#1"))
    for deed in (BillItem("BILL#1").save, BillItem("BILL#1").delete, BillItem("BILL#1").update):
        with pytest.raises(TypeError, match=r"write BillItem by tables\.write"):
            deed()
    with pytest.raises(TypeError, match="BillItem is an aggregate"):
        tables.update(BillItem, "BILL#1", "HEAD", [], tables.absent(BillItem))


def touches(text: str) -> list[str]:
    """Which attributes a text touches, as it names them."""
    tree = ast.parse(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    annotations = {id(node.returns) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called |= annotations
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Touch"):
            found.append(ast.unparse(node.args[1]))
        elif isinstance(node, ast.Attribute) and node.attr == "Touch" and id(node) not in called:
            found.append("under another name")
    return found


TOUCHED = {
    # what named a person who has closed the account: the account's own events say it
    "applications/service/erasure.py": "('delivery',)",
    "appointments/service/erasure.py": "('name', 'appeal')",
    "certificates/service/erasure.py": "('face',)",
    "delivery/service/erasure.py": "('content', 'proof')",
    "identity/service/closing.py": "('holder_name', 'principal_name')",
    "delivery/service/couriers.py": "('misses',)",  # wrong tries of a code
    "payments/service/bills.py": "('withheld',)",  # as it is: a condition of the transaction that issues
    "identity/service/disputes.py": "('account_id',)",  # where a login leads; the accounts' events say it
    "identity/service/members.py": "written",  # what an invited person sets; nothing is open before the event
    "identity/service/window.py": "('expires_at',)",  # a code is used up
    "identity/service/representation.py": "('checked_on',)",  # when a register was asked last
    "identity/service/security_keys.py": "('challenge', 'challenge_until')",  # what a key has to sign next
    "identity/service/sessions.py": "('current', 'previous', 'used_at')",  # a refresh; more below
    "kernel/storage/worker.py": "_SCHEDULE",
    "privacy/service/closing.py": "('done',)",  # how far a visit has come; its end is an event
    "payments/service/refunds.py": "('platform_id',)",  # the platform's number of a refund that is known already
}
"""What may be written of an aggregate without an event, because nobody would ask who did it."""


def test_what_is_written_without_an_event_is_listed() -> None:
    found: dict[str, set[str]] = {}
    for path in FILES:
        named = touches(path.read_text(encoding="utf-8"))
        if named and path != LIBRARY / "kernel" / "storage" / "tables.py":
            found[_name(path)] = set(named)
    assert set(found) == set(TOUCHED)
    for name, attributes in found.items():
        assert attributes <= {TOUCHED[name], "('recent_logins',)", "('partial',)"}


def test_the_law_of_touches_finds() -> None:
    assert touches("tables.Touch(item, ('amount',), condition)") == ["('amount',)"]
    assert touches("write = tables.Touch") == ["under another name"]
    assert touches("def f() -> tables.Touch: ...") == []


_RAW_WRITES = ("save", "put_item", "update_item", "delete_item", "batch_write", "transact_write_items")


def writes_past_the_log(text: str) -> list[str]:
    """Where a text makes the write of an aggregate by itself, or writes an item without any of our writes."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.endswith("RecordedPut"):
            faults.append(f"line {node.lineno}: {called}")
        if isinstance(node.func, ast.Attribute) and node.func.attr in _RAW_WRITES:
            faults.append(f"line {node.lineno}: {called}")
        if called.rpartition(".")[2] in ("TransactWrite", "_get_connection"):
            faults.append(f"line {node.lineno}: {called}")
    return faults


WRITING = {
    "kernel/events/changes.py",  # the one place that makes the write of an aggregate
    "kernel/storage/tables.py",  # the one place that talks to DynamoDB
    "certificates/pdf.py",  # saves a PDF
}


def test_only_the_log_makes_the_writes_of_aggregates() -> None:
    found = {_name(path) for path in FILES if writes_past_the_log(path.read_text(encoding="utf-8"))}
    assert found == WRITING


@pytest.mark.parametrize(
    "text",
    [
        "tables.RecordedPut(item)",
        "item.save()",
        "table.update_item('a', 'b')",
        "tables.connection().put_item('a')",
        "TransactWrite(connection=c).update(item)",
        "BillItem._get_connection().delete_item('a')",
    ],
)
def test_the_law_of_writes_finds(text: str) -> None:
    assert writes_past_the_log(text)


def loops_of_tries(text: str) -> list[int]:
    """The lines of loops that count tries, or go on for ever, and go on after a failed condition."""
    found = []
    for loop in ast.walk(ast.parse(text)):
        counts = isinstance(loop, ast.For) and ast.unparse(loop.iter).startswith("range(")
        if not counts and not isinstance(loop, ast.While):
            continue
        line = getattr(loop, "lineno", 0)
        for node in ast.walk(loop):
            if isinstance(node, ast.ExceptHandler) and node.type and "ConditionFailed" in ast.unparse(node.type):
                found.append(line)
            if isinstance(node, ast.withitem) and "suppress(tables.ConditionFailed" in ast.unparse(node):
                found.append(line)
    return found


TRYING_AGAIN = {
    "kernel/storage/optimistic.py",
    "catalog/releases.py",  # looks for the next free number, which is another write each time
    "appointments/service/waiting_list.py",  # follows a seat from one list to the other until it is in none
}


def test_trying_again_is_done_in_one_place() -> None:
    found = {_name(path) for path in FILES if loops_of_tries(path.read_text(encoding="utf-8"))}
    assert found == TRYING_AGAIN


def test_the_law_of_tries_finds() -> None:
    loop = "for _ in range(TRIES):\n    try:\n        go()\n    except {}:\n        continue"
    assert loops_of_tries(loop.format("tables.ConditionFailed"))
    assert loops_of_tries(loop.format("(tables.ConditionFailed, Problem)"))
    assert not loops_of_tries(loop.format("KeyError"))
    assert loops_of_tries("while True:\n    with suppress(tables.ConditionFailed):\n        go()")


def test_work_that_is_stuck_raises_an_alarm(environment: Environment) -> None:
    alarms = (ROOT / "infra" / "operations.yaml").read_text(encoding="utf-8")
    workers = [features.worker(feature.name) for feature in features.all_features() if feature.work]
    assert workers
    for worker in workers:
        assert f"MetricName: {worker.name}_work_stuck" in alarms


def querying_functions(text: str) -> set[str]:
    """The functions of a store's module that query a table, themselves or by another function of the module."""
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    found: set[str] = set()
    while True:
        more = {one.name for one in functions if any(_is_query(node, found) for node in ast.walk(one))} - found
        if not more:
            return found
        found |= more


def _is_query(node: ast.AST, functions: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return called in ("tables.query", "tables.query_each") or called.removeprefix("store.") in functions


def loops_around_queries(text: str, functions: set[str]) -> list[str]:
    """The functions of a text that query in a loop; ``functions``: those of the store that query."""
    found = []
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for loop in ast.walk(function):
            repeated: list[ast.AST] = []
            if isinstance(loop, ast.For | ast.While):
                repeated = list(loop.body)
            elif isinstance(loop, ast.ListComp | ast.SetComp | ast.GeneratorExp):
                repeated = [loop.elt, *loop.generators[1:]]
            elif isinstance(loop, ast.DictComp):
                repeated = [loop.key, loop.value]
            if any(_is_query(node, functions) for part in repeated for node in ast.walk(part)):
                found.append(function.name)
                break
    return found


QUERYING_IN_LOOPS = {
    "applications/service/jobs.py: _check_part": "a function, at night: all running cases, a page at a time",
    "applications/service/jobs.py: _check_queue": "a function, at night: the rows of one unit's queue",
    "applications/service/jobs.py: _walk": "a job: all running cases, a page at a time, which notes where it is",
    "applications/service/reminders.py: count_tasks": "a function, each morning: 2,000 rows of a unit at most",
    "applications/service/lapses.py: _lapse_day": "a schedule, not a request: the corrections of one day",
    "applications/service/lapses.py: remind_of_corrections": "a schedule, not a request: the corrections of a day",
    "appointments/service/conflicts.py: _of_group": "the days that can be booked, when a city publishes",
    "appointments/service/day.py: of_day": "the window groups of one hall, at night or for a supervisor",
    "appointments/store/slots.py: _occupancies": "pages of one month of one window group: some hundred slots",
    "certificates/store.py: noted_for_offline": "a schedule, not a request: what stands on a list for offline checks",
    "delivery/service/copies.py: addresses": "one query for each account that was merged into the person's",
    "delivery/service/statistics.py: of_day": "pages of one carrier's day, for a supervisor",
    "identity/service/mandates.py: all_of": "pages of one enterprise's mandates: at registration, for events",
    "identity/service/sessions.py: list_sessions": "one query for each account that was merged into the person's",
    "identity/service/sessions.py: sessions_of_person": "one query for each account that was merged into the person's",
    "notices/service/copies.py: preferences": "one query for each login of the person",
    "notices/service/erasure.py: erase_preferences": "a function's work: one query for each login of the person",
    "notices/service/inbox.py: mark_read": "one query for each account that was merged into the person's",
    "notices/service/inbox.py: unread_count": "one query for each account that was merged into the person's",
    "notices/store.py: collected_before": "pages of one day's messages of one person, for the digest",
    "payments/store.py: entries_of": "a schedule, not a request: the ledger of one day",
}
"""Where a query in a loop is meant, and why its cost is bounded."""


def _loops() -> set[str]:
    found = set()
    for feature in features.all_features():
        folder = LIBRARY / feature.name
        by_door: set[str] = set()
        for path in [folder / "store.py", *folder.glob("store/*.py")]:
            if path.exists():
                part = "" if path.stem in ("store", "__init__") else f"{path.stem}."
                own = querying_functions(path.read_text(encoding="utf-8"))
                by_door |= {f"{part}{name}" for name in own}
        for path in folder.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            functions = by_door if "store" not in path.relative_to(folder).parts[0] else querying_functions(text)
            for function in loops_around_queries(text, functions):
                found.add(f"{_name(path)}: {function}")
    return found


def test_no_query_stands_in_a_loop_unnoticed() -> None:
    assert _loops() == set(QUERYING_IN_LOOPS)


def test_the_law_of_queries_finds() -> None:
    assert loops_around_queries("def f():\n    while True:\n        tables.query(a)", set())
    both = querying_functions("def f():\n    return g()\ndef g():\n    return tables.query(a)\ndef h():\n    pass")
    assert both == {"f", "g"}
    assert loops_around_queries("def f():\n    return [store.of(one) for one in many]", {"of"})
    assert loops_around_queries("def f():\n    for one in many:\n        g(store.of(one))", {"of"})
    assert not loops_around_queries("def f():\n    for one in store.of(x):\n        g(one)", {"of"})
