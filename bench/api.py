"""What the API's packages cost: a cold start against the floor, warm requests against bare boto3, and a peer.

The floor of a cold start is the interpreter, a botocore client of DynamoDB and one call. The bare handler
makes exactly the calls that ours makes, by boto3, and nothing else. Only this process's CPU is counted.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from cryptography.hazmat.primitives import serialization

from chalicelib.kernel import aws
from chalicelib.kernel.security import signing
from chalicelib.kernel.settings import settings
from infra import package
from local.environment import ROOT
from local.gateway import Context, Gateway
from scenes.world import Client, World

COLD_REPEATS = 11
WARM_ROUNDS, WARM_REPEATS = 7, 60
Event = dict[str, Any]


def measure(world: World) -> dict[str, Any]:
    """All figures of ``api.json`` but the endpoints' units."""
    built = package.build(package.this_architecture())
    sizes = {one["name"]: one["unzipped_mb"] for one in json.loads((built / "sizes.json").read_text(encoding="utf-8"))}
    events = _events(world)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for artefact in package.ARTEFACTS:
            with zipfile.ZipFile(built / f"{artefact.name}.zip") as packed:
                packed.extractall(folder / artefact.name)
        cold = _cold(folder, events["progress by receipt"])
        peak = _peak([str(folder / "api")], _API + _EVERYTHING, events["progress by receipt"])
    peer_peak = _peak([sysconfig.get_path("purelib"), str(ROOT)], _PEER, events["progress by receipt"])
    warm = _warm(world, events)
    floor = cold["floor"]
    return {
        "cold_ratio": round(cold["api"] / floor, 2),
        "warm_ratio": round(statistics.mean(row["ratio"] for row in warm), 2),
        "peak_mb": peak,
        "peer_cold_ratio": round(cold["peer"] / floor, 2),
        "peer_warm_ratio": round(statistics.mean(row["peer_ratio"] for row in warm), 2),
        "peer_peak_mb": peer_peak,
        "package_mb": sizes["api"],
        "printing_cold_ratio": round(cold["printing"] / floor, 2),
        "printing_package_mb": sizes["printing"],
        "cold_ms": {name: round(spent, 1) for name, spent in cold.items()},
        "warm": warm,
    }


def describe(measured: dict[str, Any]) -> str:
    """The figures beside their goals."""
    rows = [
        ("cold start, ratio to the floor", measured["cold_ratio"], "1.6", measured["peer_cold_ratio"]),
        ("warm request, ratio to bare boto3", measured["warm_ratio"], "1.5", measured["peer_warm_ratio"]),
        ("peak memory, MB", measured["peak_mb"], "128", measured["peer_peak_mb"]),
        ("API package, MB", measured["package_mb"], "60", ""),
    ]
    lines = [f"{'':<36}{'ours':>8}{'goal':>8}{'peer':>8}"]
    lines += [f"{name:<36}{ours:>8}{goal:>8}{peer:>8}" for name, ours, goal, peer in rows]
    lines += [f"  {row['name']:<34}{row['ratio']:>8}{'':>8}{row['peer_ratio']:>8}" for row in measured["warm"]]
    return "\n".join(lines)


def _events(world: World) -> dict[str, Event]:
    """Requests as API Gateway hands them to a function."""
    enterprise = world.enterprise()
    applied = enterprise.apply()
    world.pump()
    caught: list[Event] = []

    def catch(event: Event, context: Any) -> Event:
        caught.append(event)
        return {"statusCode": 200, "body": ""}

    from app import app

    def of(client: Client, path: str) -> Event:
        headers = {"accept": "*/*", "authorization": f"Bearer {client.token}", "acting-for": client.acting_for}
        sent = {name: value for name, value in headers.items() if value and value != "Bearer "}
        Gateway(catch, app.routes).handle("GET", path, sent, b"", "127.0.0.1")
        return caught[-1]

    return {
        "progress by receipt": of(world.anonymous(), f"/v1/progress?receipt={applied['receipt']}"),
        "list applications": of(enterprise.client, "/v1/applications"),
        "read me": of(enterprise.representative, "/v1/me"),
    }


# Cold: fresh processes

