"""A whole system for tests and measurements: database, keys, tables, buckets, in a folder of its own."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from local import processes, setup
from local.environment import Environment, Ports, check_format

FIRST_PORT = 20_000
RANGE_SIZE = 60
RANGES = 200
_turns = itertools.count()


def unused() -> Ports:
    """A whole installation's ports, all free now."""
    names = [field.name for field in fields(Ports)]
    return Ports(**dict(zip(names, free_ports(len(names)), strict=True)))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody uses now; raises ``OSError`` if this process has no more.

    They lie below those that the system gives to outgoing connections (from 32768), which could take one of them
    before it is bound. Each process takes from a range of its own, one after the other, so tests that run beside each
    other do not choose the same.
    """
    found: list[int] = []
    first = FIRST_PORT + os.getpid() % RANGES * RANGE_SIZE
    for _ in range(RANGE_SIZE):
        port = first + next(_turns) % RANGE_SIZE
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} ports are free from {first} to {first + RANGE_SIZE - 1}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as servers bind: a port whose last connection is still fading away counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
