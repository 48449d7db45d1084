"""Starting, awaiting and ending the embedded services. Ends only what it started."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

from local.environment import ROOT, Environment

READY_SECONDS = 30
STOP_SECONDS = 10


class StartFailed(SystemExit):
    """Something could not be started; the message says what to do."""


def require_free(name: str, port: int) -> None:
    """Stop with one clear line when somebody else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise StartFailed(
                f"port {port} is in use: end what uses it, "
                f"or choose another with BANSHI_{name.upper()}_PORT={port + 1000}"
            ) from None


def database_program() -> Path:
    """The embedded database's program, installed by npm for this platform."""
    system = {"linux": "linux", "darwin": "darwin", "win32": "win32"}[sys.platform]
    machine = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
    program = ROOT / "node_modules" / "@dynoxide" / f"{system}-{machine}" / "dynoxide"
    if not program.exists():
        raise StartFailed("the embedded database is not installed: run `make install` (it needs npm)")
    return program


def start(
    name: str,
    command: list[str],
    environment: Environment,
    settings: dict[str, str],
    running: list[subprocess.Popen[bytes]],
) -> subprocess.Popen[bytes]:
    """Start a service in its own session with its output in ``logs/<name>.log``; ``running`` knows it at once.

    On Linux it ends with the process that started it, even if that one is killed.
    """
    with (environment.data / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    running.append(process)
    return process


def _end_with_parent() -> None:
    """In the child: ask the kernel to end it when its parent is gone (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start_database(environment: Environment, running: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    port = environment.ports.database
    command = [
        str(database_program()),
        "serve",
        "--port",
        str(port),
        "--db-path",
        str(environment.data / "database.sqlite"),
    ]
    process = start("database", command, environment, {}, running)
    await_ready("database", process, f"http://127.0.0.1:{port}/", environment)
    _index_stream_records(environment.data / "database.sqlite")
    return process


def _index_stream_records(database: Path) -> None:
    """Give the emulator's stream records an index: it looks for a table's newest one at each write, and without an
    index reads all records of a day for it (2 ms more for each write after some thousands)."""
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(
            "CREATE INDEX IF NOT EXISTS banshi_stream_records"
            " ON _stream_records (table_name, CAST(sequence_number AS INTEGER))"
        )


def start_aws(
    environment: Environment, running: list[subprocess.Popen[bytes]], services: str = "kms,s3,secretsmanager,sqs"
) -> subprocess.Popen[bytes]:
    """MiniStack with keys and objects kept in the data folder; ``services`` may be ``all``."""
    port, data = environment.ports.aws, environment.data
    program = Path(sys.executable).with_name("ministack")
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "SERVICES": "" if services == "all" else services,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data / "aws"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data / "objects"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    process = start("aws", [str(program)], environment, settings, running)
    await_ready("aws", process, f"http://127.0.0.1:{port}/_ministack/health", environment)
    return process


def await_ready(name: str, process: subprocess.Popen[bytes], url: str, environment: Environment) -> None:
    """Wait until the service answers HTTP; one clear line when it ends or stays silent."""
    log = environment.data / "logs" / f"{name}.log"
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartFailed(f"{name} ended at once ({_last_line(log)}); see {log}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    stop(process)
    raise StartFailed(f"{name} did not answer within {READY_SECONDS} s; see {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "no output"


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process that we started to end, and insist after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
