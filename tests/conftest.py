"""Fixtures: one embedded city for each test process, and people who live in it.

Tests talk to the Lambda handler through the same gateway that ``make run`` uses, against the real
embedded database, key service and simulators. Every test makes people, enterprises and vehicles of its
own, so tests do not meet.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from local import processes, setup, simulators
from local.environment import Environment, Ports
from tests.world import World

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("long", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Database, key service and simulators, running."""
    data = tmp_path_factory.mktemp("data")
    (data / "logs").mkdir()
    made = Environment(data, Ports(*free_ports(6)))
    os.environ.update(made.settings())
    running = [processes.start_database(made), processes.start_aws(made)]
    try:
        setup.create_keys(made, lambda: None)
        setup.create_tables(made)
        setup.create_buckets(made)
        yield made
    finally:
        for process in running:
            processes.stop(process)


@pytest.fixture(scope="session")
def city(environment: Environment) -> World:
    """The demo city, published, with its simulators and staff."""
    from tools import publish

    started = simulators.start(environment)
    publish.publish_folder(Path(__file__).parent.parent / "city")
    setup.create_staff(environment)
    return World(environment, started)


@pytest.fixture
def world(city: World) -> Iterator[World]:
    """The city at a fixed moment: Monday 2 November 2026, 16:00 in Shanghai."""
    city.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    yield city
    city.reset()
