"""``make run``: starts everything, shows progress, prints where things are, ends what it started on Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import astuple, fields
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _leave(signal_number: int, frame: FrameType | None) -> None:
    """Nothing is started yet. An exception could meet an import at a place that only prints it and goes on."""
    os.write(1, b"stopped\n")
    os._exit(130)


def _end(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# On purpose, and before anything else is imported. A script that starts this in the background makes it ignore Ctrl-C
# (SIGINT), and Python keeps that unless it is told otherwise; and ``make run`` ignores it until here, so that no
# interrupt meets an interpreter that is only half started.
for _number in _SIGNALS:
    signal.signal(_number, _leave)

from local import environment as environments  # noqa: E402
from local import processes, pump, setup  # noqa: E402
from local.environment import STAFF, Environment  # noqa: E402

_running: list[subprocess.Popen[bytes]] = []


def start_all(environment: Environment) -> None:
    """Start and set up everything, in order."""
    for item, port in zip(fields(environment.ports), astuple(environment.ports), strict=True):
        processes.require_free(item.name, port)
    setup.timed("database", lambda: processes.start_database(environment, _running))
    setup.timed("keys and objects", lambda: processes.start_aws(environment, _running))
    setup.timed(
        "signing and encryption keys", lambda: setup.create_keys(environment, lambda: _restart_aws(environment))
    )
    setup.timed("tables", lambda: setup.create_tables(environment))
    setup.timed("bucket, queues, secret", lambda: _create_rest(environment))
    os.environ.update(environment.settings())
    setup.timed("catalogue of the demo city", _publish)
    setup.timed("demo staff", lambda: setup.create_staff(environment))
    setup.timed("simulators", lambda: _serve(environment, "simulators", environment.ports.departments, "/_sim"))
    setup.timed("event pump", lambda: [_start_part(environment, part) for part in ("pump", *pump.PARTS)])
    setup.timed("API", lambda: _serve(environment, "api", environment.ports.api, "/health"))


def _create_rest(environment: Environment) -> None:
    setup.create_buckets(environment)
    setup.create_queues(environment)
    setup.create_secret(environment)


def _restart_aws(environment: Environment) -> None:
    processes.stop(_running[-1])
    _running.pop()
    processes.start_aws(environment, _running)


def _publish() -> None:
    """The first start publishes the demo city; later on only ``make publish`` does."""
    from chalicelib.catalog import store
    from publishing import city_folder, publication

    if store.pointer() is None:
        try:
            publication.publish_folder(environments.ROOT / "city")
        except city_folder.Mistakes as mistakes:
            raise SystemExit(f"\ncity/ cannot be published:\n{mistakes}") from None


def _start_part(environment: Environment, part: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "local.serve", part]
    return processes.start(part, command, environment, environment.settings(), _running)


def _serve(environment: Environment, part: str, port: int, path: str) -> None:
    process = _start_part(environment, part)
    processes.await_ready(part, process, f"http://127.0.0.1:{port}{path}", environment)


def describe(environment: Environment) -> str:
    """Where everything is, and who can log in."""
    ports, staff = environment.ports, environment.staff()
    lines = [
        "",
        f"ready   API            http://127.0.0.1:{ports.api}   (contract: openapi.yaml)",
        f"        WeChat         http://127.0.0.1:{ports.wechat}   simulated, see docs/simulators.md",
        f"        Alipay         http://127.0.0.1:{ports.alipay}   simulated",
        f"        WeChat Pay     http://127.0.0.1:{ports.wechat_pay}   simulated",
        f"        departments    http://127.0.0.1:{ports.departments}   simulated",
        f"        receipts       http://127.0.0.1:{ports.fiscal}   simulated",
        f"        carrier        http://127.0.0.1:{ports.carrier}   simulated",
        f"        text messages  http://127.0.0.1:{ports.sms}   simulated",
        f"        data           {environment.data}   (logs in logs/)",
        "",
        "Citizens log in with codes from the simulators; `make demo` shows the whole journey.",
        "Staff log in with password and one-time code (`make staff-code USER=...`):",
        *(
            f"        {name:14} {staff[name]['password']:14} {unit}, {', '.join(roles)}"
            for name, _, unit, roles in STAFF
        ),
        "",
        "Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def stop_all() -> None:
    """End what was started, the last first; a second Ctrl-C does not interrupt this."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    while _running:
        processes.stop(_running[-1])
        _running.pop()


def main() -> int:
    environment = environments.default()
    print("Banshi 办事: starting", flush=True)
    try:
        for number in _SIGNALS:
            signal.signal(number, _end)
        start_all(environment)
        print(describe(environment), flush=True)
        while all(process.poll() is None for process in _running):
            time.sleep(0.5)
        ended = next(process for process in _running if process.poll() is not None)
        print(f"ended unexpectedly: {ended.args!r}; see {environment.data / 'logs'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
        return 0
    finally:
        stop_all()


if __name__ == "__main__":
    sys.exit(main())
