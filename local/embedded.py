"""A whole system for tests and measurements: database, keys, tables, buckets, in a folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from local import processes, setup
from local.environment import Environment, Ports, check_format


def unused() -> Ports:
    """A whole installation's ports, all free now."""
    names = [field.name for field in fields(Ports)]
    return Ports(**dict(zip(names, free_ports(len(names)), strict=True)))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def running(data: Path) -> Iterator[Environment]:
    """The embedded services on free ports, set up; this process gets their settings."""
    (data / "logs").mkdir()
    check_format(data)  # other processes of this installation look at it
    environment = Environment(data, unused())
    os.environ.update(environment.settings())
    started: list[subprocess.Popen[bytes]] = []
    try:
        processes.start_database(environment, started)
        processes.start_aws(environment, started)
        setup.create_keys(environment, lambda: None)
        setup.create_tables(environment)
        setup.create_buckets(environment)
        setup.create_queues(environment)
        setup.create_secret(environment)
        yield environment
    finally:
        for process in started:
            processes.stop(process)
