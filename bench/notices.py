"""``make notices``: how soon people are told. Events at a steady rate against the whole stack on loopback.

Applications change; the event log, the messages and the simulated platforms follow in processes of their own. What is
measured is the time from the event to the platform's outbox, and whether anybody was told twice. A city's burst is
simulated besides. Results: ``bench/results/notices.json``.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import urllib3

from bench.__main__ import write_result
from bench.burst import burst
from chalicelib.applications.events import CORRECTION_REQUESTED
from chalicelib.identity.events import ACCOUNT_CREATED
from local import embedded, processes, pump
from local.environment import ROOT, Environment

PEOPLE = 200
RATE = 50.0
WITHIN_SECONDS = 10
MOST_WAIT_SECONDS = 90
EVENT = CORRECTION_REQUESTED.name
"""Urgent, so that quiet hours do not matter to the measurement."""


def measure(events: int, rate: float) -> dict[str, Any]:
    """``events`` events at ``rate`` a second, and what became of them."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as environment:
        from publishing import publication

        publication.publish_folder(ROOT / "city")
        started: list[subprocess.Popen[bytes]] = []
        try:
            start(environment, started)
            people = make_people(environment, PEOPLE)
            happened = happen(people, events, rate)
            return judged(happened, sent_within(environment, happened), rate)
        finally:
            for process in started:
                processes.stop(process)


def start(environment: Environment, started: list[subprocess.Popen[bytes]]) -> None:
    """The simulators and both parts of the pump, each in a process of its own."""
    settings = environment.settings() | {"BANSHI_DATA": str(environment.data)}
    settings |= {f"BANSHI_{name.upper()}_PORT": str(port) for name, port in vars(environment.ports).items()}
    for part in ("simulators", "pump", *pump.PARTS):
        processes.start(part, [sys.executable, "-m", "local.serve", part], environment, settings, started)
    url = f"http://127.0.0.1:{environment.ports.wechat}/_sim"
    processes.await_ready("simulators", started[0], url, environment)


def control(port: int, name: str, body: dict[str, Any]) -> Any:
    answer = urllib3.request("POST", f"http://127.0.0.1:{port}/_sim/{name}", body=json.dumps(body), retries=False)
    return answer.json()


def make_people(environment: Environment, count: int) -> list[str]:
    """Accounts by id: most on WeChat, some on Alipay, some to be reached by text message only."""
    from chalicelib.identity import store
    from chalicelib.kernel import ids
    from chalicelib.kernel.access import system
    from chalicelib.kernel.events import changes
    from chalicelib.kernel.events.changes import Event
    from chalicelib.kernel.storage import tables
    from chalicelib.notices import store as notices
    from local import simulators

    made = simulators.made(environment)
    ids_of = {"wechat": made.wechat.openid, "alipay": made.alipay.open_id}
    templates = {"wechat": f"wxt_{EVENT}", "alipay": f"ali_{EVENT}"}
    accounts = []
    for number in range(count):
        platform = "alipay" if number % 10 in (7, 8) else "wechat"
        account = store.AccountItem(f"ACCOUNT#{ids.new_id()}", level=4, platforms=[platform])
        account.phone = store.seal(account, "phone", f"138{number:08d}")
        login = store.LoginItem(f"LOGIN#{secrets.token_hex(16)}", account_id=account.id, platform=platform)
        login.platform_id = store.seal(login, "platform_id", ids_of[platform](f"bench-{number}"))
        key = str(login.pk).removeprefix("LOGIN#")
        account.logins = [key]
        tables.write(changes.record(account, Event(ACCOUNT_CREATED, system("bench"))))
        tables.write(tables.Put(login))
        if number % 10 != 9:
            consent = notices.new_consent(key, templates[platform])
            consent.long_term = True
            tables.write(tables.Put(consent))
            port = environment.ports.wechat if platform == "wechat" else environment.ports.alipay
            given = {"user": f"bench-{number}", "templates": [templates[platform]], "times": -1}
            control(port, "consents", given)
        accounts.append(account.id)
    return accounts


def happen(people: list[str], events: int, rate: float) -> dict[str, tuple[str, float]]:
    """Change applications at a steady rate: application to its receipt number and the moment (epoch seconds)."""
    from chalicelib.applications import store
    from chalicelib.kernel import ids
    from chalicelib.kernel.access import system
    from chalicelib.kernel.events import changes
    from chalicelib.kernel.events.changes import Event
    from chalicelib.kernel.storage import tables

    happened: dict[str, tuple[str, float]] = {}
    began = time.monotonic()
    for number in range(events):
        item = store.new_application(ids.new_id(), people[number % len(people)])
        item.service, item.service_version, item.applicant_kind = "tour_bus_sticker", 1, "person"
        item.status, item.correct_by = "correction", date(2030, 1, 2)
        tables.write(changes.record(item, Event(CORRECTION_REQUESTED, system("bench"))))
        happened[item.id] = (str(item.receipt), time.time())
        time.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
        if number % 100 == 0:
            print(f"\r  {number} of {events} events", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return happened


def sent_within(environment: Environment, happened: dict[str, tuple[str, float]]) -> dict[str, list[float]]:
    """The moments at which each event's messages were in an outbox, once all are or nothing more comes."""
    by_receipt = {receipt: application for application, (receipt, _) in happened.items()}
    until, sent = time.monotonic() + MOST_WAIT_SECONDS, dict[str, list[float]]()
    while time.monotonic() < until:
        sent = {application: [] for application in happened}
        for port in (environment.ports.wechat, environment.ports.alipay):
            for message in control(port, "outbox", {})["messages"]:
                application = message["page"].partition("id=")[2]
                sent.get(application, []).append(datetime.fromisoformat(message["at"]).timestamp())
        for message in control(environment.ports.sms, "outbox", {})["messages"]:
            receipt = next((word for word in by_receipt if word in message["text"]), "")
            sent.get(by_receipt.get(receipt, ""), []).append(datetime.fromisoformat(message["at"]).timestamp())
        if all(sent.values()):
            break
        time.sleep(3)
    return sent


def judged(happened: dict[str, tuple[str, float]], sent: dict[str, list[float]], rate: float) -> dict[str, Any]:
    """The keys that the goal is read by, and the times besides."""
    waits = [min(moments) - happened[application][1] for application, moments in sent.items() if moments]
    moments = [moment for _, moment in happened.values()]
    counts = Counter(len(found) for found in sent.values())
    return {
        "events": len(happened),
        "sent": len(waits),
        "duplicates": sum(number - 1 for number in map(len, sent.values()) if number > 1),
        "within_10_s": round(sum(wait <= WITHIN_SECONDS for wait in waits) / len(happened), 5),
        "events_per_s": round((len(moments) - 1) / (max(moments) - min(moments)), 1),
        "wanted_per_s": rate,
        "seconds_median": round(statistics.median(waits), 2),
        "seconds_p99": round(sorted(waits)[int(len(waits) * 0.99) - 1], 2),
        "not_told": counts[0],
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=RATE)
    given = parser.parse_args(arguments)
    result = measure(given.events, given.rate) | {"burst": burst()}
    write_result("notices", result)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