_FLOOR = (
    "import botocore.session; c = botocore.session.get_session().create_client('dynamodb');"
    "c.get_item(TableName=event['table'], Key={'pk': {'S': 'x'}, 'sk': {'S': 'x'}})"
)
_CALL = "context = type('Context', (), {'aws_request_id': 'x'})(); assert handler(event, context)['statusCode'] < 500"
_API = f"from app import app as handler; {_CALL}"
_PRINTING = f"from functions.print_certificate import handler; {_CALL}"
_PEER = f"from bench.peer import handler; {_CALL}"
_EVERYTHING = "; import msgspec, jwt, jsonschema_rs, zen, pyotp, jinja2"
_PEAK = "; print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"


def _cold(folder: Path, event: Event) -> dict[str, float]:
    """Median CPU milliseconds of a fresh process with its first request; all take turns."""
    libraries = sysconfig.get_path("purelib")
    ticket = {**event, "resource": "/v1/prints/{ticket}", "pathParameters": {"ticket": "x"}}
    ticket["requestContext"] = {**event["requestContext"], "resourcePath": "/v1/prints/{ticket}"}
    programs: dict[str, Callable[[], float]] = {
        "floor": lambda: _run([libraries], _FLOOR, {"table": f"{settings().table_prefix}kernel"})[0],
        "api": lambda: _run([str(folder / "api")], _API, event)[0],
        "printing": lambda: _run([str(folder / "printing")], _PRINTING, ticket)[0],
        "peer": lambda: _run([libraries, str(ROOT)], _PEER, event)[0],
    }
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(COLD_REPEATS):
        for name, program in programs.items():
            spent[name].append(program())
    return {name: statistics.median(values) for name, values in spent.items()}


def _peak(paths: list[str], program: str, event: Event) -> float:
    """Most megabytes that a process held; ours with all loaded that is otherwise loaded on first use."""
    return round(float(_run(paths, program + _PEAK, event)[1].split()[-1]) / 1024, 1)


def _run(paths: list[str], program: str, event: Event) -> tuple[float, str]:
    """CPU milliseconds and output of a fresh interpreter that sees nothing but ``paths``."""
    prepared = (
        f"import sys, json; sys.path[:0] = {paths!r}; event = json.loads({json.dumps(json.dumps(event))}); {program}"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", prepared], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000, done.stdout


# Warm: this process


def _warm(world: World, events: dict[str, Event]) -> list[dict[str, Any]]:
    from app import app
    from bench import peer

    for kid, key in settings().token_keys.items():
        peer.PUBLIC_KEYS[kid] = serialization.load_der_public_key(signing.public_key_der(key))
    rows = []
    for name, event in events.items():
        bare = _bare(app, event)
        handlers: dict[str, Callable[[Event, Any], Any]] = {"ours": app, "bare": bare, "peer": peer.handler}
        spent: dict[str, list[float]] = {which: [] for which in handlers}
        for _ in range(WARM_ROUNDS):
            for which, handler in handlers.items():
                spent[which].append(_cpu_of(handler, event))
        median = {which: statistics.median(values) for which, values in spent.items()}
        rows.append(
            {
                "name": name,
                "cpu_ms": round(median["ours"], 2),
                "ratio": round(median["ours"] / median["bare"], 2),
                "peer_ratio": round(median["peer"] / median["bare"], 2),
            }
        )
    return rows


def _cpu_of(handler: Callable[[Event, Any], Any], event: Event) -> float:
    """Milliseconds of CPU per request, other threads of this process's handler included."""
    begun = time.process_time()
    for _ in range(WARM_REPEATS):
        answer = handler({**event}, Context())
        assert answer["statusCode"] == 200, answer
    return (time.process_time() - begun) / WARM_REPEATS * 1000


def _bare(app: Callable[[Event, Any], Any], event: Event) -> Callable[[Event, Any], Event]:
    """A handler that makes the same database calls by boto3 and answers as many bytes."""
    client, calls = aws.client("dynamodb"), []
    send = client._make_api_call

    def note(operation: str, parameters: dict[str, Any]) -> Any:
        calls.append((operation, parameters))
        return send(operation, parameters)

    app({**event}, Context())
    client._make_api_call = note
    answer = app({**event}, Context())
    client._make_api_call = send
    bare = boto3.client("dynamodb")
    methods = {"GetItem": bare.get_item, "Query": bare.query, "UpdateItem": bare.update_item, "PutItem": bare.put_item}
    body = json.loads(answer["body"])

    def handler(event: Event, context: Any) -> Event:
        for operation, parameters in calls:
            methods[operation](**parameters)
        return {"statusCode": 200, "headers": answer["headers"], "body": json.dumps(body)}

    return handler
