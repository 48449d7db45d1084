"""Fixtures: one embedded city for each test process, and people who live in it.

Tests talk to the Lambda handler through the same gateway that ``make run`` uses, against the real
embedded database, key service and simulators. Every test makes people, enterprises and vehicles of its
own, so tests do not meet.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from chalicelib.kernel import aws
from chalicelib.kernel.edge import rates
from chalicelib.kernel.wire import addresses
from local import embedded, setup, simulators
from local.embedded import free_ports
from local.environment import Environment
from scenes import policies
from scenes.world import World
from tests import browsing, walked
from tests.cities import alter
from tests.interleaving import Interleaved, interleaving

__all__ = ["alter"]

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("long", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


SEEN = walked.note()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of the run hands its notes over; the main one looks for what nobody has seen."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["walked"] = SEEN.notes()
        return
    wanted = os.environ.get("BANSHI_EXAMPLES")
    if wanted:
        shown = dict(sorted(SEEN.answers.examples.items()))
        Path(wanted).write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    every_test = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS and not session.config.option.keyword
    if every_test and session.testsfailed == 0 and SEEN.faults():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)  # there are no nodes when tests run in one process
def pytest_testnodedown(node: Any) -> None:
    """A process of the run has ended: take its notes."""
    notes = getattr(node, "workeroutput", {}).get("walked")
    if notes is not None:
        SEEN.add(notes)


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    every_test = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    if every_test:
        for line in SEEN.faults():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Database, key service and buckets, running."""
    with embedded.running(tmp_path_factory.mktemp("data")) as environment:
        yield environment
        for service in addresses.SERVICES:
            aws.client(service).close()


@pytest.fixture(scope="session")
def city(environment: Environment) -> World:
    """The demo city, published, with its simulators and staff."""
    from publishing import publication

    policies.enforce()
    started = simulators.start(environment)
    publication.publish_folder(Path(__file__).parent.parent / "city")
    setup.create_staff(environment)
    return World(environment, started)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser."""
    with browsing.launched() as found:
        yield found


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """The API over HTTP, on this machine."""
    port = free_ports(1)[0]
    server = world.serve(port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def interleaved(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Interleaved]:
    """Runs works with their database calls interleaved by a seed."""
    with interleaving(monkeypatch) as run:
        yield run


_tests = itertools.count()


@pytest.fixture
def world(city: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The city at a fixed moment: Monday 2 November 2026, 16:00 in Shanghai."""
    # Tests have couriers, officers and minutes in common: what one of them uses up of a limit is not the next one's.
    number = next(_tests)
    key_of = rates._key
    monkeypatch.setattr(rates, "_key", lambda limit, who: key_of(limit, f"{number}/{who}"))
    # Where only one call in some is counted, none is: which one would be drawn, and no test would run twice alike.
    monkeypatch.setattr(rates, "drawn", lambda one_in: one_in == 1)
    city.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    yield city
    city.reset()
