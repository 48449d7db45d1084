"""Ports for installations of tests: free, and not among those that the system gives to outgoing connections."""

from __future__ import annotations

import socket

import pytest

from local import embedded


def test_a_port_that_is_in_use_is_not_given() -> None:
    first = embedded.free_ports(1)[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        # all of the range, twice, in small steps: this process has some of it in use besides
        given = [embedded.free_ports(1)[0] for _ in range(2 * embedded.RANGE_SIZE)]
    assert first not in given
    assert max(given) < 32_768


def test_when_all_are_in_use_that_is_said() -> None:
    with pytest.raises(OSError, match=r"no 61 ports are free from \d+ to \d+"):
        embedded.free_ports(embedded.RANGE_SIZE + 1)
